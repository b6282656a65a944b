"""Work: asked for at the end by itself, waited for, brought back for, given up by a word, erased when its time is over."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from instances.workshops import hooks
from instances.workshops.engine.acts import SeatResult
from instances.workshops.models import Learner, Seat, Workshop
from instances.workshops.runs import collecting, tidying, vault, waking
from instances.workshops.runs.jobs import State
from instances.workshops.runs.models import CommandRun, Push, Stored, Work, WorkPlan
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from portal.notices.models import Notice
from tests.instances.workshops.room import make_learner, seat_of, sit

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def over(workshop: Workshop, seat: Seat, other_learner: Learner) -> Workshop:
    """Just ended, with two learners at machines, as the clock does it."""
    now = timezone.now()
    Workshop.objects.filter(pk=workshop.pk).update(state=Workshop.State.ENDED, ended_at=now)
    workshop.refresh_from_db()
    hooks.tell_plan_changed(workshop, "ended")
    return workshop


def arrive(row: Work, at: datetime | None = None, content: bytes = b"tar") -> None:
    stored = vault.keep([content])
    Work.objects.filter(pk=row.pk).update(
        state=State.DONE,
        stored=stored,
        collected_at=at or timezone.now(),
        next_at=None,
        ended_at=timezone.now(),
    )


def test_at_the_end_everybodys_work_is_asked_for_by_itself(over: Workshop) -> None:
    assert Work.objects.filter(workshop=over, state=State.ASKED).exclude(next_at=None).count() == 2
    assert AuditEvent.objects.filter(action="workshop.collect", actor_id="").count() == 1


def test_other_changes_of_the_plan_ask_for_nothing(workshop: Workshop, seat: Seat) -> None:
    for what in ("planned", "moved", "cancelled"):
        hooks.tell_plan_changed(workshop, what)
    assert not Work.objects.exists()


def test_where_nothing_is_wanted_nothing_is_asked_for_nor_waited_for(
    workshop: Workshop, seat: Seat, member: User
) -> None:
    collecting.set_plan(workshop=workshop, by=member, wanted=False, patterns="")
    workshop.state, workshop.ended_at = Workshop.State.ENDED, timezone.now()
    hooks.tell_plan_changed(workshop, "ended")
    assert not Work.objects.exists() and collecting.waits(workshop) == "" and collecting.holds(workshop) == ""


def test_a_test_drive_and_an_empty_seat_are_nobodys_work(workshop: Workshop, seat: Seat) -> None:
    sit(seat_of(workshop, 2), make_learner(workshop, None, name="Test", via=Learner.Via.TEST))
    sit(seat_of(workshop, 3))
    collecting.collect(workshop=workshop, by=None)
    assert [row.learner for row in Work.objects.all()] == [seat.learner]


def test_removal_waits_until_all_of_it_is_here(over: Workshop) -> None:
    first, second = Work.objects.all()
    assert collecting.waits(over) == "The work of 2 learners is still to be collected"
    arrive(first)
    assert "one learner" in collecting.waits(over)
    arrive(second)
    assert collecting.waits(over) == ""


def test_what_was_collected_in_class_is_not_the_work_of_the_end(over: Workshop) -> None:
    for row in Work.objects.all():
        arrive(row, at=timezone.now() - 2 * HOUR)
    assert "2 learners" in collecting.waits(over)


def test_a_machine_that_is_gone_is_not_waited_for(over: Workshop, seat: Seat) -> None:
    arrive(Work.objects.exclude(seat=seat).get())
    Seat.objects.filter(pk=seat.pk).update(instance=None)
    assert collecting.waits(over) == ""


def test_removal_does_not_wait_for_ever(over: Workshop) -> None:
    Workshop.objects.filter(pk=over.pk).update(remove_after=timezone.now() - timedelta(days=31))
    over.refresh_from_db()
    assert collecting.waits(over) == ""


def test_a_word_goes_on_without_it(over: Workshop, member: User) -> None:
    collecting.go_on_without(workshop=over, by=member)
    collecting.go_on_without(workshop=over, by=member)
    assert collecting.waits(over) == ""
    [told] = AuditEvent.objects.filter(action="workshop.work_given_up")
    assert told.detail["learners"] == 2
    assert WorkPlan.objects.get().gone_on_by == member


def test_machines_are_left_on_while_it_goes_on_but_not_for_long(over: Workshop) -> None:
    assert "2 learners" in collecting.holds(over)
    Work.objects.update(state=State.UNREACHABLE, next_at=None)
    assert collecting.holds(over) == ""
    Work.objects.update(next_at=timezone.now())
    Workshop.objects.filter(pk=over.pk).update(ended_at=timezone.now() - HOUR)
    over.refresh_from_db()
    assert collecting.holds(over) == ""


def test_both_hooks_hear_of_it(over: Workshop) -> None:
    assert any("collected" in words for words in hooks.waits_for(over))
    assert any("collected" in words for words in hooks.holds_back(over))


def test_asked_for_again_it_begins_anew_and_keeps_what_is_here(
    over: Workshop, member: User, seat: Seat
) -> None:
    row = Work.objects.get(seat=seat)
    arrive(row)
    collecting.collect(workshop=over, by=member, seats=[seat])
    row.refresh_from_db()
    assert (
        (row.state, row.attempts) == (State.ASKED, 0) and row.stored is not None and row.next_at is not None
    )
    assert Work.objects.count() == 2


def test_patterns_that_lead_elsewhere_are_refused_and_the_old_ones_hold(
    workshop: Workshop, member: User
) -> None:
    collecting.set_plan(workshop=workshop, by=member, wanted=True, patterns="notebooks\n*.ipynb")
    with pytest.raises(PortalError) as refusal:
        collecting.set_plan(workshop=workshop, by=member, wanted=True, patterns="../x")
    assert refusal.value.id == "workshops:bad-patterns"
    assert collecting.plan_of(workshop).patterns == ["notebooks", "*.ipynb"]


# Machines that are put away


class Acts:
    """What was asked of the engine; who refuses."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[int]]] = []
        self.refuses: set[int] = set()

    def start(self, *, seats: list[Seat], by: User | None) -> list[SeatResult]:
        assert by is None
        self.asked.append(("start", [seat.number for seat in seats]))
        return [
            SeatResult(seat, PortalError("workshops:not-now") if seat.number in self.refuses else None)
            for seat in seats
        ]

    def shelve(self, *, seats: list[Seat], by: User | None) -> list[SeatResult]:
        self.asked.append(("shelve", [seat.number for seat in seats]))
        return [SeatResult(seat) for seat in seats]


