"""What a card shows: numbers in the units shown, and where they ask for attention."""

from collections.abc import Collection
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from allocations import hooks
from allocations.access import allocations_of
from allocations.cards import Card, cards
from allocations.models import Allocation
from portal.accounts.models import User
from tests.cast import join, make_allocation, make_grant, make_user

pytestmark = pytest.mark.django_db


def card(allocation: Allocation) -> Card:
    return cards([allocation])[0]


def test_resources_come_in_a_fixed_order_without_storage_and_the_unknown(allocation: Allocation) -> None:
    for resource in ("lm", "storage", "other"):
        make_grant(allocation, resource)
    assert [line.label for line in card(allocation).resources] == ["CPU", "GPU", "Large memory"]


@pytest.mark.parametrize(
    ("used", "tone"), [(0, ""), (79, ""), (80, "warn"), (94, "warn"), (95, "bad"), (150, "bad")]
)
def test_a_resource_asks_for_attention_as_it_is_used_up(db: None, used: int, tone: str) -> None:
    allocation = make_allocation()
    make_grant(allocation, awarded=100, used=used)
    assert card(allocation).resources[0].tone == tone


def test_a_pace_that_runs_out_asks_for_attention_whatever_is_left(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    allocation = make_allocation()
    make_grant(allocation, awarded=100_000, used=0)
    monkeypatch.setattr(hooks, "burn_sources", [lambda ids: {pk: {"cpu": Decimal(1000)} for pk in ids}])
    (line,) = card(allocation).resources
    assert line.tone == "warn"
    assert line.burn == 1000
    assert line.forecast.runs_out_at is not None


@pytest.mark.parametrize(
    ("days", "left", "tone"),
    [(300, 301, ""), (30, 31, ""), (29, 30, "warn"), (7, 8, "warn"), (6, 7, "bad"), (-4, 0, "bad")],
)
def test_the_days_left_are_those_of_the_grant_that_ends_last(
    db: None, days: int, left: int, tone: str
) -> None:
    allocation = make_allocation()
    today = timezone.now().date()
    make_grant(allocation, "cpu", ends_on=today + timedelta(days=days))
    make_grant(allocation, "gpu", ends_on=today - timedelta(days=5))
    found = card(allocation)
    assert (found.days_left, found.tone) == (left, tone)


def test_without_grants_no_end_is_made_up(db: None) -> None:
    found = card(make_allocation())
    assert (found.ends_on, found.days_left, found.tone, list(found.resources)) == (None, None, "", [])


def test_memory_is_in_gigabytes_and_what_was_not_told_is_left_out(db: None) -> None:
    quota = {"ram_mb": {"used": 1536, "limit": 599_040}, "cores": {"used": 150, "limit": 150}}
    lines = {line.label: line for line in card(make_allocation(quota=quota)).quotas}
    assert set(lines) == {"RAM", "Cores"}
    assert (lines["RAM"].used, lines["RAM"].limit, lines["RAM"].unit) == (2, 585, "GB")
    assert (lines["Cores"].share, lines["Cores"].tone) == (100, "bad")


@pytest.mark.parametrize("limit", [None, 0])
def test_no_limit_and_nothing_allowed_are_told_apart(db: None, limit: int | None) -> None:
    (line,) = card(make_allocation(quota={"instances": {"used": 3, "limit": limit}})).quotas
    assert (line.limit, line.share) == (limit, 0)


def test_the_viewer_is_told_their_role(allocation: Allocation, reader: User, pi: User) -> None:
    (of_reader,) = cards(list(allocations_of(reader)))
    (of_pi,) = cards(list(allocations_of(pi)))
    assert (of_reader.role, of_reader.may_launch) == ("Reader", False)
    assert (of_pi.role, of_pi.may_launch) == ("PI", True)


def test_no_cards_no_questions(
    db: None, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "burn_sources", [])
    with django_assert_num_queries(0):
        assert cards([]) == []


def test_what_several_sources_say_adds_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "burn_sources", [])

    def machines(ids: Collection[int]) -> dict[int, dict[str, Decimal]]:
        return {1: {"cpu": Decimal(2)}, 2: {"gpu": Decimal(5)}}

    def volumes(ids: Collection[int]) -> dict[int, dict[str, Decimal]]:
        return {1: {"cpu": Decimal("0.5"), "storage": Decimal(1)}}

    for source in (machines, volumes, machines):
        hooks.burn_source(source)
    assert hooks.burn([1, 2]) == {1: {"cpu": Decimal("2.5"), "storage": Decimal(1)}, 2: {"gpu": Decimal(5)}}


@pytest.mark.parametrize("model", ["allocation", "grant", "membership", "ledgerentry"])
def test_operators_look_at_it_in_the_admin_and_change_nothing(
    client: Any, operator: User, allocation: Allocation, member: User, model: str
) -> None:
    User.objects.filter(pk=operator.pk).update(is_staff=True)
    client.force_login(operator, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(f"/admin/allocations/{model}/").status_code == 200
    assert client.get(f"/admin/allocations/{model}/add/").status_code == 403
    if model == "allocation":
        page = f"/admin/allocations/allocation/{allocation.pk}/change/"
        assert client.get(page).status_code == 200
        assert client.post(page, {"title": "Mine"}).status_code == 403


def test_people_who_are_no_operators_do_not_reach_the_admin(client: Any, pi: User) -> None:
    client.force_login(pi, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/admin/allocations/allocation/").status_code == 302


def test_a_card_of_each_of_my_allocations_in_their_order(db: None) -> None:
    user = make_user("ann")
    for name in ("TRA000002", "BIO000001"):
        join(user, make_allocation(name))
    names = [found.allocation.project_name for found in cards(list(allocations_of(user)))]
    assert names == ["BIO000001", "TRA000002"]
