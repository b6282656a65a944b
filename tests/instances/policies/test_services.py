"""Deciding: who may, what the allocation lets its members have, and what is written down."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from allocations.models import Allocation
from instances.models import Instance
from instances.policies import services
from instances.policies.effective import held_one
from instances.policies.models import Policy, Standing
from instances.policies.rules import IdleRules, LeaseRules
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from tests.instances.policies.conftest import OFFICE, office_hours

ALL_WEEK = office_hours(week=[OFFICE] * 7)


def refused(change: Callable[[], object]) -> str:
    with pytest.raises(PortalError) as caught:
        change()
    return caught.value.id


def last() -> tuple[str, Any, Any]:
    event = AuditEvent.objects.filter(action__startswith="policy.").order_by("-pk")[0]
    return event.action, event.detail.get("before"), event.detail.get("after")


@pytest.mark.parametrize("who", ["colleague", "assistant", "reader"])
def test_others_may_not_decide(machine: Instance, who: str, request: pytest.FixtureRequest) -> None:
    user = request.getfixturevalue(who)
    change = lambda: services.set_own(instance=machine, by=user, kind="idle", rules=IdleRules())  # noqa: E731
    assert refused(change) == "portal:forbidden"
    assert not Policy.objects.exists()


def test_strangers_do_not_even_learn_that_it_exists(machine: Instance, stranger: User) -> None:
    change = lambda: services.follow(instance=machine, by=stranger, kind="idle")  # noqa: E731
    assert refused(change) == "portal:not-found"


def test_every_change_says_what_it_was_before(machine: Instance, member: User) -> None:
    services.set_own(instance=machine, by=member, kind="idle", rules=IdleRules(hours=4))
    services.set_own(instance=machine, by=member, kind="idle", rules=IdleRules(hours=8))
    action, before, after = last()
    assert action == "policy.set"
    assert "after 4 hours" in before and "after 8 hours" in after
    services.switch_off(instance=machine, by=member, kind="idle")
    assert last()[2] == "switched off"
    services.follow(instance=machine, by=member, kind="idle")
    assert last()[0] == "policy.follow"
    assert not Policy.objects.exists()
    event = AuditEvent.objects.filter(action="policy.set").first()
    assert event is not None
    assert (event.scope, event.target_id) == (f"allocation.{machine.allocation_id}", str(machine.pk))


class TestDefaults:
    @pytest.mark.parametrize("who", ["member", "assistant", "reader", "operator"])
    def test_only_who_manages_sets_them(
        self, allocation: Allocation, who: str, request: pytest.FixtureRequest
    ) -> None:
        user = request.getfixturevalue(who)
        change = lambda: services.set_default(  # noqa: E731
            allocation=allocation, by=user, kind="idle", rules=IdleRules()
        )
        assert refused(change) == "portal:forbidden"

    def test_they_hold_for_machines_without_a_decision_of_their_own(
        self, machine: Instance, allocation: Allocation, pi: User, member: User
    ) -> None:
        services.set_default(allocation=allocation, by=pi, kind="schedule", rules=office_hours())
        assert held_one(machine).kinds["schedule"].origin == "allocation"
        services.switch_off(instance=machine, by=member, kind="schedule")
        assert held_one(machine).schedule is None
        services.follow(instance=machine, by=member, kind="schedule")
        assert held_one(machine).schedule == office_hours()
        services.set_default(allocation=allocation, by=pi, kind="schedule", rules=None)
        assert held_one(machine).schedule is None

    def test_a_default_of_days_and_never_of_deleting(self, allocation: Allocation, pi: User) -> None:
        until = LeaseRules(until=timezone.now() + timedelta(days=9))
        change = lambda: services.set_default(allocation=allocation, by=pi, kind="lease", rules=until)  # noqa: E731
        assert refused(change) == "policies:bad-rules"
        assert (
            refused(lambda: services.parse("lease", {"days": 3, "action": "delete"})) == "policies:bad-rules"
        )

    def test_where_members_may_not_loosen_they_may_only_be_stricter(
        self, machine: Instance, allocation: Allocation, pi: User, member: User
    ) -> None:
        services.set_default(
            allocation=allocation, by=pi, kind="schedule", rules=office_hours(), may_loosen=False
        )
        set_own = services.set_own
        assert (
            refused(lambda: set_own(instance=machine, by=member, kind="schedule", rules=ALL_WEEK))
            == "policies:looser"
        )
        assert (
            refused(lambda: services.switch_off(instance=machine, by=member, kind="schedule"))
            == "policies:looser"
        )
        short = office_hours(week=[OFFICE] + [None] * 6)
        set_own(instance=machine, by=member, kind="schedule", rules=short)
        set_own(instance=machine, by=pi, kind="schedule", rules=ALL_WEEK)
        assert held_one(machine).schedule == ALL_WEEK

    def test_and_put_off_for_a_day_at_most(
        self, machine: Instance, allocation: Allocation, pi: User, member: User
    ) -> None:
        now = timezone.now()
        services.set_default(
            allocation=allocation, by=pi, kind="schedule", rules=office_hours(), may_loosen=False
        )
        services.keep_running(instance=machine, by=member, until=now + timedelta(hours=20))
        far = now + timedelta(days=3)
        assert (
            refused(lambda: services.keep_running(instance=machine, by=member, until=far))
            == "policies:too-far"
        )
        services.keep_running(instance=machine, by=pi, until=far)
        assert Standing.objects.get().keep_until == far


class TestLease:
    def test_its_end_lies_ahead(self, machine: Instance, member: User) -> None:
        past = LeaseRules(until=timezone.now() + timedelta(minutes=5))
        change = lambda: services.set_own(instance=machine, by=member, kind="lease", rules=past)  # noqa: E731
        assert refused(change) == "policies:lease-past"

    def test_deleting_is_the_owners_alone_to_choose(self, machine: Instance, member: User, pi: User) -> None:
        rules = LeaseRules(until=timezone.now() + timedelta(days=9), action="delete", delete_by=member.pk)
        change = lambda: services.set_own(instance=machine, by=pi, kind="lease", rules=rules)  # noqa: E731
        assert refused(change) == "policies:delete-not-owner"
        services.set_own(instance=machine, by=member, kind="lease", rules=rules)
        assert Policy.objects.get().rules["delete_by"] == member.pk

    def test_nobody_chooses_it_in_somebody_elses_name(
        self, machine: Instance, member: User, pi: User
    ) -> None:
        rules = LeaseRules(until=timezone.now() + timedelta(days=9), action="delete", delete_by=pi.pk)
        services.set_own(instance=machine, by=member, kind="lease", rules=rules)
        assert Policy.objects.get().rules["delete_by"] == member.pk

    def test_a_machine_without_an_owner_is_nobodys_to_delete(self, machine: Instance, pi: User) -> None:
        Instance.objects.update(owner=None)
        rules = LeaseRules(until=timezone.now() + timedelta(days=9), action="delete")
        change = lambda: services.set_own(instance=machine, by=pi, kind="lease", rules=rules)  # noqa: E731
        assert refused(change) == "policies:delete-not-owner"

    def test_one_click_extends_it_up_to_the_longest(
        self, machine: Instance, allocation: Allocation, pi: User, member: User
    ) -> None:
        now = timezone.now()
        Instance.objects.update(created_at=now - timedelta(days=3))
        rules = LeaseRules(days=10, extend_days=7, longest_days=14)
        services.set_default(allocation=allocation, by=pi, kind="lease", rules=rules)
        Policy.objects.update(since=now - timedelta(days=3))
        first = services.extend(instance=machine, by=member)
        assert first - now > timedelta(days=10)
        assert refused(lambda: services.extend(instance=machine, by=member)) == "policies:lease-too-long"
        assert last() == ("policy.extend", (now + timedelta(days=7)).isoformat(), first.isoformat())
        assert services.extend(instance=machine, by=pi) == first + timedelta(days=7)

    def test_nor_may_its_owner_set_a_longer_one(
        self, machine: Instance, allocation: Allocation, pi: User, member: User
    ) -> None:
        rules = LeaseRules(days=10, longest_days=14)
        services.set_default(allocation=allocation, by=pi, kind="lease", rules=rules)
        own = LeaseRules(until=timezone.now() + timedelta(days=30))
        change = lambda: services.set_own(instance=machine, by=member, kind="lease", rules=own)  # noqa: E731
        assert refused(change) == "policies:lease-too-long"

    def test_without_a_lease_there_is_nothing_to_extend(self, machine: Instance, member: User) -> None:
        assert refused(lambda: services.extend(instance=machine, by=member)) == "policies:no-lease"

    def test_a_new_lease_forgets_what_the_old_one_was_extended_to(
        self, machine: Instance, member: User
    ) -> None:
        end = timezone.now() + timedelta(days=5)
        services.set_own(instance=machine, by=member, kind="lease", rules=LeaseRules(until=end))
        services.extend(instance=machine, by=member)
        services.set_own(instance=machine, by=member, kind="lease", rules=LeaseRules(until=end))
        assert held_one(machine).lease_end == end


def test_what_a_size_does_not_allow_cannot_be_chosen(machine: Instance, member: User) -> None:
    Instance.objects.update(flavor_name="g3.medium", gpus=1)
    rules = office_hours(action="suspend")
    change = lambda: services.set_own(instance=machine, by=member, kind="schedule", rules=rules)  # noqa: E731
    assert refused(change) == "policies:not-for-size"


@pytest.mark.parametrize(
    ("kind", "given", "reason"),
    [
        ("schedule", {"week": []}, "week"),
        ("schedule", {"week": [None] * 7}, "at least one day"),
        ("schedule", {"week": [{"start": 0, "end": 60}] * 7, "zone": "Mars"}, "zone"),
        ("schedule", {"week": [{"start": 1440, "end": 60}] * 7}, "week.0.start"),
        ("idle", {"hours": 3}, "hours must be one of"),
        ("idle", {"cpu": 3}, "cpu"),
        ("lease", {}, "either the moment"),
        ("lease", {"until": "2026-03-01T10:00:00"}, "offset"),
    ],
)
def test_rules_that_cannot_be_are_refused_in_words(kind: str, given: dict[str, Any], reason: str) -> None:
    with pytest.raises(PortalError) as caught:
        services.parse(kind, given)
    assert caught.value.id == "policies:bad-rules"
    assert reason in str(caught.value.params["reason"])