@pytest.fixture
def acts(monkeypatch: pytest.MonkeyPatch) -> Acts:
    made = Acts()
    monkeypatch.setattr(waking, "acts", made)
    return made


def away(*, stage: str = Seat.Stage.AWAY) -> None:
    Seat.objects.exclude(instance=None).update(stage=stage)


@pytest.fixture
def asleep(workshop: Workshop, seat: Seat, other_learner: Learner) -> Workshop:
    """Over, and its machines were put away before."""
    away()
    now = timezone.now()
    Workshop.objects.filter(pk=workshop.pk).update(state=Workshop.State.ENDED, ended_at=now)
    workshop.refresh_from_db()
    hooks.tell_plan_changed(workshop, "ended")
    return workshop


def test_machines_that_are_away_are_brought_back_a_batch_at_a_time_and_put_away_again(
    asleep: Workshop, acts: Acts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waking, "AT_ONCE", 1)
    assert not Work.objects.exclude(next_at=None).exists()
    waking.look()
    waking.look()
    assert acts.asked == [("start", [1])]
    Seat.objects.filter(number=1).update(stage=Seat.Stage.READY)
    waking.look()
    first = Work.objects.get(seat__number=1)
    assert first.next_at is not None and first.wakes == 1
    arrive(first)
    waking.look()
    assert acts.asked[1:] == [("shelve", [1])]
    waking.look()
    assert acts.asked[2:] == [("start", [2])]


def test_one_that_was_given_up_before_is_brought_back_and_put_away_again(
    asleep: Workshop, acts: Acts
) -> None:
    now = timezone.now()
    Work.objects.update(state=State.UNREACHABLE, ended_at=now - 2 * HOUR, problem_id="remote:timeout")
    waking.look()
    assert acts.asked == [("start", [1, 2])]
    Seat.objects.exclude(instance=None).update(stage=Seat.Stage.RETURNING)
    waking.look()
    Seat.objects.exclude(instance=None).update(stage=Seat.Stage.READY)
    waking.look()
    assert Work.objects.exclude(next_at=None).exclude(woken_at=None).count() == 2
    for row in Work.objects.all():
        arrive(row)
    waking.look()
    assert acts.asked[1:] == [("shelve", [1, 2])]
    waking.look()
    assert len(acts.asked) == 2


