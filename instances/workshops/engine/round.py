"""One round of one workshop: read everything, decide, carry it out. Nothing in it waits.

Killed anywhere, it is due again when its lease is over, and goes on from what is then. Two at once do nothing twice: each
step looks again under the workshop's lock.
"""

import math
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from instances.workshops.clock.phases import Phase, phase_at
from instances.workshops.clock.reading import times_of
from instances.workshops.clock.turning import Turned, turn
from instances.workshops.engine import facts as reading
from instances.workshops.engine import launching, moves, plan, removal, seating
from instances.workshops.engine.carry import carry
from instances.workshops.engine.shapes import Facts, Step
from instances.workshops.engine.usual import usual_build_seconds
from instances.workshops.guests.jump import ensure_jump
from instances.workshops.models import Seat, Workshop
from portal.cloud.config import clouds
from portal.core.claims import claim

State = Workshop.State
Stage = Seat.Stage
# Longer than the task of a round may take.
LEASE = timedelta(seconds=60)
SOON = timedelta(seconds=1)
CHANGING = timedelta(seconds=2)
QUIET = timedelta(seconds=60)
_AT_WORK = (State.PLANNED, State.RUNNING, State.ENDED, State.REMOVING)
_PLANNED = (State.PLANNED, State.RUNNING)
_ON = frozenset({"building", "ready", "returning", "mending"})
_IN_FLUX = frozenset({"building", "returning", "mending", "going"})


def due(now: datetime, limit: int = 100) -> list[UUID]:
    """Workshops whose time has come, those that have waited longest first."""
    time_has_come = Q(next_at__lte=now) | Q(next_at=None)
    rows = _looked_after().filter(time_has_come, _free(now)).order_by("next_at")
    return list(rows.values_list("pk", flat=True)[:limit])


def _looked_after() -> QuerySet[Workshop]:
    """Those that the clock may want something of, and those with something that is to go."""
    driven = Seat.objects.filter(number=0).values("workshop")
    cancelled = Q(state=State.CANCELLED, removed_at=None, machines__isnull=False)
    left = Q(state__in=(State.DRAFT,), machines__instance__deleted_at=None, machines__instance__isnull=False)
    ids = Workshop.objects.filter(Q(state__in=_AT_WORK) | Q(pk__in=driven) | cancelled | left).values("pk")
    return Workshop.objects.filter(pk__in=ids).exclude(state=State.REMOVED)


def _free(now: datetime) -> Q:
    return Q(lease_until=None) | Q(lease_until__lt=now)


def make(workshop_id: UUID) -> bool:
    """False: it was not due, or somebody else is at it."""
    now = timezone.now()
    until = now + LEASE
    time_has_come = Q(next_at__lte=now) | Q(next_at=None)
    mine = Workshop.objects.filter(time_has_come, _free(now), pk=workshop_id)
    if not claim(mine, lease_until=until, next_at=until):
        return False
    next_at = now + QUIET
    try:
        next_at = _make(workshop_id, now)
    finally:
        # Whoever wakes it meanwhile sets an earlier time, which stays.
        rows = Workshop.objects.filter(pk=workshop_id)
        rows.filter(next_at=until).update(next_at=next_at)
        rows.filter(lease_until=until).update(lease_until=None)
    return True


def _make(workshop_id: UUID, now: datetime) -> datetime:
    workshop, phase, turned, usual = _turn(workshop_id, now)
    if workshop.state == State.REMOVED:
        return now + QUIET
    facts = reading.read(workshop, phase, hold=turned.hold is not None, usual=usual, now=now)
    steps = [] if turned.changed and workshop.state == State.RUNNING else plan.decide(facts)
    _note_wants(workshop, facts)
    if _reached(facts):
        _jump(workshop)
    whole = carry(workshop, steps, facts.rules.first_pause)
    if facts.removing and not _machines(facts):
        removal.advance(workshop)
    return _next(facts, steps, phase, turned, whole=whole)


@transaction.atomic
def _turn(workshop_id: UUID, now: datetime) -> tuple[Workshop, Phase, Turned, float]:
    """What the clock makes of it, and as many rows as there are seats."""
    workshop = moves.lock(workshop_id)
    usual = usual_build_seconds(workshop.allocation, workshop.image_id, workshop.flavor_name)
    phase = phase_at(times_of(workshop), now, build_seconds=usual, waves=_waves(workshop))
    turned = turn(workshop, now, phase)
    if workshop.state in _PLANNED:
        seating.fit_rows(workshop)
    if turned.hold is not None:
        problem = turned.hold
        since = workshop.hold_since if workshop.hold_id == problem.id[:64] else now
        launching.write_hold(workshop, problem.id, problem.params, since=since, until=None)
    elif workshop.hold_id.startswith("workshops:cap"):
        launching.unhold(workshop)
    return workshop, phase, turned, usual


def _waves(workshop: Workshop) -> int:
    most = clouds().cloud(workshop.allocation.cloud).portal.workshops.builds_per_project
    return max(1, math.ceil((workshop.seats + workshop.spares) / most))


def _note_wants(workshop: Workshop, facts: Facts) -> None:
    """What others' shares of the cloud are measured against; and a hold goes with its reason."""
    wants = plan.wants(facts)
    if wants != workshop.wants:
        Workshop.objects.filter(pk=workshop.pk).update(wants=wants)
        workshop.wants = wants
    missing = any(place.machine is None for place in facts.places)
    if workshop.hold_id and workshop.hold_until is not None and not missing and not facts.removing:
        launching.unhold(workshop)


def _jump(workshop: Workshop) -> None:
    """The project's jump host: seats are built meanwhile. What is the matter with it is said when nothing else is."""
    standing = ensure_jump(workshop)
    problem = standing.problem
    if problem is not None and workshop.hold_id in ("", problem.id[:64]):
        since = workshop.hold_since or timezone.now()
        launching.write_hold(workshop, problem.id, problem.params, since=since, until=None)
    elif problem is None and workshop.hold_id.startswith("workshops:jump"):
        launching.unhold(workshop)


def _reached(facts: Facts) -> bool:
    """Whether somebody will want to get to a machine of it: those that rest can wait."""
    on = any(place.machine is not None and place.stage in _ON for place in facts.places)
    return not facts.removing and (on or plan.wants(facts) > 0)


def _machines(facts: Facts) -> bool:
    return bool(facts.loose) or any(place.machine is not None for place in facts.places)


def _next(facts: Facts, steps: list[Step], phase: Phase, turned: Turned, *, whole: bool) -> datetime:
    now = facts.now
    if steps or turned.changed or not whole:
        return timezone.now() + SOON
    if (
        facts.loose
        or facts.removing
        or any(_moves(place.stage, place.op is not None) for place in facts.places)
    ):
        return timezone.now() + CHANGING
    times = [now + QUIET, phase.until, phase.build_from, turned.next_at]
    times += [place.not_before for place in facts.places]
    times += [place.held_until for place in facts.places]
    return max(min(at for at in times if at is not None and at > now), timezone.now())


def _moves(stage: str, working: bool) -> bool:
    return stage in _IN_FLUX or (stage == "away" and working)
