"""What people decide about the times of a workshop."""

from datetime import time

import pytest

from allocations.models import Allocation, Membership
from instances.models import Instance
from instances.workshops import hooks
from instances.workshops.clock import services
from instances.workshops.clock.services import cancel, finish, hand_to, keep, plan, remove_now, set_meetings
from instances.workshops.models import Helper, SeatMachine, Workshop
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from tests.cast import make_user
from tests.instances.workshops.clock.conftest import (
    DAY,
    END,
    HOUR,
    MINUTE,
    START,
    STATE,
    THURSDAY,
    TUESDAY,
    Clock,
    Make,
    meets,
    times,
    told,
)
from tests.instances.workshops.room import make_helper, seat_machine, seat_of, sit

NOON = time(12)


def refused(call: object, **given: object) -> str:
    with pytest.raises(PortalError) as caught:
        call(**given)  # type: ignore[operator]
    return caught.value.id


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(hooks, "_plans", [lambda workshop, what: found.append(what)])
    return found


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


def test_a_draft_is_planned_and_the_engine_is_woken(
    make: Make, member: User, clock: Clock, heard: list[str]
) -> None:
    draft = make(state=STATE.DRAFT, planned_at=None)
    plan(workshop=draft, by=member)
    draft.refresh_from_db()
    assert (draft.state, draft.planned_at, draft.next_at) == (STATE.PLANNED, clock.now, clock.now)
    assert draft.opens_at == START - 15 * MINUTE
    assert draft.closes_at == END + 2 * DAY + 15 * MINUTE
    assert draft.remove_after == draft.closes_at + 3 * DAY
    plan(workshop=draft, by=member)
    assert (actions(), heard) == (["workshop.plan"], ["planned"])


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"image_id": ""}, "workshops:incomplete"),
        ({"flavor_id": ""}, "workshops:incomplete"),
        ({"seats": 0}, "workshops:incomplete"),
        ({"title": "  "}, "workshops:incomplete"),
        ({"login": ""}, "workshops:incomplete"),
    ],
)
def test_what_is_missing_is_named(make: Make, member: User, fields: dict[str, object], problem: str) -> None:
    draft = make(state=STATE.DRAFT, **fields)
    assert refused(plan, workshop=draft, by=member) == problem
    draft.refresh_from_db()
    assert draft.state == STATE.DRAFT


def test_a_draft_without_a_zone_or_in_the_past_is_not_planned(make: Make, member: User, clock: Clock) -> None:
    nowhere = make(state=STATE.DRAFT)
    Workshop.objects.filter(pk=nowhere.pk).update(time_zone="Mars/Olympus")
    assert refused(plan, workshop=nowhere, by=member) == "workshops:bad-zone"
    late = make(state=STATE.DRAFT)
    clock.to(START)
    assert refused(plan, workshop=late, by=member) == "workshops:meeting-in-past"
    set_meetings(workshop=late, by=member, meetings=[])
    assert refused(plan, workshop=late, by=member) == "workshops:no-meetings"


def test_meetings_are_moved_while_planned(
    planned: Workshop, member: User, clock: Clock, heard: list[str]
) -> None:
    set_meetings(workshop=planned, by=member, meetings=[meets(THURSDAY, ends=NOON)])
    planned.refresh_from_db()
    assert times(planned) == [(START + 2 * DAY, START + 2 * DAY + 2 * HOUR)]
    assert planned.opens_at == START + 2 * DAY - 15 * MINUTE
    assert planned.next_at == clock.now
    event = AuditEvent.objects.get(action="workshop.times")
    assert event.detail["after"] == "2026-11-26 10:00-12:00"
    assert heard == ["moved"]
    assert refused(set_meetings, workshop=planned, by=member, meetings=[]) == "workshops:no-meetings"


