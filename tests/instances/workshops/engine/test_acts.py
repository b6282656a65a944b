"""What people do to seats by hand: each seat on its own, refused in words, and not undone by the next round."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from allocations.models import Allocation
from instances.workshops.engine import acts
from instances.workshops.engine import round as rounds
from instances.workshops.guests import jump
from instances.workshops.models import Learner, Seat, SeatMachine, Workshop
from portal.accounts.models import CloudCredential, User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from portal.operations.models import Operation
from tests.instances.rows import offer
from tests.instances.workshops.room import make_learner, make_workshop, seat_of, sit

pytestmark = pytest.mark.django_db


@pytest.fixture
def offered(allocation: Allocation, monkeypatch: pytest.MonkeyPatch) -> Allocation:
    monkeypatch.setattr(rounds, "ensure_jump", lambda workshop: jump.READY)
    offer(allocation)
    return allocation


def make_round(workshop: Workshop) -> None:
    Workshop.objects.filter(pk=workshop.pk).update(next_at=timezone.now(), lease_until=None)
    rounds.make(workshop.pk)


def kinds() -> list[str]:
    return list(Operation.objects.order_by("id").values_list("kind", flat=True))


def problem(results: list[acts.SeatResult]) -> str:
    [result] = results
    return result.problem.id if result.problem else ""


class TestPower:
    def test_a_seat_that_is_shelved_by_hand_stays_so_until_the_clock_wants_something_else(
        self, offered: Allocation, seat: Seat, member: User
    ) -> None:
        assert problem(acts.shelve(seats=[seat], by=member)) == ""
        seat.refresh_from_db()
        assert (seat.stage, kinds()) == ("away", ["instance.shelve"])
        assert seat.held_until is not None and seat.held_until > timezone.now()
        Operation.objects.update(state="done", finished_at=timezone.now())
        seat.instance.status = "SHELVED_OFFLOADED"  # type: ignore[union-attr]
        seat.instance.save()  # type: ignore[union-attr]
        make_round(seat.workshop)
        assert "instance.unshelve" not in kinds()
        acts.release(seats=[seat], by=member)
        make_round(seat.workshop)
        assert "instance.unshelve" in kinds()

    def test_what_was_put_away_is_started_as_it_needs_to_be(self, seat: Seat, member: User) -> None:
        for status, kind in (("SHUTOFF", "instance.start"), ("SHELVED_OFFLOADED", "instance.unshelve")):
            Operation.objects.all().delete()
            seat.instance.status = status  # type: ignore[union-attr]
            seat.instance.save()  # type: ignore[union-attr]
            Seat.objects.filter(pk=seat.pk).update(stage="away")
            assert problem(acts.start(seats=[seat], by=member)) == ""
            assert kinds() == [kind]
            assert Seat.objects.get(pk=seat.pk).stage == "returning"

    def test_what_cannot_be_done_is_told_beside_what_was_accepted(
        self, workshop: Workshop, seat: Seat, member: User
    ) -> None:
        building = sit(seat_of(workshop, 2), stage="building")
        results = acts.stop(seats=[building, seat, seat_of(workshop, 3)], by=member)
        assert [result.problem.id if result.problem else "" for result in results] == [
            "workshops:not-now",
            "",
            "workshops:no-machine",
        ]
        assert kinds() == ["instance.stop"]
        event = AuditEvent.objects.get(action="workshop.seat-stop")
        assert event.detail["seats"] == ["seat 1"]

    def test_a_running_seat_cannot_be_started(self, seat: Seat, member: User) -> None:
        assert problem(acts.start(seats=[seat], by=member)) == "workshops:not-now"

    def test_a_helper_acts_without_a_way_into_the_cloud_of_their_own(self, seat: Seat, helper: User) -> None:
        assert problem(acts.stop(seats=[seat], by=helper)) == ""
        op = Operation.objects.get()
        assert op.by == seat.workshop.owner
        assert "Deep learning" in op.spec["asked_by"]

    def test_a_stranger_and_a_learner_act_on_nothing(self, seat: Seat, stranger: User, lea: User) -> None:
        for nobody in (stranger, lea):
            with pytest.raises(PortalError) as refused:
                acts.stop(seats=[seat], by=nobody)
            assert refused.value.id == "workshops:unknown"
        assert kinds() == []

    def test_where_nobody_is_connected_it_is_said_and_the_seat_stays_as_it_is(
        self, seat: Seat, member: User
    ) -> None:
        CloudCredential.objects.update(refused_at=timezone.now())
        assert problem(acts.stop(seats=[seat], by=member)) == "instances:nobody-to-act"
        seat.refresh_from_db()
        assert (seat.stage, seat.held_until) == ("ready", None)

    def test_the_portal_itself_acts_without_a_person(self, seat: Seat) -> None:
        assert problem(acts.shelve(seats=[seat], by=None)) == ""
        assert AuditEvent.objects.get(action="workshop.seat-shelve").actor_id == ""

    def test_held_until_a_time_the_clock_leaves_it_alone(
        self, offered: Allocation, seat: Seat, member: User
    ) -> None:
        until = timezone.now() + timedelta(days=2)
        assert problem(acts.hold(seats=[seat], by=member, until=until)) == ""
        Workshop.objects.update(state="ended", ended_at=timezone.now())
        make_round(seat.workshop)
        seat.refresh_from_db()
        assert (seat.held_until, seat.stage, kinds()) == (until, "ready", [])


class TestAnother:
    def test_a_replaced_seat_is_empty_and_the_next_rounds_delete_and_build(
        self, offered: Allocation, seat: Seat, member: User
    ) -> None:
        old = seat.instance
        assert problem(acts.replace(seats=[seat], by=member)) == ""
        seat.refresh_from_db()
        assert (seat.stage, seat.instance) == ("empty", None)
        assert SeatMachine.objects.get(instance=old).left_because == "replaced"
        make_round(seat.workshop)
        seat.refresh_from_db()
        assert seat.stage == "building"
        assert Operation.objects.filter(kind="instance.delete", target_id=str(old.pk)).exists()  # type: ignore[union-attr]

    def test_a_broken_seat_is_tried_at_once(self, seat: Seat, member: User) -> None:
        later = timezone.now() + timedelta(hours=1)
        Seat.objects.filter(pk=seat.pk).update(stage="broken", instance=None, attempts=5, not_before=later)
        acts.replace(seats=[seat], by=member)
        seat.refresh_from_db()
        assert (seat.stage, seat.attempts, seat.not_before) == ("empty", 0, None)

    def test_swapped_for_a_spare_the_learner_has_its_machine_at_once(
        self, workshop: Workshop, seat: Seat, learner: Learner, helper: User
    ) -> None:
        old, spare = seat.instance, sit(seat_of(workshop, 1, spare=True))
        assert problem(acts.swap(seats=[seat], by=helper)) == ""
        seat.refresh_from_db()
        behind = seat_of(workshop, 1, spare=True)
        assert (seat.instance, seat.stage, seat.learner) == (spare.instance, "ready", learner)
        assert (behind.instance, behind.stage) == (None, "empty")
        assert SeatMachine.objects.get(instance=old).left_because == "swapped"
        serves = SeatMachine.objects.get(instance=spare.instance)
        assert (serves.seat, serves.learner) == (seat, learner)

    def test_without_a_ready_spare_there_is_no_swap(
        self, workshop: Workshop, seat: Seat, member: User
    ) -> None:
        sit(seat_of(workshop, 1, spare=True), stage="building")
        assert problem(acts.swap(seats=[seat], by=member)) == "workshops:no-spare"
        seat.refresh_from_db()
        assert seat.stage == "ready"

    def test_a_reset_is_one_operation_during_which_the_seat_is_mended(self, seat: Seat, member: User) -> None:
        assert problem(acts.reset(seats=[seat], by=member, keep_home=True)) == ""
        seat.refresh_from_db()
        op = Operation.objects.get()
        assert (seat.stage, seat.operation, op.kind) == ("mending", op.pk, "seat.reset")
        assert op.spec["keep_home"] is True
        assert problem(acts.reset(seats=[seat], by=member, keep_home=False)) != ""

    def test_a_root_disk_that_is_a_volume_is_reset_by_another_machine(self, seat: Seat, member: User) -> None:
        seat.instance.volume_backed = True  # type: ignore[union-attr]
        seat.instance.save()  # type: ignore[union-attr]
        assert problem(acts.reset(seats=[seat], by=member, keep_home=False)) == ""
        seat.refresh_from_db()
        assert seat.stage == "empty"


class TestDrive:
    def test_one_who_runs_it_sits_at_a_seat_of_its_own_whatever_the_clock_says(
        self, offered: Allocation, member: User
    ) -> None:
        draft = make_workshop(offered, member, state="draft", begun_at=None)
        seat = acts.test_drive(workshop=draft, by=member, minutes=30)
        assert (seat.number, seat.learner.user, seat.learner.via) == (0, member, "test")  # type: ignore[union-attr]
        make_round(draft)
        assert Seat.objects.get(pk=seat.pk).stage == "building"
        assert Operation.objects.count() == 1
        assert acts.test_drive(workshop=draft, by=member, minutes=30) == seat

    def test_when_its_time_is_over_seat_learner_and_machine_go(
        self, offered: Allocation, member: User
    ) -> None:
        draft = make_workshop(offered, member, state="draft", begun_at=None)
        seat = acts.test_drive(workshop=draft, by=member, minutes=30)
        sit(Seat.objects.select_related("workshop", "learner").get(pk=seat.pk))
        Seat.objects.filter(pk=seat.pk).update(held_until=timezone.now())
        make_round(draft)
        assert not Seat.objects.filter(number=0).exists()
        assert not Learner.objects.filter(workshop=draft).exists()
        assert SeatMachine.objects.get().left_because == "over"
        make_round(draft)
        assert kinds() == ["instance.delete"]

    def test_one_seat_for_one_person_at_a_time(self, workshop: Workshop, member: User, pi: User) -> None:
        acts.test_drive(workshop=workshop, by=member, minutes=30)
        with pytest.raises(PortalError) as refused:
            acts.test_drive(workshop=workshop, by=pi, minutes=30)
        assert (refused.value.id, refused.value.params["who"]) == ("workshops:drive-taken", str(member))

    def test_a_learner_of_it_and_an_assistant_have_none(
        self, workshop: Workshop, member: User, helper: User
    ) -> None:
        make_learner(workshop, member)
        with pytest.raises(PortalError) as refused:
            acts.test_drive(workshop=workshop, by=member, minutes=30)
        assert refused.value.id == "workshops:drive-learner"
        with pytest.raises(PortalError) as forbidden:
            acts.test_drive(workshop=workshop, by=helper, minutes=30)
        assert forbidden.value.id == "portal:forbidden"

    def test_nothing_is_tried_out_once_it_is_over(self, workshop: Workshop, member: User) -> None:
        Workshop.objects.update(state="ended")
        with pytest.raises(PortalError) as refused:
            acts.test_drive(workshop=workshop, by=member, minutes=30)
        assert refused.value.id == "workshops:is-over"


class TestSize:
    def test_fewer_seats_take_those_that_are_empty_and_delete_what_is_left_over(
        self, workshop: Workshop, seat: Seat, member: User
    ) -> None:
        sit(seat_of(workshop, 3))
        acts.set_size(workshop=workshop, by=member, seats=2, spares=0)
        assert list(workshop.places.values_list("spare", "number")) == [(False, 1), (False, 3)]
        acts.set_size(workshop=workshop, by=member, seats=1, spares=0)
        assert list(workshop.places.values_list("number", flat=True)) == [1]
        assert SeatMachine.objects.filter(left_because="over").count() == 1

    def test_nobody_loses_a_seat_without_being_told(
        self, workshop: Workshop, seat: Seat, other_learner: Learner, member: User
    ) -> None:
        make_learner(workshop, name="Ida", state="invited", joined_at=None)
        with pytest.raises(PortalError) as refused:
            acts.set_size(workshop=workshop, by=member, seats=2, spares=0)
        assert refused.value.params == {"taken": 3, "asked": 2}
        assert workshop.places.count() == 4

    def test_more_seats_are_there_at_once_for_who_waits(self, workshop: Workshop, member: User) -> None:
        people = [make_learner(workshop, name=str(n), state="waiting", joined_at=None) for n in range(5)]
        acts.set_size(workshop=workshop, by=member, seats=5, spares=2)
        assert workshop.places.filter(learner__in=people).count() == 5
        assert workshop.places.filter(spare=True).count() == 2

    @pytest.mark.parametrize("wrong", [{"seats": 100_000}, {"seats": -1}, {"spares": 1_000}])
    def test_not_more_than_the_cloud_builds(
        self, workshop: Workshop, member: User, wrong: dict[str, Any]
    ) -> None:
        with pytest.raises(PortalError) as refused:
            acts.set_size(workshop=workshop, by=member, **{"seats": 3, "spares": 1, **wrong})
        assert refused.value.id == "workshops:too-many-seats"

    def test_who_only_helps_plans_no_seats(self, workshop: Workshop, helper: User) -> None:
        with pytest.raises(PortalError) as refused:
            acts.set_size(workshop=workshop, by=helper, seats=9, spares=0)
        assert refused.value.id == "portal:forbidden"
