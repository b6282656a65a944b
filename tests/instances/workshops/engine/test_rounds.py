"""When rounds are made, by whom, and that they cost the same for one seat and a hundred."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from allocations.models import Allocation
from instances import live
from instances.models import Instance
from instances.workshops.clock.phases import phase_at
from instances.workshops.clock.reading import times_of
from instances.workshops.engine import facts, gate, waking
from instances.workshops.engine import round as rounds
from instances.workshops.engine.usual import usual_build_seconds, usual_return_seconds
from instances.workshops.guests import jump
from instances.workshops.models import Seat, Workshop
from portal.accounts.models import CloudCredential, User
from portal.core.errors import PortalError
from portal.operations import queue, reconciler
from portal.operations.models import Operation
from tests.instances.rows import machine, offer
from tests.instances.workshops.room import make_workshop, seat_of, sit

pytestmark = pytest.mark.django_db
ROOMY = {"instances": {"used": 0, "limit": 900}, "cores": {"used": 0, "limit": 9000}}


@pytest.fixture
def offered(allocation: Allocation, monkeypatch: pytest.MonkeyPatch) -> Allocation:
    monkeypatch.setattr(rounds, "ensure_jump", lambda workshop: jump.READY)
    offer(allocation)
    Allocation.objects.filter(pk=allocation.pk).update(quota=ROOMY)
    allocation.refresh_from_db()
    return allocation


def hasten(workshop: Workshop) -> None:
    Workshop.objects.filter(pk=workshop.pk).update(next_at=timezone.now(), lease_until=None)


def launches() -> int:
    return Operation.objects.filter(kind="instance.launch").count()


class TestDue:
    def test_what_was_never_looked_at_and_whose_time_has_come_is_due(
        self, allocation: Allocation, member: User
    ) -> None:
        now = timezone.now()
        never = make_workshop(allocation, member, next_at=None)
        come = make_workshop(allocation, member, next_at=now - timedelta(seconds=1))
        make_workshop(allocation, member, next_at=now + timedelta(minutes=1))
        assert set(rounds.due(now)) == {never.pk, come.pk}

    @pytest.mark.parametrize("state", ["draft", "removed", "cancelled"])
    def test_nobody_looks_after_what_is_not_planned_or_over(
        self, allocation: Allocation, member: User, state: str
    ) -> None:
        workshop = make_workshop(allocation, member, state=state)
        assert rounds.due(timezone.now()) == []
        if state == "draft":
            Seat.objects.create(workshop=workshop, number=0, stage_since=timezone.now())
            assert rounds.due(timezone.now()) == [workshop.pk]

    def test_who_is_at_it_is_not_disturbed_until_their_lease_is_over(self, workshop: Workshop) -> None:
        now = timezone.now()
        Workshop.objects.update(next_at=now, lease_until=now + timedelta(seconds=30))
        assert rounds.due(now) == []
        assert not rounds.make(workshop.pk)
        assert rounds.due(now + timedelta(seconds=31)) == [workshop.pk]

    def test_a_round_that_fails_lets_go_and_is_made_again(
        self, offered: Allocation, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr("instances.workshops.engine.plan.decide", lambda found: 1 / 0)
            hasten(workshop)
            with pytest.raises(ZeroDivisionError):
                rounds.make(workshop.pk)
        workshop.refresh_from_db()
        assert workshop.lease_until is None
        assert workshop.next_at is not None and workshop.next_at > timezone.now()
        hasten(workshop)
        assert rounds.make(workshop.pk)
        assert launches() == 4

    def test_whoever_wakes_it_during_a_round_is_heard(
        self, offered: Allocation, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def woken(found: Workshop) -> jump.JumpStanding:
            waking.machines_changed([sit(seat_of(workshop, 1)).instance_id])  # type: ignore[list-item]
            return jump.READY

        monkeypatch.setattr(rounds, "ensure_jump", woken)
        hasten(workshop)
        rounds.make(workshop.pk)
        workshop.refresh_from_db()
        assert workshop.next_at is not None and workshop.next_at <= timezone.now() + waking.GATHERED

    def test_in_quiet_times_it_is_looked_at_once_a_minute_and_before_its_phase_ends(
        self, offered: Allocation, workshop: Workshop
    ) -> None:
        for seat in workshop.places.select_related("workshop"):
            sit(seat)
        hasten(workshop)
        rounds.make(workshop.pk)
        workshop.refresh_from_db()
        assert workshop.next_at is not None
        assert timedelta(seconds=50) < workshop.next_at - timezone.now() <= timedelta(seconds=60)


class TestWaking:
    def test_a_machine_that_is_seen_to_be_otherwise_wakes_its_class_alone(
        self,
        workshop: Workshop,
        seat: Seat,
        member: User,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        later = timezone.now() + timedelta(minutes=1)
        other = make_workshop(workshop.allocation, member, next_at=later)
        Workshop.objects.filter(pk=workshop.pk).update(next_at=later)
        with django_capture_on_commit_callbacks(execute=True):
            live.push_on_commit([seat.instance_id])  # type: ignore[list-item]
        workshop.refresh_from_db()
        other.refresh_from_db()
        assert workshop.next_at is not None and workshop.next_at <= timezone.now() + waking.GATHERED
        assert other.next_at == later

    def test_a_machine_of_nobodys_class_wakes_nothing(self, workshop: Workshop, member: User) -> None:
        later = timezone.now() + timedelta(minutes=1)
        Workshop.objects.update(next_at=later)
        waking.machines_changed([machine(workshop.allocation, member).pk])
        assert Workshop.objects.get().next_at == later


class TestCost:
    @pytest.mark.parametrize("number", [1, 20, 100])
    def test_what_is_read_of_a_class_takes_the_same_few_queries(
        self, offered: Allocation, member: User, number: int
    ) -> None:
        workshop = make_workshop(offered, member, seats=number)
        for seat in workshop.places.select_related("workshop"):
            sit(seat)
        now = timezone.now()
        phase = phase_at(times_of(workshop), now, build_seconds=60, waves=1)
        with CaptureQueriesContext(connection) as found:
            read = facts.read(workshop, phase, hold=False, usual=60, now=now)
        assert len(read.places) == number
        assert len(found) == 4

    def test_a_hundred_are_asked_for_with_as_many_statements_as_five(
        self, offered: Allocation, member: User
    ) -> None:
        def statements(number: int) -> int:
            workshop = make_workshop(offered, member, seats=number)
            hasten(workshop)
            with CaptureQueriesContext(connection) as found:
                rounds.make(workshop.pk)
            assert workshop.places.filter(stage="building").count() == number
            return len(found)

        statements(5)
        assert statements(100) == statements(5)

    def test_a_hundred_become_ready_with_as_many_statements_as_five(
        self, offered: Allocation, member: User
    ) -> None:
        def statements(number: int) -> int:
            workshop = make_workshop(offered, member, seats=number)
            for seat in workshop.places.select_related("workshop"):
                sit(seat, stage="building")
            hasten(workshop)
            with CaptureQueriesContext(connection) as found:
                rounds.make(workshop.pk)
            assert workshop.places.filter(stage="ready").count() == number
            return len(found)

        statements(5)
        assert statements(100) == statements(5)


class TestCaps:
    @pytest.fixture
    def few(self, monkeypatch: pytest.MonkeyPatch, offered: Allocation) -> Allocation:
        """Six builds at once in a project, ten on the cloud."""
        from portal.cloud.config import clouds

        cloud = clouds().cloud("demo")
        set_up = cloud.portal.workshops.model_copy(update={"builds_per_project": 6, "builds_per_cloud": 10})
        monkeypatch.setattr(
            "instances.workshops.engine.gate.clouds",
            lambda: _One(set_up),
        )
        return offered

    def test_no_more_are_built_at_once_than_the_project_may(self, few: Allocation, member: User) -> None:
        workshop = make_workshop(few, member, seats=9)
        for _ in range(3):
            hasten(workshop)
            rounds.make(workshop.pk)
        assert launches() == 6
        done = workshop.places.filter(stage="building").first()
        assert done is not None
        Seat.objects.filter(pk=done.pk).update(stage="ready")
        Instance.objects.filter(seat=done).update(status="ACTIVE", setup_status="complete", server_id="s")
        hasten(workshop)
        rounds.make(workshop.pk)
        assert launches() == 7

    def test_two_classes_get_the_same_however_greedy_the_first_is(
        self, few: Allocation, member: User
    ) -> None:
        classes = [make_workshop(few, member, seats=9) for _ in range(2)]
        now = timezone.now()
        Workshop.objects.update(wants=9, next_at=now)
        for workshop in classes:
            hasten(workshop)
            rounds.make(workshop.pk)
        counts = [workshop.places.filter(stage="building").count() for workshop in classes]
        assert counts == [3, 3]

    def test_what_another_class_wanted_long_ago_holds_nobody_up(self, few: Allocation, member: User) -> None:
        make_workshop(few, member, seats=9, wants=9, next_at=timezone.now() - timedelta(hours=1))
        workshop = make_workshop(few, member, seats=9)
        hasten(workshop)
        rounds.make(workshop.pk)
        assert workshop.places.filter(stage="building").count() == 6

    def test_what_the_portal_switches_counts_against_what_it_may_switch_and_people_do_not(
        self, offered: Allocation, workshop: Workshop, seat: Seat, member: User
    ) -> None:
        from instances import services
        from instances.workshops.engine import acts

        most = gate.power_room(workshop)
        services.act(instance=machine(offered, member), by=member, action="stop")
        assert gate.power_room(workshop) == most
        Workshop.objects.update(state="ended", ended_at=timezone.now())
        hasten(workshop)
        rounds.make(workshop.pk)
        assert gate.power_room(workshop) == most - 1
        assert acts.release(seats=[seat], by=member)[0].problem is None


class _One:
    """A configuration with one cloud's numbers for workshops."""

    def __init__(self, workshops: object) -> None:
        self.portal, self.workshops = self, workshops

    def cloud(self, name: str) -> "_One":
        return self


