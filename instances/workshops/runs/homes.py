"""Homes that outlive their machine: the hook of resets that keep them, and what happens when the seat is ready."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from instances.workshops.models import Seat
from instances.workshops.runs import course_files, enqueue, vault
from instances.workshops.runs.jobs import State
from instances.workshops.runs.models import Home
from portal.core.errors import PortalError, explain

Step = Home.Step


@transaction.atomic
def kept(seat: Seat, since: datetime) -> bool:
    """`hooks.home_kept`: the first call asks for it. PortalError `workshops:home-not-kept` when it cannot be had."""
    now = timezone.now()
    row, new = Home.objects.get_or_create(
        seat=seat, since=since, defaults={"asked_at": now, "next_at": now, "instance_id": seat.instance_id}
    )
    if new:
        _forget_older(row)
        enqueue.soon("home", 1)
        return False
    if row.step == Step.SAVE and row.over:
        raise PortalError("workshops:home-not-kept", why=_why(row))
    return row.step != Step.SAVE


def _why(row: Home) -> str:
    if row.problem_id == "workshops:home-not-kept":
        return str(row.problem_params.get("why", ""))
    problem = explain(row.problem_id, row.problem_params)
    return f"{problem.title}: {problem.what}"


def _forget_older(row: Home) -> None:
    for old in Home.objects.filter(seat=row.seat_id).exclude(pk=row.pk).select_related("stored"):
        vault.remove(old.stored)
        old.delete()


def ready(seats: Collection[Seat]) -> None:
    """`hooks.seats_ready`: a home that is kept goes back first, then what the course gives."""
    now = timezone.now()
    waiting = Home.objects.filter(seat__in=seats, step=Step.KEPT)
    back = set(waiting.values_list("seat_id", flat=True))
    if back:
        waiting.update(step=Step.BACK, state=State.ASKED, attempts=0, next_at=now)
        enqueue.soon("home", len(back))
    course_files.give([seat for seat in seats if seat.pk not in back], anew=True)
