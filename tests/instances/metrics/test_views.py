"""The graphs' addresses: who may read them, what they give, and what they cost."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from instances.metrics.topics import metrics_group
from instances.models import Instance
from portal.accounts.models import User
from portal.core.errors import PortalError


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


def get(client: Client, user: User | None, name: str, instance: Instance, **query: str) -> "tuple[int, str]":
    if user is not None:
        client.force_login(user)
    response = client.get(reverse(f"metrics:{name}", args=[instance.pk]), query)
    return response.status_code, response.content.decode()


@pytest.mark.parametrize("name", ["series", "graphs", "alerts"])
class TestWhoMaySee:
    def test_members_and_operators(
        self, client: Client, instance: Instance, member: User, colleague: User, operator: User, name: str
    ) -> None:
        for user in (member, colleague, operator):
            assert get(client, user, name, instance)[0] == 200

    def test_strangers_and_former_members_find_nothing(
        self,
        client: Client,
        instance: Instance,
        stranger: User,
        former_member: User,
        newcomer: User,
        name: str,
    ) -> None:
        for user in (stranger, former_member, newcomer):
            assert get(client, user, name, instance)[0] == 404

    def test_someone_not_signed_in_sees_nothing(self, client: Client, instance: Instance, name: str) -> None:
        status, text = get(client, None, name, instance)
        assert status in (302, 401, 404)
        assert str(instance.name) not in text

    def test_a_machine_that_never_was(self, client: Client, member: User, name: str) -> None:
        client.force_login(member)
        assert client.get(reverse(f"metrics:{name}", args=[uuid4()])).status_code == 404

    def test_they_only_read(self, client: Client, instance: Instance, member: User, name: str) -> None:
        client.force_login(member)
        assert client.post(reverse(f"metrics:{name}", args=[instance.pk])).status_code == 405


class TestTopic:
    def test_members_may_watch(self, instance: Instance, colleague: User) -> None:
        assert metrics_group(colleague, str(instance.pk)) == f"metrics.{instance.pk}"

    def test_strangers_may_not(self, instance: Instance, stranger: User) -> None:
        with pytest.raises(PortalError):
            metrics_group(stranger, str(instance.pk))

    @pytest.mark.parametrize("key", ["", "x", "../x"])
    def test_nor_is_anything_else_a_topic(self, instance: Instance, colleague: User, key: str) -> None:
        with pytest.raises(PortalError):
            metrics_group(colleague, key)


class TestSeries:
    @pytest.mark.parametrize("name", ["30m", "1h", "24h", "7d"])
    def test_each_range_has_its_span(
        self, client: Client, instance: Instance, member: User, measured: Callable[..., None], name: str
    ) -> None:
        measured(timedelta(minutes=5), 60)
        status, text = get(client, member, "series", instance, range=name)
        found = json.loads(text)
        assert status == 200 and found["range"] == name
        span = {"30m": 1800, "1h": 3600, "24h": 86400, "7d": 604800}[name]
        assert found["to"] - found["from"] == span * 1000
        assert found["samples"]["cpu"] and set(found["samples"]["cpu"]) == {10.0}

    def test_without_a_range_it_is_the_half_hour(
        self, client: Client, instance: Instance, member: User
    ) -> None:
        assert json.loads(get(client, member, "series", instance)[1])["range"] == "30m"

    @pytest.mark.parametrize("name", ["", "1y", "30M", "<script>"])
    def test_another_range_is_refused_in_words(
        self, client: Client, instance: Instance, member: User, name: str
    ) -> None:
        status, text = get(client, member, "series", instance, range=name)
        assert status == 422
        assert "<script>" not in text

    def test_half_an_hour_at_five_seconds_is_small(
        self, client: Client, instance: Instance, member: User, measured: Callable[..., None]
    ) -> None:
        measured(
            timedelta(minutes=30), 360, gpus=[{"util": 5.0, "mem": 6.0}] * 2, net_in=123456.0, net_out=9.0
        )
        assert len(get(client, member, "series", instance)[1]) < 40_000

    def test_the_number_of_queries_does_not_grow_with_the_samples(
        self,
        client: Client,
        instance: Instance,
        member: User,
        measured: Callable[..., None],
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        measured(timedelta(days=6), 500, every=900, resolution=900)
        measured(timedelta(hours=20), 1100, every=60, resolution=60)
        measured(timedelta(minutes=30), 300)
        client.force_login(member)
        for name in ("30m", "1h", "24h", "7d"):
            with django_assert_max_num_queries(12):
                client.get(reverse("metrics:series", args=[instance.pk]), {"range": name})


class TestGraphs:
    def test_the_page_reads_without_script(
        self, client: Client, instance: Instance, member: User, measured: Callable[..., None]
    ) -> None:
        measured(
            timedelta(minutes=1), 12, cpu=42.0, gpus=[{"util": 77.0, "mem": 1.0}, {"util": None, "mem": None}]
        )
        _, text = get(client, member, "graphs", instance)
        assert "<html" in text and 'data-topics="metrics:' in text
        assert "CPU 42 %" in text and "GPU 0 77 %" in text and "GPU 1 not measured" in text
        assert text.count("<td>") >= 12

    def test_htmx_gets_the_part_with_the_history_inside(
        self, client: Client, instance: Instance, member: User, measured: Callable[..., None]
    ) -> None:
        measured(timedelta(minutes=1), 12, cpu=42.0)
        client.force_login(member)
        response = client.get(reverse("metrics:graphs", args=[instance.pk]), headers={"HX-Request": "true"})
        text = response.content.decode()
        assert "<html" not in text
        inside = text.split('<script id="graph-series" type="application/json">')[1].split("</script>")[0]
        assert json.loads(inside)["samples"]["cpu"] == [42.0] * 12

    def test_a_machine_that_has_not_reported_says_so(
        self, client: Client, instance: Instance, member: User
    ) -> None:
        _, text = get(client, member, "graphs", instance)
        assert "No measurements in the last 30 minutes" in text

    def test_a_hostile_name_is_only_text(self, client: Client, instance: Instance, member: User) -> None:
        Instance.objects.filter(pk=instance.pk).update(name='</script><script>alert(1)</script>"')
        _, text = get(client, member, "graphs", instance)
        assert "<script>alert" not in text

    def test_alerts_are_said_and_go_away(
        self, client: Client, instance: Instance, member: User, measured: Callable[..., None]
    ) -> None:
        assert "note-" not in get(client, member, "alerts", instance)[1]
        measured(timedelta(seconds=10), 1, disk=97.0)
        _, text = get(client, member, "alerts", instance)
        assert "note-danger" in text and "97 % full" in text
        measured(timedelta(seconds=5), 1, disk=50.0)
        assert "note-" not in get(client, member, "alerts", instance)[1]