def test_while_one_runs_the_others_are_moved_and_it_is_made_longer(
    running: Workshop, member: User, heard: list[str]
) -> None:
    set_meetings(workshop=running, by=member, meetings=[meets(TUESDAY, ends=NOON), meets(THURSDAY)])
    assert times(running)[0] == (START, START + 2 * HOUR)
    assert heard == []
    assert refused(set_meetings, workshop=running, by=member, meetings=[meets(THURSDAY)]) == (
        "workshops:meeting-running"
    )


def test_a_workshop_that_has_ended_goes_on_with_a_meeting_to_come(
    make: Make, member: User, clock: Clock
) -> None:
    ended = make(meets(TUESDAY), state=STATE.ENDED)
    Workshop.objects.filter(pk=ended.pk).update(ended_at=clock.to(END + HOUR))
    set_meetings(workshop=ended, by=member, meetings=[meets(TUESDAY)])
    ended.refresh_from_db()
    assert ended.state == STATE.ENDED
    set_meetings(workshop=ended, by=member, meetings=[meets(THURSDAY)])
    ended.refresh_from_db()
    assert (ended.state, ended.ended_at) == (STATE.RUNNING, None)
    assert len(times(ended)) == 2
    assert ended.remove_after == END + 2 * DAY + 15 * MINUTE + 3 * DAY


@pytest.mark.parametrize(
    ("state", "problem"),
    [
        (STATE.REMOVING, "workshops:being-removed"),
        (STATE.REMOVED, "workshops:over"),
        (STATE.CANCELLED, "workshops:over"),
    ],
)
def test_what_is_being_torn_down_is_not_built_again(
    make: Make, member: User, state: str, problem: str
) -> None:
    gone = make(state=state)
    before = times(gone)
    for call, more in (
        (set_meetings, {"meetings": [meets(THURSDAY)]}),
        (keep, {"days": 9}),
    ):
        assert refused(call, workshop=gone, by=member, **more) == problem
    assert times(gone) == before


def test_only_who_plans_it_moves_its_meetings(
    planned: Workshop, member: User, pi: User, colleague: User, stranger: User, operator: User
) -> None:
    instructor = make_user("ines")
    make_helper(planned, instructor, Helper.Role.INSTRUCTOR)
    wanted = [meets(THURSDAY)]
    for user in (instructor, operator):
        assert refused(set_meetings, workshop=planned, by=user, meetings=wanted) == "portal:forbidden"
    for user in (stranger, colleague):
        assert refused(set_meetings, workshop=planned, by=user, meetings=wanted) == "workshops:unknown"
    set_meetings(workshop=planned, by=pi, meetings=wanted)
    assert len(times(planned)) == 1


def test_before_its_first_meeting_it_is_cancelled(planned: Workshop, member: User, heard: list[str]) -> None:
    cancel(workshop=planned, by=member)
    cancel(workshop=planned, by=member)
    planned.refresh_from_db()
    assert planned.state == STATE.CANCELLED
    assert (heard, actions()) == (["cancelled"], ["workshop.cancel"])


def test_what_was_built_for_a_cancelled_one_is_removed_and_counted(
    planned: Workshop, member: User, clock: Clock
) -> None:
    sit(seat_of(planned))
    cancel(workshop=planned, by=member)
    planned.refresh_from_db()
    assert (planned.state, planned.remove_after) == (STATE.REMOVING, clock.now)


def test_seats_being_built_ahead_do_not_keep_it_from_being_cancelled(
    make: Make, member: User, clock: Clock
) -> None:
    building = make(state=STATE.RUNNING)
    sit(seat_of(building))
    clock.to(START - 10 * MINUTE)
    # To end it and to cancel it are the same then.
    finish(workshop=building, by=member)
    building.refresh_from_db()
    assert building.state == STATE.REMOVING


def test_once_it_has_begun_it_is_ended_and_not_cancelled(
    running: Workshop, member: User, clock: Clock, heard: list[str]
) -> None:
    assert refused(cancel, workshop=running, by=member) == "workshops:has-begun"
    finish(workshop=running, by=member)
    running.refresh_from_db()
    assert times(running) == [(START, clock.now)]
    assert running.state == STATE.RUNNING
    assert running.closes_at == clock.now + 15 * MINUTE
    assert heard == ["moved"]


