"""How a request stands after a step, written down. Each of these is one statement, and an end is told once."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from allocations.sources import deciding, telling
from allocations.sources.models import MembershipRequest
from portal.cloud.translate import clean
from portal.core.audit import record
from portal.core.errors import PortalError

State = MembershipRequest.State


def sending(row: MembershipRequest) -> None:
    """Stored before the call: whoever finds it knows that it may have been made."""
    row.state, row.sent_at, row.attempts = State.SENT, timezone.now(), row.attempts + 1
    if not _store(row):
        raise PortalError("sources:superseded", who="Somebody")


def waiting(row: MembershipRequest, again: timedelta) -> None:
    """The source has it, and has not carried it out yet."""
    now = timezone.now()
    first = row.state != State.PENDING
    row.state, row.pending_at = State.PENDING, row.pending_at or now
    row.due_at, row.lease_until = now + again, None
    row.problem_id, row.problem_params, row.detail = "", {}, ""
    with transaction.atomic():
        if _store(row) and first:
            telling.people_changed(row.allocation)


def later(row: MembershipRequest, error: PortalError) -> None:
    """Not now. What stands against it is shown while it lasts."""
    now = timezone.now()
    row.attempts += 1
    row.due_at, row.lease_until = now + deciding.pause(row.attempts, error.retry_after), None
    first = row.problem_id != error.id
    _problem(row, error)
    with transaction.atomic():
        if _store(row) and first:
            telling.people_changed(row.allocation)


def failed(row: MembershipRequest, error: PortalError) -> None:
    """A refusal ends it; everything else is tried again until its time is over."""
    if error.outcome == "refused":
        refused(row, error)
    else:
        later(row, error)


def done(row: MembershipRequest) -> None:
    row.problem_id, row.problem_params, row.detail = "", {}, ""
    _end(row, State.DONE)


def refused(row: MembershipRequest, error: PortalError) -> None:
    _problem(row, error)
    _end(row, State.REFUSED)


def expire(row: MembershipRequest, problem: str, title: str, now: datetime) -> None:
    asked = timezone.localtime(row.asked_at).strftime("%-d %B at %H:%M")
    refused(row, PortalError(problem, source=title, asked=asked))


def _problem(row: MembershipRequest, error: PortalError) -> None:
    row.problem_id = error.id
    row.problem_params = {name: clean(value, 300) for name, value in error.params.items()}
    row.detail = clean(error.detail)


def _end(row: MembershipRequest, state: MembershipRequest.State) -> None:
    row.state, row.ended_at, row.due_at, row.lease_until = state, timezone.now(), None, None
    with transaction.atomic():
        if not _store(row):
            return
        record(
            f"members.{row.action}-{state}",
            by=None,
            scope=f"allocation.{row.allocation_id}",
            target_type="person",
            target_id=row.username,
            target_name=row.username,
            role=row.role,
            at=row.source,
            asked_by=row.asked_by_name,
            **({"problem": row.problem_id} if row.problem_id else {}),
        )
        telling.people_changed(row.allocation)


def _store(row: MembershipRequest) -> bool:
    """False where somebody ended it meanwhile: their word stays."""
    names = ("state", "sent_at", "pending_at", "ended_at", "due_at", "lease_until", "attempts")
    fields = (*names, "problem_id", "problem_params", "detail")
    live = MembershipRequest.objects.filter(pk=row.pk, state__in=MembershipRequest.LIVE)
    return live.update(**{name: getattr(row, name) for name in fields}) == 1