def test_one_that_does_not_come_back_makes_room_for_the_next(
    asleep: Workshop, acts: Acts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waking, "AT_ONCE", 1)
    waking.look()
    Seat.objects.filter(number=1).update(stage=Seat.Stage.BROKEN)
    later = timezone.now() + HOUR
    waking.look(later)
    first = Work.objects.get(seat__number=1)
    assert (first.state, first.wakes, first.woken_at) == (State.UNREACHABLE, 1, None)
    waking.look(later)
    assert acts.asked == [("start", [1]), ("start", [2])]


def test_what_does_not_answer_is_tried_again_after_an_hour_and_told_in_the_end(
    over: Workshop, acts: Acts, member: User
) -> None:
    now = timezone.now()
    for wake in range(waking.MOST_WAKES):
        Work.objects.update(state=State.UNREACHABLE, next_at=None, ended_at=now, problem_id="remote:timeout")
        waking.look(now + HOUR / 2)
        assert not Work.objects.exclude(next_at=None).exists()
        now += HOUR
        waking.look(now)
        assert Work.objects.filter(state=State.ASKED, wakes=wake + 1).exclude(next_at=None).count() == 2
    Work.objects.update(state=State.UNREACHABLE, next_at=None, ended_at=now)
    told = Notice.objects.filter(title__contains="could not be collected")
    assert not told.exists()
    for _ in range(2):
        waking.look(now + 2 * HOUR)
    [notice] = told
    assert notice.user == member and "2 learners" in notice.title
    assert "2 learners" in collecting.waits(over), "it still waits for a word"


def test_a_machine_that_cannot_be_started_counts_as_tried(asleep: Workshop, acts: Acts) -> None:
    acts.refuses = {1, 2}
    waking.look()
    rows = Work.objects.all()
    assert {(row.state, row.wakes, row.woken_at) for row in rows} == {(State.UNREACHABLE, 1, None)}


def test_after_the_word_nobody_is_brought_back(asleep: Workshop, acts: Acts, member: User) -> None:
    collecting.go_on_without(workshop=asleep, by=member)
    waking.look()
    assert acts.asked == []


# Time over


def test_work_is_erased_when_its_time_is_over_and_not_before(over: Workshop) -> None:
    for row in Work.objects.all():
        arrive(row)
    until = collecting.erased_after(over)
    assert until is not None
    assert tidying.erase_work(until - HOUR) == 0
    assert tidying.erase_work(until) == 2 and tidying.erase_work(until) == 0
    assert not Work.objects.exclude(stored=None).exists() and not Work.objects.filter(erased_at=None).exists()
    assert all(stored.removed_at and not stored.sealed_key for stored in Stored.objects.all())
    assert AuditEvent.objects.filter(action="workshop.work_erased").count() == 1


def test_commands_go_so_long_after_their_workshop(workshop: Workshop) -> None:
    now = timezone.now()
    CommandRun.objects.create(workshop=workshop, sealed_command="x", seconds=5, asked_at=now)
    assert tidying.erase_runs(now + timedelta(days=400)) == 0
    Workshop.objects.filter(pk=workshop.pk).update(state=Workshop.State.REMOVED, removed_at=now)
    assert tidying.erase_runs(now + timedelta(days=29)) == 0
    assert tidying.erase_runs(now + timedelta(days=30)) == 1


def test_what_was_pushed_once_is_kept_no_longer_than_it_takes(workshop: Workshop) -> None:
    now = timezone.now()
    for course in (False, True):
        Push.objects.create(
            workshop=workshop, stored=vault.keep([b"x"]), name="a", asked_at=now, course=course
        )
    assert tidying.drop_pushes(now + HOUR) == 0
    assert tidying.drop_pushes(now + timedelta(days=3)) == 1
    Workshop.objects.filter(pk=workshop.pk).update(state=Workshop.State.REMOVED)
    assert tidying.drop_pushes(now) == 1


@pytest.mark.django_db(transaction=True)
def test_what_a_crash_left_is_swept_after_a_day(work_dir: Any) -> None:
    import os

    half = vault.Writer(vault.begin())
    half.write(b"x" * 1_000_000)
    half.close()
    path = vault.path_of(half.stored)
    tidying.tidy()
    assert path.exists()
    os.utime(path, (0, 0))
    tidying.tidy(timezone.now() + 2 * 24 * HOUR)
    assert not path.exists() and not Stored.objects.exists()