def test_between_two_meetings_ending_it_takes_out_the_second(
    running: Workshop, member: User, clock: Clock
) -> None:
    clock.to(END + DAY)
    finish(workshop=running, by=member)
    running.refresh_from_db()
    assert times(running) == [(START, END)]
    assert running.closes_at == END + 15 * MINUTE


def test_seats_are_kept_longer_or_removed_now(make: Make, member: User, clock: Clock) -> None:
    ended = make(meets(TUESDAY), state=STATE.ENDED, ended_at=END + 15 * MINUTE)
    clock.to(END + HOUR)
    keep(workshop=ended, by=member, days=10)
    ended.refresh_from_db()
    assert ended.remove_after == END + 15 * MINUTE + 10 * DAY
    assert refused(keep, workshop=ended, by=member, days=61) == "workshops:bad-days"
    assert refused(keep, workshop=ended, by=member, days=-1) == "workshops:bad-days"
    remove_now(workshop=ended, by=member)
    remove_now(workshop=ended, by=member)
    ended.refresh_from_db()
    assert (ended.state, ended.remove_after) == (STATE.REMOVING, clock.now)
    assert actions().count("workshop.remove") == 1


def test_nothing_that_runs_is_removed(running: Workshop, member: User) -> None:
    assert refused(remove_now, workshop=running, by=member) == "workshops:not-ended"


def test_it_is_handed_to_a_member_with_its_machines(running: Workshop, member: User, colleague: User) -> None:
    sit(seat_of(running))
    gone = seat_machine(running, deleted_at=START)
    hand_to(workshop=running, by=member, to=colleague)
    running.refresh_from_db()
    assert running.owner == colleague
    assert seat_of(running).instance.owner == colleague  # type: ignore[union-attr]
    assert Instance.objects.get(pk=gone.pk).owner == member
    assert ("colin", f"{running.title} is yours now") in told()
    # Who handed it on has no say any more.
    assert refused(hand_to, workshop=running, by=member, to=member) == "workshops:unknown"


def test_it_is_handed_to_nobody_who_cannot_run_it(
    running: Workshop, member: User, stranger: User, reader: User, former_member: User
) -> None:
    for person in (stranger, reader, former_member):
        assert refused(hand_to, workshop=running, by=member, to=person) == "workshops:no-such-heir"
    running.refresh_from_db()
    assert running.owner == member


def test_when_the_instructor_leaves_nothing_changes_but_whose_it_is(
    running: Workshop, member: User, pi: User, manager: User, allocation: Allocation
) -> None:
    from allocations.services import end

    sit(seat_of(running))
    before: dict[str, object] = dict(Workshop.objects.values().get(pk=running.pk))
    end(member, list(Membership.objects.filter(user=member)), by=pi)
    after: dict[str, object] = dict(Workshop.objects.values().get(pk=running.pk))
    assert {key for key in before if before[key] != after[key]} == {"owner_id", "version"}
    assert after["owner_id"] is None
    assert SeatMachine.objects.filter(workshop=running, instance__deleted_at=None).count() == 1
    assert told("lost its instructor") == {
        (name, f"{running.title} has lost its instructor") for name in ("alice", "mary")
    }
    # It belongs to those who manage: they plan it, and hand it on.
    assert refused(services.keep, workshop=running, by=member, days=1) == "workshops:unknown"
    hand_to(workshop=running, by=manager, to=pi)
    running.refresh_from_db()
    assert running.owner == pi


def test_who_leaves_loses_none_that_is_over(make: Make, member: User, pi: User) -> None:
    from allocations.services import end

    gone = make(state=STATE.REMOVED)
    end(member, list(Membership.objects.filter(user=member)), by=pi)
    gone.refresh_from_db()
    assert gone.owner == member
    assert told() == set()