class TestUsual:
    def test_it_is_measured_on_the_like_of_it_and_else_said_by_the_operator(
        self, allocation: Allocation, member: User
    ) -> None:
        assert usual_build_seconds(allocation, "i", "m3.small") == 60.0
        now = timezone.now()
        for seconds in (100, 110, 300):
            machine(
                allocation,
                member,
                image_id="i",
                flavor_name="m3.small",
                created_at=now - timedelta(hours=1),
                ready_at=now - timedelta(hours=1) + timedelta(seconds=seconds),
            )
        assert usual_build_seconds(allocation, "i", "m3.small") == 110.0
        assert usual_build_seconds(allocation, "other", "m3.small") == 110.0
        assert usual_build_seconds(allocation, "other", "g3.medium") == 60.0

    def test_the_way_back_likewise(self, allocation: Allocation) -> None:
        assert usual_return_seconds(allocation) == 30.0


def test_what_is_the_matter_with_the_jump_host_is_said_and_seats_are_built_all_the_same(
    offered: Allocation, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = jump.JumpStanding(ok=False, problem=PortalError("workshops:jump-down", name="j", why="It is off."))
    monkeypatch.setattr(rounds, "ensure_jump", lambda found: down)
    hasten(workshop)
    rounds.make(workshop.pk)
    workshop.refresh_from_db()
    assert (workshop.hold_id, launches()) == ("workshops:jump-down", 4)
    monkeypatch.setattr(rounds, "ensure_jump", lambda found: jump.READY)
    hasten(workshop)
    rounds.make(workshop.pk)
    workshop.refresh_from_db()
    assert workshop.hold_id == ""


def test_a_machine_that_somebody_locked_is_not_put_away_or_deleted_and_that_is_said(
    offered: Allocation, workshop: Workshop, seat: Seat
) -> None:
    Instance.objects.filter(seat=seat).update(locked=True)
    Workshop.objects.update(state="ended", ended_at=timezone.now())
    hasten(workshop)
    rounds.make(workshop.pk)
    seat.refresh_from_db()
    assert (seat.problem_id, seat.stage) == ("instances:not-now", "ready")
    assert "locked" in seat.problem_params["reason"]
    Workshop.objects.update(state="removing")
    for _ in range(2):
        hasten(workshop)
        rounds.make(workshop.pk)
    workshop.refresh_from_db()
    assert (workshop.state, workshop.hold_id) == ("removing", "instances:not-now")
    Instance.objects.filter(pk=seat.instance_id).update(locked=False)  # type: ignore[misc]
    hasten(workshop)
    rounds.make(workshop.pk)
    assert Operation.objects.get().kind == "instance.delete"


def test_what_waits_for_one_persons_credential_goes_on_with_anothers(
    offered: Allocation, workshop: Workshop, seat: Seat, pi: User
) -> None:
    Instance.objects.filter(seat=seat).update(status="SHELVED_OFFLOADED")
    Seat.objects.filter(pk=seat.pk).update(stage="away")
    hasten(workshop)
    rounds.make(workshop.pk)
    first = Operation.objects.get(kind="instance.unshelve")
    Operation.objects.filter(pk=first.pk).update(
        state="paused", started_at=timezone.now(), error_id="operations:paused"
    )
    CloudCredential.objects.filter(user=first.by).update(refused_at=timezone.now())
    for _ in range(3):
        Seat.objects.filter(pk=seat.pk).update(not_before=None)
        hasten(workshop)
        rounds.make(workshop.pk)
        turn = queue.claim_one(first.pk, timezone.now())
        if turn is not None:
            reconciler.take(turn)
    first.refresh_from_db()
    seat.refresh_from_db()
    assert first.state == "cancelled"
    assert seat.operation is not None
    second = Operation.objects.get(pk=seat.operation)
    assert (second.kind, second.by, seat.stage) == ("instance.unshelve", pi, "returning")
