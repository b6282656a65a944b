"""Looking people up at ACCESS, by id or name: the page asks, a worker fetches, the answer is kept for a short while."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from allocations.access import allocation_by_id
from allocations.models import Allocation
from allocations.roles import Need
from allocations.sources.capabilities import capabilities
from allocations.sources.models import Lookup
from allocations.sources.names import question
from allocations.sources.people import Found
from allocations.sources.queue import enqueue_on_commit
from portal.accounts.models import User
from portal.core import limits
from portal.core.errors import PortalError

KEPT = timedelta(minutes=5)
# A worker that has not answered by then has died, or the source hangs.
PATIENCE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Answer:
    """`state`: asked (wait), done, failed (`error_id`, `error_params` say why)."""

    id: UUID
    query: str
    state: str
    found: tuple[Found, ...] = ()
    error_id: str = ""
    error_params: dict[str, str] | None = None


def start(*, allocation: Allocation, by: User, q: str) -> UUID:
    """Ask; the id is what `result` takes. What was asked a moment ago is answered from then."""
    place = allocation_by_id(by, allocation.pk, Need.MANAGE)
    asked = question(q)
    if not asked:
        raise PortalError("sources:nothing-asked")
    can = capabilities(place)
    if not can.can_search:
        raise PortalError("sources:cannot", needs=can.needs)
    fresh = Lookup.objects.filter(
        allocation__cloud=place.cloud,
        query=asked,
        state=Lookup.State.DONE,
        asked_at__gte=timezone.now() - KEPT,
    ).first()
    if fresh is not None:
        return _answered(place, by, fresh).pk
    limits.check(f"sources:lookup:{by.pk}", most=30, seconds=300)
    row = Lookup.objects.create(allocation=place, asked_by=by, query=asked)
    enqueue_on_commit("look_up", str(row.pk), expires=60)
    return row.pk


def result(id: UUID | str, *, by: User) -> Answer:
    """How it stands. To anybody but who asked it is not there."""
    try:
        row = Lookup.objects.filter(pk=UUID(str(id)), asked_by=by).first()
    except ValueError:
        row = None
    if row is None:
        raise PortalError("portal:not-found")
    if row.state == Lookup.State.ASKED and row.asked_at < timezone.now() - PATIENCE:
        return Answer(row.pk, row.query, "failed", error_id="sources:no-answer-yet", error_params={})
    found = tuple(Found(**one) for one in row.found)
    return Answer(row.pk, row.query, row.state, found, row.error_id, row.error_params)


def _answered(allocation: Allocation, by: User, fresh: Lookup) -> Lookup:
    """The same answer in a row of one's own: who asked is who reads it."""
    return Lookup.objects.create(
        allocation=allocation,
        asked_by=by,
        query=fresh.query,
        state=Lookup.State.DONE,
        found=fresh.found,
        ended_at=fresh.ended_at,
    )
