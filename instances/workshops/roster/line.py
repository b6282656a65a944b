"""The waiting list: who is where in it, and how it is put in another order."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from instances.workshops.models import Learner, Workshop
from instances.workshops.roster import telling
from instances.workshops.trail import record
from portal.accounts.models import User
from portal.core import bulk
from portal.core.errors import PortalError

Move = Literal["first", "up", "down", "last"]
MOVES: tuple[Move, ...] = ("first", "up", "down", "last")


def waiting(workshop: Workshop) -> list[Learner]:
    """In the order in which free seats are given."""
    found = Learner.objects.filter(workshop=workshop, state=Learner.State.WAITING)
    return list(found.order_by("waiting_since", "pk"))


def place_of(learner: Learner) -> int:
    """1: the next free seat is theirs. 0: not in line. One query."""
    if learner.state != Learner.State.WAITING or learner.waiting_since is None:
        return 0
    before = Q(waiting_since__lt=learner.waiting_since) | Q(
        waiting_since=learner.waiting_since, pk__lt=learner.pk
    )
    held = Learner.objects.filter(before, workshop=learner.workshop_id, state=Learner.State.WAITING)
    return held.count() + 1


@transaction.atomic
def move(*, workshop: Workshop, by: User, learner: Learner, how: Move) -> None:
    telling.hold(workshop)
    rows = waiting(workshop)
    at = next((number for number, one in enumerate(rows) if one.pk == learner.pk), None)
    if at is None:
        raise PortalError("roster:wrong-state", name=learner.name, state="not on the waiting list")
    to = {"first": 0, "up": max(0, at - 1), "down": min(len(rows) - 1, at + 1), "last": len(rows) - 1}[how]
    if to == at:
        return
    times = _times([one.waiting_since for one in rows if one.waiting_since])
    rows.insert(to, rows.pop(at))
    for one, since in zip(rows, times, strict=False):
        one.waiting_since = since
    bulk.update(rows, ["waiting_since"])
    record("roster.line", workshop, by=by, place=to + 1)
    telling.changed(workshop)
    telling.line_moved(workshop)


def _times(given: Sequence[datetime]) -> list[datetime]:
    """The same moments, each a little after the one before it, so that the order is one."""
    found: list[datetime] = []
    for moment in sorted(given):
        after = found[-1] + timedelta(microseconds=1) if found else moment
        found.append(max(moment, after))
    return found


def places(learners: Sequence[Learner]) -> dict[UUID, int]:
    """Where those who wait stand, for many of one workshop. One query."""
    ids = [one.pk for one in learners if one.state == Learner.State.WAITING]
    if not ids:
        return {}
    order = Learner.objects.filter(workshop=learners[0].workshop_id, state=Learner.State.WAITING)
    ranked = order.order_by("waiting_since", "pk").values_list("pk", flat=True)
    known = {pk: number for number, pk in enumerate(ranked, start=1)}
    return {pk: known[pk] for pk in ids if pk in known}
