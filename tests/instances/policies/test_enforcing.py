"""What a round does: each thing once, nothing against a person's word, and everything written down."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from allocations.models import Allocation
from instances import services as machines
from instances.models import Instance
from instances.policies import enforcing, services
from instances.policies.models import Policy, PolicyRun, Standing
from instances.policies.rules import LeaseRules
from instances.remote.models import JumpHost
from portal.accounts.models import CloudCredential, User
from portal.core.models import AuditEvent
from portal.notices.models import Notice
from portal.operations.models import Operation
from tests.cast import give_credential, join, make_user
from tests.instances.policies.conftest import NOON, office_hours
from tests.instances.rows import machine as make_machine

State = PolicyRun.State
EVENING = datetime.fromisoformat("2026-02-10T19:00-06:00")
MORNING = datetime.fromisoformat("2026-02-11T08:00-06:00")
SECOND = timedelta(seconds=30)


def the_run(kind: str = "schedule") -> PolicyRun:
    return PolicyRun.objects.select_related("instance").filter(kind=kind).order_by("-pk")[0]


def ends(operation: Operation | None = None, state: str = "done", **changes: object) -> None:
    """The operation ends as the cloud would have it, and the mirror sees it."""
    found = operation or Operation.objects.order_by("-pk")[0]
    Operation.objects.filter(pk=found.pk).update(state=state, finished_at=EVENING, **changes)
    status = {"shelve": "SHELVED_OFFLOADED", "stop": "SHUTOFF", "suspend": "SUSPENDED"}
    action = found.kind.removeprefix("instance.")
    if state == "done":
        Instance.objects.filter(pk=found.target_id).update(
            status=status.get(action, "ACTIVE"), state_since=EVENING
        )


@pytest.fixture
def scheduled(machine: Instance, give: Callable[..., Policy]) -> Instance:
    give(machine, office_hours())
    return machine


class TestSchedule:
    def test_nothing_is_done_within_hours(self, scheduled: Instance) -> None:
        assert enforcing.enforce(NOON).done == 0
        assert not Operation.objects.exists()

    def test_when_hours_end_the_machine_is_shelved_as_its_owner(
        self, scheduled: Instance, member: User
    ) -> None:
        enforcing.enforce(EVENING + SECOND)
        operation = Operation.objects.get()
        assert (operation.kind, operation.by, operation.spec["asked_by"]) == (
            "instance.shelve",
            member,
            "its schedule",
        )
        assert operation.spec["release_address"] is False
        assert (the_run().state, the_run().due_at, the_run().operation) == (
            State.ACTING,
            EVENING,
            operation.pk,
        )
        event = AuditEvent.objects.get(action="instance.shelve")
        assert (event.actor_name, event.detail["acting_as"]) == ("the portal", str(member))

    def test_however_often_it_is_looked_at_it_is_done_once(self, scheduled: Instance) -> None:
        for minutes in range(5):
            enforcing.enforce(EVENING + timedelta(minutes=minutes))
        assert Operation.objects.count() == PolicyRun.objects.count() == 1

    def test_what_ended_well_is_told_to_the_owner(self, scheduled: Instance, member: User) -> None:
        enforcing.enforce(EVENING + SECOND)
        ends()
        assert enforcing.enforce(EVENING + 2 * SECOND).settled == 1
        assert the_run().state == State.DONE
        assert Notice.objects.get(user=member).title == "lab was shelved"

    def test_in_the_morning_it_comes_back(self, scheduled: Instance) -> None:
        enforcing.enforce(EVENING + SECOND)
        ends()
        enforcing.enforce(MORNING - SECOND)
        assert Operation.objects.count() == 1
        enforcing.enforce(MORNING + SECOND)
        assert Operation.objects.order_by("-pk")[0].kind == "instance.unshelve"

    def test_what_a_person_put_away_stays_away(self, scheduled: Instance) -> None:
        Instance.objects.update(status="SHELVED_OFFLOADED")
        enforcing.enforce(EVENING + SECOND)
        assert (the_run().state, the_run().reason) == (State.LEFT, "It was put away already.")
        enforcing.enforce(MORNING + SECOND)
        assert not Operation.objects.exists()
        assert PolicyRun.objects.count() == 1

    def test_what_a_person_put_away_again_stays_away(self, scheduled: Instance, member: User) -> None:
        enforcing.enforce(EVENING + SECOND)
        ends()
        enforcing.enforce(EVENING + 2 * SECOND)
        Instance.objects.update(status="SHUTOFF")
        mine = machines.act(instance=scheduled, by=member, action="shelve")
        ends(mine)
        enforcing.enforce(MORNING + SECOND)
        assert Operation.objects.count() == 2
        assert the_run().reason == "Somebody has put it away since."

    def test_what_a_person_started_at_night_and_put_away_elsewhere_stays_away(
        self, scheduled: Instance
    ) -> None:
        """In another portal, so that no operation of ours tells of it."""
        enforcing.enforce(EVENING + SECOND)
        ends()
        enforcing.enforce(EVENING + 2 * SECOND)
        assert Standing.objects.get().put_away_at is not None
        Instance.objects.update(status="ACTIVE", state_since=EVENING + timedelta(hours=1))
        enforcing.enforce(EVENING + timedelta(hours=1, minutes=1))
        assert Standing.objects.get().put_away_at is None
        Instance.objects.update(status="SHELVED_OFFLOADED")
        enforcing.enforce(MORNING + SECOND)
        assert Operation.objects.count() == 1

    def test_without_starting_again_it_stays_away(
        self, machine: Instance, give: Callable[..., Policy]
    ) -> None:
        give(machine, office_hours(again=False))
        enforcing.enforce(EVENING + SECOND)
        ends()
        enforcing.enforce(MORNING + SECOND)
        assert Operation.objects.count() == 1

    def test_who_starts_it_in_the_evening_may_work(self, scheduled: Instance) -> None:
        Instance.objects.update(status="SHUTOFF")
        enforcing.enforce(EVENING + SECOND)
        ends()
        enforcing.enforce(EVENING + 2 * SECOND)
        Instance.objects.update(status="ACTIVE", state_since=EVENING + timedelta(hours=1))
        enforcing.enforce(EVENING + timedelta(hours=2))
        assert Operation.objects.count() == 1

    def test_a_round_that_comes_late_does_what_is_still_right(self, scheduled: Instance) -> None:
        enforcing.enforce(EVENING + timedelta(hours=5))
        assert Operation.objects.get().kind == "instance.shelve"

    def test_and_not_what_is_not(self, scheduled: Instance) -> None:
        enforcing.enforce(MORNING + timedelta(hours=1))
        assert not Operation.objects.exists()

    def test_nor_what_somebody_has_changed_since(self, scheduled: Instance) -> None:
        Instance.objects.update(state_since=EVENING + timedelta(hours=1))
        enforcing.enforce(EVENING + timedelta(hours=2))
        assert (the_run().state, Operation.objects.count()) == (State.LEFT, 0)

    def test_a_schedule_set_in_the_evening_begins_the_next_day(
        self, machine: Instance, give: Callable[..., Policy]
    ) -> None:
        give(machine, office_hours(), since=EVENING + timedelta(hours=1))
        enforcing.enforce(EVENING + timedelta(hours=2))
        assert not PolicyRun.objects.exists()
        enforcing.enforce(EVENING + timedelta(days=1, seconds=30))
        assert Operation.objects.count() == 1

    def test_tonight_it_may_be_kept_running(self, scheduled: Instance, member: User) -> None:
        until = EVENING + timedelta(hours=4)
        Standing.objects.create(instance=scheduled, keep_until=until)
        enforcing.enforce(EVENING + timedelta(hours=3))
        assert not Operation.objects.exists()
        enforcing.enforce(until + SECOND)
        assert (the_run().due_at, Operation.objects.count()) == (until, 1)


class TestObstacles:
    def test_a_locked_machine_is_left_alone_and_its_owner_told(
        self, scheduled: Instance, member: User
    ) -> None:
        Instance.objects.update(locked=True)
        enforcing.enforce(EVENING + SECOND)
        assert not Operation.objects.exists()
        assert "locked" in the_run().reason
        assert Notice.objects.get(user=member).title == "lab was not shelved"
        Instance.objects.update(locked=False)
        enforcing.enforce(EVENING + timedelta(hours=1))
        assert not Operation.objects.exists()

    def test_a_machine_that_is_being_made_is_left_alone(self, scheduled: Instance) -> None:
        Instance.objects.update(status="BUILD", created_at=EVENING - timedelta(minutes=2))
        enforcing.enforce(EVENING + SECOND)
        assert (the_run().state, the_run().reason) == (State.LEFT, "It was being made.")

    def test_a_busy_machine_is_waited_for(self, scheduled: Instance, member: User) -> None:
        mine = machines.act(instance=scheduled, by=member, action="reboot")
        enforcing.enforce(EVENING + SECOND)
        assert (the_run().state, Operation.objects.count()) == (State.WAITING, 1)
        ends(mine)
        enforcing.enforce(EVENING + 2 * SECOND)
        assert Operation.objects.count() == 1
        enforcing.enforce(EVENING + timedelta(minutes=3))
        assert (the_run().state, Operation.objects.count()) == (State.ACTING, 2)

    def test_what_waits_ends_when_hours_begin(self, scheduled: Instance, member: User) -> None:
        machines.act(instance=scheduled, by=member, action="reboot")
        enforcing.enforce(EVENING + SECOND)
        enforcing.enforce(MORNING + SECOND)
        run = PolicyRun.objects.get(due_at=EVENING)
        assert run.state == State.LEFT
        assert run.reason.startswith("It was no longer asked for.")

    def test_a_size_that_forbids_suspending_is_stopped_or_shelved(
        self, machine: Instance, give: Callable[..., Policy], allocation: Allocation
    ) -> None:
        Instance.objects.update(flavor_name="g3.medium", gpus=1)
        give(allocation, office_hours(action="suspend"))
        enforcing.enforce(EVENING + SECOND)
        assert the_run().action in ("stop", "shelve")
        assert the_run().state == State.ACTING

    def test_without_the_owners_credential_a_managers_is_used(self, scheduled: Instance, pi: User) -> None:
        CloudCredential.objects.filter(user=scheduled.owner).delete()
        enforcing.enforce(EVENING + SECOND)
        assert Operation.objects.get().by == pi

    def test_where_nobody_is_connected_it_waits_and_is_told_once(
        self, scheduled: Instance, member: User, pi: User
    ) -> None:
        CloudCredential.objects.all().delete()
        for minutes in (1, 12, 24):
            enforcing.enforce(EVENING + timedelta(minutes=minutes))
        assert (the_run().state, the_run().error_id) == (State.WAITING, "instances:nobody-to-act")
        assert {notice.user for notice in Notice.objects.all()} == {member, pi}
        give_credential(pi, scheduled.allocation)
        enforcing.enforce(EVENING + timedelta(minutes=40))
        assert Operation.objects.get().by == pi

    def test_when_the_cloud_refuses_a_credential_the_next_persons_is_tried(
        self, scheduled: Instance, member: User, pi: User
    ) -> None:
        enforcing.enforce(EVENING + SECOND)
        first = Operation.objects.get()
        Operation.objects.update(state="paused")
        enforcing.enforce(EVENING + 2 * SECOND)
        assert the_run().refused == [member.pk]
        first.refresh_from_db()
        assert first.state == "cancelled"
        enforcing.enforce(EVENING + timedelta(minutes=3))
        assert Operation.objects.order_by("-pk")[0].by == pi

    def test_what_the_cloud_refuses_has_failed_and_is_told(self, scheduled: Instance, member: User) -> None:
        enforcing.enforce(EVENING + SECOND)
        ends(state="failed", error_id="cloud:forbidden", error_params={})
        enforcing.enforce(EVENING + 2 * SECOND)
        assert the_run().state == State.FAILED
        assert Notice.objects.get(user=member).level == "danger"

    def test_what_a_person_stops_is_not_begun_again(self, scheduled: Instance, member: User) -> None:
        enforcing.enforce(EVENING + SECOND)
        ends(state="cancelled")
        enforcing.enforce(EVENING + 2 * SECOND)
        enforcing.enforce(EVENING + timedelta(hours=1))
        assert (the_run().state, Operation.objects.count()) == (State.LEFT, 1)

    def test_a_machine_without_an_owner_tells_who_manages(
        self, scheduled: Instance, pi: User, manager: User
    ) -> None:
        Instance.objects.update(owner=None, locked=True)
        enforcing.enforce(EVENING + SECOND)
        assert {notice.user for notice in Notice.objects.all()} == {pi, manager}

    def test_a_machine_in_error_is_left_alone_without_a_word(self, scheduled: Instance, member: User) -> None:
        Instance.objects.update(status="ERROR")
        enforcing.enforce(NOON)
        assert not Standing.objects.filter(next_at__isnull=False).exists()
        enforcing.enforce(EVENING + SECOND)
        assert the_run().state == State.LEFT
        assert not Notice.objects.exists()

    def test_a_jump_host_is_no_machine_like_the_others(
        self, machine: Instance, allocation: Allocation, give: Callable[..., Policy], pi: User
    ) -> None:
        """Others are reached through it. Rules of its own it may have."""
        give(allocation, office_hours())
        JumpHost.objects.create(
            allocation=allocation, instance=machine, login="u", how="chosen", chosen_by=pi, at=NOON
        )
        enforcing.enforce(EVENING + SECOND)
        assert not PolicyRun.objects.exists()
        give(machine, office_hours())
        enforcing.enforce(EVENING + 2 * SECOND)
        assert Operation.objects.count() == 1


class TestLease:
    def lease(self, machine: Instance, by: User, until: datetime, action: str = "shelve") -> LeaseRules:
        delete_by = by.pk if action == "delete" else None
        return LeaseRules.model_validate({"until": until, "action": action, "delete_by": delete_by})

    def test_at_its_end_the_machine_is_shelved(
        self, machine: Instance, member: User, give: Callable[..., Policy]
    ) -> None:
        give(machine, self.lease(machine, member, NOON))
        enforcing.enforce(NOON - SECOND)
        assert not Operation.objects.exists()
        enforcing.enforce(NOON + SECOND)
        assert Operation.objects.get().kind == "instance.shelve"

    def test_started_again_without_extending_it_is_shelved_the_next_day(
        self, machine: Instance, member: User, give: Callable[..., Policy]
    ) -> None:
        give(machine, self.lease(machine, member, NOON))
        enforcing.enforce(NOON + SECOND)
        ends()
        Instance.objects.update(status="ACTIVE")
        enforcing.enforce(NOON + timedelta(hours=20))
        assert Operation.objects.count() == 1
        enforcing.enforce(NOON + timedelta(hours=25))
        assert Operation.objects.count() == 2

    def test_it_is_warned_of_seven_three_and_one_days_before_each_once(
        self, machine: Instance, member: User, give: Callable[..., Policy]
    ) -> None:
        end = NOON + timedelta(days=9)
        give(machine, self.lease(machine, member, end))
        for hours in range(0, 9 * 24, 6):
            enforcing.enforce(NOON + timedelta(hours=hours))
        titles = list(Notice.objects.filter(user=member).order_by("pk").values_list("title", flat=True))
        assert titles == [
            "The lease of lab ends in 7 days",
            "The lease of lab ends in 3 days",
            "The lease of lab ends tomorrow",
        ]

    def test_deleted_is_only_what_its_owner_chose_to_delete(
        self, machine: Instance, member: User, pi: User, give: Callable[..., Policy]
    ) -> None:
        give(machine, self.lease(machine, member, NOON, "delete"), set_by=member)
        enforcing.enforce(NOON - timedelta(days=2))
        enforcing.enforce(NOON + SECOND)
        assert Operation.objects.get().kind == "instance.delete"

    def test_in_other_hands_it_is_shelved_instead(
        self, machine: Instance, member: User, pi: User, give: Callable[..., Policy]
    ) -> None:
        give(machine, self.lease(machine, member, NOON, "delete"))
        Instance.objects.update(owner=pi)
        enforcing.enforce(NOON - timedelta(days=2))
        enforcing.enforce(NOON + SECOND)
        assert Operation.objects.get().kind == "instance.shelve"

    def test_nothing_is_deleted_without_a_days_warning(
        self, machine: Instance, member: User, give: Callable[..., Policy]
    ) -> None:
        """No worker ran for a week before its end: it is warned of first."""
        give(machine, self.lease(machine, member, NOON, "delete"))
        late = NOON + timedelta(hours=3)
        enforcing.enforce(late)
        assert not Operation.objects.exists()
        assert Notice.objects.filter(user=member, kind="policy.lease").count() == 1
        enforcing.enforce(late + timedelta(hours=23))
        assert not Operation.objects.exists()
        enforcing.enforce(late + timedelta(hours=25))
        assert Operation.objects.get().kind == "instance.delete"

    def test_a_locked_machine_is_not_deleted(
        self, machine: Instance, member: User, give: Callable[..., Policy]
    ) -> None:
        give(machine, self.lease(machine, member, NOON, "delete"))
        Instance.objects.update(locked=True)
        enforcing.enforce(NOON - timedelta(days=2))
        enforcing.enforce(NOON + SECOND)
        assert not Operation.objects.exists()

    def test_a_default_that_comes_later_counts_from_then(
        self, machine: Instance, allocation: Allocation, give: Callable[..., Policy]
    ) -> None:
        """The machine is a month old: a lease of seven days does not end at once."""
        give(allocation, LeaseRules(days=7), since=NOON)
        enforcing.enforce(NOON + timedelta(days=6))
        assert not Operation.objects.exists()
        enforcing.enforce(NOON + timedelta(days=7, seconds=30))
        assert Operation.objects.count() == 1


class TestWhatComesNext:
    def test_is_kept_for_lists_and_its_row_shown_anew(self, scheduled: Instance) -> None:
        before = scheduled.version
        enforcing.enforce(NOON)
        standing = Standing.objects.get()
        assert (standing.next_at, standing.next_kind, standing.next_action) == (
            EVENING,
            "schedule",
            "shelve",
        )
        scheduled.refresh_from_db()
        assert scheduled.version == before + 1
        enforcing.enforce(NOON + SECOND)
        scheduled.refresh_from_db()
        assert scheduled.version == before + 1

    def test_a_policy_that_is_dropped_leaves_nothing_to_come(self, scheduled: Instance, member: User) -> None:
        enforcing.enforce(NOON)
        services.follow(instance=scheduled, by=member, kind="schedule")
        assert Standing.objects.get().next_at is None

    def test_after_an_allocations_default_is_gone_nothing_comes(
        self, machine: Instance, allocation: Allocation, give: Callable[..., Policy], pi: User
    ) -> None:
        give(allocation, office_hours())
        enforcing.enforce(NOON)
        services.set_default(allocation=allocation, by=pi, kind="schedule", rules=None)
        enforcing.enforce(NOON + SECOND)
        assert Standing.objects.get().next_at is None


class TestMany:
    def fill(self, allocation: Allocation, number: int) -> None:
        old = NOON - timedelta(days=30)
        for count in range(number):
            owner = make_user(f"p{allocation.pk}-{count}")
            join(owner, allocation)
            make_machine(allocation, owner, name=f"m{count}", created_at=old, state_since=old)

    @pytest.mark.parametrize("number", [1, 20])
    def test_a_round_in_which_nothing_is_due_asks_the_same_few_questions(
        self,
        allocation: Allocation,
        number: int,
        give: Callable[..., Policy],
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        give(allocation, office_hours())
        self.fill(allocation, number)
        enforcing.enforce(NOON)
        with django_assert_num_queries(7):
            assert enforcing.enforce(NOON + SECOND).machines == number
