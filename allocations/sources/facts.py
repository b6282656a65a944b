"""What is known about an allocation, each figure with who told it and when, and who tells otherwise."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from allocations.models import Allocation
from allocations.sources import precedence
from allocations.sources.capabilities import grant_of
from allocations.sources.models import AllocationFact, SourceState
from allocations.sources.precedence import Told
from allocations.sources.registry import BY_NAME, title_of
from portal.cloud.config import CloudConfig, clouds

LABELS = {
    "grant": "Grant",
    "title": "Title",
    "abstract": "Abstract",
    "field_of_science": "Field of science",
    "pi": "Principal investigator",
    "institution": "Institution",
    "type": "Type",
    "begins": "Begins",
    "ends": "Ends",
}
# So much later than due, and a figure is called old.
_PATIENCE = 3


@dataclass(frozen=True, slots=True)
class Fact:
    """`begins` and `ends` are dates as ISO text. `others`: who says otherwise, and what. `stale`: not read lately, since
    `unread_since` and because of `error_id` where a reading failed."""

    field: str
    label: str
    value: str
    source: str
    source_title: str
    as_of: datetime
    url: str = ""
    others: tuple[tuple[str, str, datetime], ...] = ()
    stale: bool = False
    error_id: str = ""
    unread_since: datetime | None = None


def of(allocation: Allocation) -> dict[str, Fact]:
    """By field; one that nobody told is absent. Two queries."""
    cloud = clouds().clouds.get(allocation.cloud)
    told: dict[str, list[Told]] = defaultdict(list)
    for row in AllocationFact.objects.filter(allocation=allocation):
        told[row.field].append(Told(row.source, row.value, row.as_of))
    for field, value, source in _of_the_row(allocation):
        told[field].append(Told(source, value, _row_read_at(allocation)))
    states = {
        state.source: state
        for state in SourceState.objects.filter(cloud=allocation.cloud, project_id=allocation.project_id)
    }
    found = {field: _fact(field, told[field], cloud, states) for field in LABELS if field in told}
    return {field: fact for field, fact in found.items() if fact is not None}


def _of_the_row(allocation: Allocation) -> Iterable[tuple[str, str, str]]:
    """What the cloud itself says, in the mirror of the project."""
    yield "grant", grant_of(allocation), "cloud"
    yield "title", allocation.title, "cloud"
    yield "abstract", allocation.abstract, "cloud"
    yield "pi", allocation.pi_name, "portal"


def _row_read_at(allocation: Allocation) -> datetime:
    return allocation.accounting_read_at or allocation.quota_read_at or allocation.created_at


def _fact(
    field: str, told: Iterable[Told], cloud: CloudConfig | None, states: dict[str, SourceState]
) -> Fact | None:
    chosen = precedence.fact(field, told)
    if chosen is None:
        return None
    first, others = chosen
    state = states.get(first.source)
    known = BY_NAME.get(first.source)
    return Fact(
        field=field,
        label=LABELS[field],
        value=first.value,
        source=first.source,
        source_title=title_of(first.source, cloud),
        as_of=first.as_of,
        url=known.url(cloud) if known and cloud and known.applies(cloud, "any") else "",
        others=tuple((title_of(one.source, cloud), one.value, one.as_of) for one in others),
        stale=_stale(first, cloud),
        error_id=state.error_id if state else "",
        unread_since=state.error_since if state else None,
    )


def _stale(told: Told, cloud: CloudConfig | None) -> bool:
    known = BY_NAME.get(told.source)
    every = timedelta(days=1)
    if known is not None and cloud is not None and known.applies(cloud, "any"):
        every = known.every(cloud)
    return told.as_of < timezone.now() - _PATIENCE * every
