"""Limits on machines, through the services, and machines whose time ends."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from allocations.budgets import hooks, watch
from allocations.budgets.models import Limits, Shelving
from allocations.models import Allocation
from instances import services
from instances.specs import LaunchRequest
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.notices.models import Notice
from portal.operations.models import Operation
from tests.allocations.budgets.rows import group, limits
from tests.instances.rows import machine, offer


@pytest.fixture
def catalogue(allocation: Allocation) -> Allocation:
    offer(allocation)
    return allocation


def launch(allocation: Allocation, by: User, flavor_id: str = "2", count: int = 1) -> Operation:
    asked = LaunchRequest(name="lab", image_id="ubuntu-new", flavor_id=flavor_id, address="none", count=count)
    return services.launch(allocation=allocation, by=by, request=asked)[0]


def refusal(function: Any) -> PortalError:
    with pytest.raises(PortalError) as caught:
        function()
    return caught.value


@pytest.mark.parametrize(
    ("fields", "too_much", "id", "says"),
    [
        (
            {"max_vcpus": 2},
            "4",
            "budgets:vcpus",
            "m3.quad has 4 vCPUs; the limits of members without their own allow 2",
        ),
        ({"max_ram_gb": 6}, "4", "budgets:ram", "m3.quad has 15 GB of RAM"),
        ({"flavor_groups": ["cpu"]}, "20", "budgets:flavor-group", "allow: General purpose"),
        ({"max_gpus": 0}, "20", "budgets:gpus", "hold 0 GPUs and this needs 1"),
    ],
)
def test_a_size_over_the_limit_is_refused_and_one_within_is_not(
    catalogue: Allocation, member: User, fields: dict[str, Any], too_much: str, id: str, says: str
) -> None:
    limits(catalogue, **fields)
    found = refusal(lambda: launch(catalogue, member, too_much))
    assert found.id == id and says in found.problem.what
    launch(catalogue, member, "2")


def test_machines_are_counted_shelved_ones_too(catalogue: Allocation, member: User, colleague: User) -> None:
    limits(catalogue, max_machines=2)
    machine(catalogue, colleague)
    machine(catalogue, member, status="SHELVED_OFFLOADED")
    assert refusal(lambda: launch(catalogue, member, count=2)).id == "budgets:machines"
    launch(catalogue, member)
    found = refusal(lambda: launch(catalogue, member))
    assert "2 machines of yours are there" in found.problem.what


def test_gpus_are_counted_while_they_are_held(catalogue: Allocation, member: User) -> None:
    limits(catalogue, max_gpus=1)
    first = machine(catalogue, member, flavor_name="g3.medium", vcpus=8, gpus=1, status="SHELVED_OFFLOADED")
    second = machine(catalogue, member, flavor_name="g3.medium", vcpus=8, gpus=1, status="SHUTOFF")
    found = refusal(lambda: services.act(instance=first, by=member, action="unshelve"))
    assert found.id == "budgets:gpus"
    services.act(instance=second, by=member, action="start")  # it holds its own already


def test_a_resize_to_what_may_not_be_had_is_refused(catalogue: Allocation, member: User) -> None:
    limits(catalogue, max_vcpus=2)
    lab = machine(catalogue, member)
    found = refusal(lambda: services.act(instance=lab, by=member, action="resize", params={"flavor_id": "4"}))
    assert found.id == "budgets:vcpus"


def test_what_is_there_may_be_started_though_it_is_larger_than_the_limit(
    catalogue: Allocation, member: User
) -> None:
    limits(catalogue, max_vcpus=1)
    services.act(instance=machine(catalogue, member, status="SHUTOFF"), by=member, action="start")


def test_limits_on_a_person_replace_the_default(catalogue: Allocation, member: User, colleague: User) -> None:
    limits(catalogue, max_vcpus=1)
    limits(catalogue, member, max_vcpus=8)
    launch(catalogue, member, "4")
    assert refusal(lambda: launch(catalogue, colleague)).id == "budgets:vcpus"


def test_limits_on_a_group_replace_the_default_for_its_people(
    catalogue: Allocation, member: User, colleague: User
) -> None:
    limits(catalogue, max_vcpus=1)
    limits(catalogue, group(catalogue, "postdocs", member), max_vcpus=8)
    launch(catalogue, member, "4")
    assert refusal(lambda: launch(catalogue, colleague)).id == "budgets:vcpus"


def test_who_manages_is_bound_only_by_limits_set_on_them(catalogue: Allocation, pi: User) -> None:
    limits(catalogue, max_vcpus=1)
    launch(catalogue, pi, "4")
    limits(catalogue, pi, max_vcpus=1)
    assert refusal(lambda: launch(catalogue, pi, "4")).id == "budgets:vcpus"


class TestLifetime:
    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        found: list[str] = []
        monkeypatch.setattr(hooks, "shelvers", [lambda id, reason: found.append(id)])
        return found

    def old(self, allocation: Allocation, owner: User, **age: float) -> Any:
        made = timezone.now() - timedelta(**age)
        return machine(allocation, owner, created_at=made, launched_at=made)

    def titles(self, user: User) -> list[str]:
        return list(Notice.objects.filter(user=user).order_by("id").values_list("title", flat=True))

    def test_it_is_told_a_day_before_and_at_the_end_each_once(
        self, allocation: Allocation, member: User, asked: list[str]
    ) -> None:
        limits(allocation, lifetime_hours=240)
        self.old(allocation, member, days=8.9)
        watch.look()
        assert self.titles(member) == []
        for hours in (3, 4, 30, 31):
            watch.look(timezone.now() + timedelta(hours=hours))
        before, over = self.titles(member)
        assert before.startswith("The time of lab ends 20") and over == "The time of lab is over"
        assert asked == [] and not Shelving.objects.exists()

    def test_where_that_was_chosen_it_is_shelved_at_the_end(
        self, allocation: Allocation, member: User, asked: list[str]
    ) -> None:
        limits(allocation, lifetime_hours=240, shelve_at_end=True)
        lab = self.old(allocation, member, days=9.5)
        watch.look()
        assert ["lab will be shelved at" in title for title in self.titles(member)] == [True]
        watch.look(timezone.now() + timedelta(hours=11))
        assert asked == []
        watch.look(timezone.now() + timedelta(hours=12.1))
        assert asked == [str(lab.pk)]

    def test_whoever_gets_the_limit_when_it_is_over_already_is_warned_an_hour_before(
        self, allocation: Allocation, member: User, asked: list[str]
    ) -> None:
        limits(allocation, lifetime_hours=24, shelve_at_end=True)
        self.old(allocation, member, days=9)
        watch.look()
        watch.look(timezone.now() + timedelta(minutes=59))
        assert asked == []
        watch.look(timezone.now() + timedelta(minutes=61))
        assert len(asked) == 1

    @pytest.mark.parametrize("changes", [{"lifetime_hours": 2400}, {"shelve_at_end": False}])
    def test_more_time_given_in_time_keeps_it(
        self, allocation: Allocation, member: User, asked: list[str], changes: dict[str, Any]
    ) -> None:
        limits(allocation, lifetime_hours=240, shelve_at_end=True)
        self.old(allocation, member, days=9.5)
        watch.look()
        Limits.objects.update(**changes)
        watch.look(timezone.now() + timedelta(hours=13))
        assert asked == []

    def test_it_is_not_started_again_once_its_time_is_over(
        self, catalogue: Allocation, member: User, pi: User
    ) -> None:
        limits(catalogue, lifetime_hours=24, shelve_at_end=True)
        lab = self.old(catalogue, member, days=2)
        type(lab).objects.filter(pk=lab.pk).update(status="SHELVED_OFFLOADED")
        found = refusal(lambda: services.act(instance=lab, by=member, action="unshelve"))
        assert found.id == "budgets:lifetime" and "give a machine 24 hours" in found.problem.what
        Limits.objects.update(shelve_at_end=False)
        services.act(instance=lab, by=member, action="unshelve")
