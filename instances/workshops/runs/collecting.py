"""Learners' work: asked for at the end by itself and before by hand, waited for before anything is removed."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from instances.workshops import trail
from instances.workshops.models import Learner, Seat, Workshop
from instances.workshops.runs import enqueue, telling
from instances.workshops.runs.jobs import State
from instances.workshops.runs.limits import limits_of
from instances.workshops.runs.models import Work, WorkPlan
from instances.workshops.runs.wanted import Refused, patterns_of
from portal.accounts.models import User
from portal.core import bulk
from portal.core.errors import PortalError

# Machines are left on for it so long after the end; what takes longer is done one batch after another.
HOLDS = timedelta(hours=1)
_AFTER_END = (Workshop.State.ENDED, Workshop.State.REMOVING, Workshop.State.REMOVED)


def plan_of(workshop: Workshop) -> WorkPlan:
    """As it was chosen; else all homes. Not stored by this."""
    return WorkPlan.objects.filter(workshop=workshop).first() or WorkPlan(workshop=workshop)


@transaction.atomic
def set_plan(*, workshop: Workshop, by: User, wanted: bool, patterns: str) -> WorkPlan:
    try:
        chosen = patterns_of(patterns)
    except Refused as refused:
        raise PortalError("workshops:bad-patterns", why=str(refused)) from None
    changes = {"wanted": wanted, "patterns": chosen}
    made, _ = WorkPlan.objects.update_or_create(workshop=workshop, defaults=changes)
    trail.record("workshop.work_plan", workshop, by=by, wanted=wanted, patterns=", ".join(chosen)[:200])
    telling.work_changed(workshop.pk)
    return made


@transaction.atomic
def collect(*, workshop: Workshop, by: User | None, seats: Iterable[Seat] | None = None) -> list[Work]:
    """Ask for it at each seat that has a learner and a machine; tests of the room are nobody's work."""
    # Two who ask at once, or the end meanwhile: each learner has one row.
    Workshop.objects.select_for_update().get(pk=workshop.pk)
    rows = seats_with_work(workshop)
    if seats is not None:
        rows = rows.filter(pk__in=[seat.pk for seat in seats])
    chosen = list(rows.select_related("learner"))
    if by is not None and not chosen:
        raise PortalError("workshops:no-seats-chosen")
    now = timezone.now()
    there = {row.learner_id: row for row in Work.objects.filter(workshop=workshop)}
    new = [_work(workshop, seat, now) for seat in chosen if seat.learner_id not in there]
    old = [_asked(there[seat.learner_id], seat, now) for seat in chosen if seat.learner_id in there]
    bulk.insert(new)
    bulk.update(old, ["seat", "state", "attempts", "asked_at", "next_at", "ended_at", "problem_id", "wakes"])
    if by is not None or chosen:
        trail.record("workshop.collect", workshop, by=by, seats=len(chosen))
    telling.work_changed(workshop.pk)
    enqueue.soon("work", len(chosen))
    return new + old


def seats_with_work(workshop: Workshop) -> QuerySet[Seat]:
    rows = Seat.objects.filter(workshop=workshop, spare=False).exclude(instance=None)
    return rows.exclude(learner=None).exclude(learner__via=Learner.Via.TEST)


def _work(workshop: Workshop, seat: Seat, now: datetime) -> Work:
    assert seat.learner_id is not None
    return Work(
        workshop=workshop, learner_id=seat.learner_id, seat=seat, asked_at=now, next_at=_begins(seat, now)
    )


def _asked(row: Work, seat: Seat, now: datetime) -> Work:
    row.seat, row.state, row.attempts, row.wakes = seat, State.ASKED, 0, 0
    row.asked_at, row.next_at, row.ended_at, row.problem_id = now, _begins(seat, now), None, ""
    return row


def _begins(seat: Seat, now: datetime) -> datetime | None:
    """A machine that is put away is brought back for it first (`waking`)."""
    return None if seat.stage in (Seat.Stage.AWAY, Seat.Stage.RETURNING) else now


def at_end(workshop: Workshop, what: str) -> None:
    """In the transaction in which it ended: nothing is put away before this was asked for."""
    if what == "ended" and plan_of(workshop).wanted:
        collect(workshop=workshop, by=None)


@transaction.atomic
def go_on_without(*, workshop: Workshop, by: User) -> None:
    """What could not be collected is not waited for any more."""
    now = timezone.now()
    WorkPlan.objects.get_or_create(workshop=workshop)
    gone = WorkPlan.objects.filter(workshop=workshop, gone_on_at=None)
    if gone.update(gone_on_at=now, gone_on_by=by):
        missing = missing_of(workshop).count()
        trail.record("workshop.work_given_up", workshop, by=by, learners=missing)
        Workshop.objects.filter(pk=workshop.pk).update(next_at=now)
        telling.work_changed(workshop.pk)


def missing_of(workshop: Workshop) -> QuerySet[Work]:
    """Whose work of the end is not here, while there is a machine that has it."""
    here = (
        Q(state=State.DONE, collected_at__gte=workshop.ended_at) if workshop.ended_at else Q(state=State.DONE)
    )
    return (
        Work.objects.filter(workshop=workshop).exclude(here).exclude(seat=None).exclude(seat__instance=None)
    )


def waits(workshop: Workshop) -> str:
    """Before anything is removed; not for ever: nobody may be there to say a word."""
    plan = plan_of(workshop)
    if workshop.state != Workshop.State.ENDED or not plan.wanted or plan.gone_on_at:
        return ""
    until = (workshop.remove_after or timezone.now()) + limits_of(workshop).work_kept
    count = missing_of(workshop).count() if timezone.now() < until else 0
    return f"The work of {learners(count)} is still to be collected" if count else ""


def holds(workshop: Workshop) -> str:
    """Before machines are put away: collecting goes on, or is about to."""
    if workshop.state != Workshop.State.ENDED or workshop.ended_at is None:
        return ""
    if timezone.now() >= workshop.ended_at + HOLDS:
        return ""
    count = missing_of(workshop).exclude(next_at=None).count()
    return f"The work of {learners(count)} is being collected" if count else ""


def learners(count: int) -> str:
    return "one learner" if count == 1 else f"{count} learners"


def is_over(workshop: Workshop) -> bool:
    """Whether learners find their work here."""
    return workshop.state in _AFTER_END


def erased_after(workshop: Workshop) -> datetime | None:
    """Until when it is kept; None while that is not known yet."""
    over = workshop.removed_at or workshop.remove_after or workshop.ended_at
    return over + limits_of(workshop).work_kept if over else None
