"""From one state of a workshop to the next, because time has passed. Called by each round of the engine, in its transaction.

Everything follows from what is wanted now: after an hour or a day in which nobody looked, nothing is made up for.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from instances.workshops import hooks, live, trail
from instances.workshops.clock import cap, telling
from instances.workshops.clock.keeping import derive
from instances.workshops.clock.phases import Phase
from instances.workshops.clock.reading import times_of
from instances.workshops.models import Seat, Workshop
from portal.core.errors import PortalError

State = Workshop.State
# What is waited for before the removal says nothing when it is done; it is asked again.
_ASK_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Turned:
    """`hold`: why no seat is begun for the meeting that comes up. `next_at`: when the clock has to be asked again."""

    changed: bool
    hold: PortalError | None = None
    next_at: datetime | None = None


def turn(workshop: Workshop, now: datetime, phase: Phase) -> Turned:
    """Of a workshop whose row is held; `phase` is that of its times now."""
    if workshop.state in (State.PLANNED, State.RUNNING):
        return _under_way(workshop, now, phase)
    if workshop.state == State.ENDED:
        return _kept(workshop, now)
    return Turned(changed=False)


def _under_way(workshop: Workshop, now: datetime, phase: Phase) -> Turned:
    if phase.want == "over":
        _end(workshop, now)
        return Turned(changed=True, next_at=workshop.remove_after)
    hold = cap.hold(workshop, now, phase, times_of(workshop)) if workshop.su_cap is not None else None
    if phase.want != "on" or hold is not None or workshop.state == State.RUNNING:
        return Turned(changed=False, hold=hold, next_at=phase.until)
    if not phase.worth_building:
        # Nobody was there to build it in time: its tail is no meeting.
        return Turned(changed=False, next_at=phase.until)
    workshop.state, workshop.begun_at = State.RUNNING, now
    _save(workshop, "workshop.begin", "begun_at")
    return Turned(changed=True, next_at=phase.until)


def _end(workshop: Workshop, now: datetime) -> None:
    """The last tail is over. What was never built leaves nothing to keep."""
    begun = workshop.state == State.RUNNING
    workshop.state, workshop.ended_at = State.ENDED, now
    derive(workshop)
    if not begun and not _has_machines(workshop):
        workshop.remove_after = now
    _save(workshop, "workshop.end", "ended_at", "remove_after")
    telling.ended(workshop, begun=begun)
    hooks.tell_plan_changed(workshop, "ended")


def _kept(workshop: Workshop, now: datetime) -> Turned:
    due = workshop.remove_after or now
    if now < due:
        return Turned(changed=False, next_at=due)
    waited = hooks.waits_for(workshop)
    if waited:
        telling.waits(workshop, waited, due, now)
        return Turned(changed=False, next_at=now + _ASK_AGAIN)
    workshop.state = State.REMOVING
    _save(workshop, "workshop.remove")
    return Turned(changed=True, next_at=now)


def _has_machines(workshop: Workshop) -> bool:
    return Seat.objects.filter(workshop=workshop).exclude(instance=None).exists()


def _save(workshop: Workshop, action: str, *fields: str) -> None:
    workshop.save(update_fields=["state", *fields])
    trail.record(action, workshop, by=None)
    live.workshop_changed(workshop)
