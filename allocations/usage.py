"""What was spent, by whom, with what and when: the ledger, and what machines have cost since their last entry.

Days are UTC's. Stretches are cut exactly where the time asked for begins and ends.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal

from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from allocations import accrual
from allocations.accrual import Accrued
from allocations.models import LedgerEntry
from allocations.rates import midnight, part_of
from portal.accounts.models import User

By = Literal["allocation", "resource", "owner", "instance", "flavor", "day"]
Key = tuple[str, ...]
# No stretch is longer: entries end at midnight at the latest (those of before that rule after minutes).
LONGEST = timedelta(days=2)
NAME = "name:"
_COLUMNS: dict[By, str] = {
    "allocation": "allocation_id",
    "resource": "resource",
    "owner": "owner_key",
    "instance": "instance_id",
    "flavor": "flavor_name",
    "day": "day",
}


@dataclass(frozen=True, slots=True)
class Line:
    """`keys` in the order asked for. Owner "": what no machine explains, only the provider's figure."""

    keys: Key
    su: Decimal


@dataclass(frozen=True, slots=True)
class Window:
    """A time of one allocation."""

    allocation_id: int
    start: datetime
    end: datetime


def totals(
    allocation_ids: Iterable[int],
    *,
    start: datetime,
    end: datetime,
    by: Sequence[By],
    resource: str | None = None,
) -> list[Line]:
    """What these allocations spent from `start` up to `end` (or now), in a fixed number of queries."""
    ids = list(allocation_ids)
    of_resource = Q(resource=resource) if resource else Q()
    entries = LedgerEntry.objects.filter(of_resource, allocation__in=ids)
    sums: dict[Key, Decimal] = defaultdict(Decimal)
    whole = entries.filter(starts_at__gte=start, ends_at__lte=end)
    for *keys, su in _grouped(whole, by):
        sums[_texts(keys)] += su
    for row in _crossing(entries, start, end):
        sums[_key(row, by)] += _inside(row, start, end)
    for piece in _running(ids, end):
        if piece.ends_at > start and resource in (None, piece.resource):
            sums[_key(piece, by)] += _inside(piece, start, end)
    return [Line(keys, su) for keys, su in sorted(sums.items()) if su]


def totals_in(windows: Collection[Window], *, by: Sequence[By]) -> dict[Window, list[Line]]:
    """As `totals`, of many times of many allocations at once, in the same few queries.

    The database adds up whole days; the hours at the ends of a window are added from single entries.
    """
    if not windows:
        return {}
    of_allocation: dict[int, list[Window]] = defaultdict(list)
    for window in windows:
        of_allocation[window.allocation_id].append(window)
    entries = LedgerEntry.objects.filter(
        allocation__in=of_allocation,
        starts_at__gt=min(window.start for window in windows) - LONGEST,
        starts_at__lt=max(window.end for window in windows),
    )
    now = timezone.now()
    cut = {day for window in windows for day in _cut_days(window, now)}
    sums: dict[Window, dict[Key, Decimal]] = {window: defaultdict(Decimal) for window in windows}
    for allocation_id, day, *keys, su in _grouped(entries.exclude(day__in=cut), ("allocation", "day", *by)):
        for window in of_allocation[allocation_id]:
            if window.start <= _midnight(day) < window.end:
                sums[window][_texts(keys)] += su
    single: list[LedgerEntry | Accrued] = [*entries.filter(day__in=cut), *_running(list(of_allocation), now)]
    for piece in single:
        for window in of_allocation[piece.allocation_id]:
            if piece.starts_at < window.end and piece.ends_at > window.start:
                sums[window][_key(piece, by)] += _inside(piece, window.start, window.end)
    return {
        window: [Line(keys, su) for keys, su in sorted(found.items()) if su] for window, found in sums.items()
    }


def spent_by_owner(
    allocation_id: int, *, start: datetime, end: datetime, resource: str | None = None
) -> dict[str, Decimal]:
    """SU by owner key."""
    found = totals([allocation_id], start=start, end=end, by=("owner",), resource=resource)
    return {line.keys[0]: line.su for line in found}


def owner_key(user_id: int | None, creator_name: str) -> str:
    """Under which a machine's cost stands: the portal's person, else the name that the cloud tells."""
    return str(user_id) if user_id else f"{NAME}{creator_name}"[:260]


def owner_names(keys: Iterable[str]) -> dict[str, str]:
    """What owners are called. Somebody who was deleted keeps the name that the ledger wrote down. At most two queries."""
    wanted = set(keys)
    found = {key: key.removeprefix(NAME) for key in wanted if key.startswith(NAME)}
    ids = {key for key in wanted if key.isdecimal()}
    people = User.objects.filter(pk__in=ids) if ids else []
    found |= {str(user.pk): str(user) for user in people}
    gone = ids - found.keys()
    if gone:
        entries = LedgerEntry.objects.filter(owner_key__in=gone).order_by()
        found |= dict(entries.values_list("owner_key", "owner_name").distinct())
    return found


def instance_names(keys: Iterable[str]) -> dict[str, str]:
    """What machines are called now, else what they were called when they were charged. At most two queries."""
    wanted = {key for key in keys if key}
    found = accrual.names(wanted) if wanted else {}
    gone = wanted - found.keys()
    if gone:
        entries = LedgerEntry.objects.filter(instance_id__in=gone).order_by("instance_name")
        found |= dict(entries.values_list("instance_id", "instance_name").distinct())
    return found


def _grouped(entries: "QuerySet[LedgerEntry]", by: Sequence[By]) -> Iterable[tuple[Any, ...]]:
    # An empty GROUP BY is one line of everything, or one of nothing.
    columns = [_COLUMNS[name] for name in by]
    if not columns:
        return [(entries.aggregate(total=Sum("su"))["total"] or Decimal(0),)]
    return entries.order_by().values_list(*columns).annotate(total=Sum("su"))


def _crossing(entries: "QuerySet[LedgerEntry]", start: datetime, end: datetime) -> "QuerySet[LedgerEntry]":
    """Entries that begin before the time asked for, or end after it, and reach into it."""
    near = Q(starts_at__gt=start - LONGEST, starts_at__lt=start, ends_at__gt=start)
    over = Q(starts_at__gte=start, starts_at__lt=end, ends_at__gt=end)
    return entries.filter(near | over)


def _running(ids: Collection[int], end: datetime) -> list[Accrued]:
    return accrual.accrued(ids, min(timezone.now(), end)) if ids else []


def _inside(piece: LedgerEntry | Accrued, start: datetime, end: datetime) -> Decimal:
    return part_of(piece.su, piece.starts_at, piece.ends_at, start, end)


def _cut_days(window: Window, now: datetime) -> set[date]:
    """Days that a window holds in part only. What is to come is not in the ledger, so the end may lie there."""
    ends = [window.start] if window.end > now else [window.start, window.end]
    return {end.astimezone(UTC).date() for end in ends if end != midnight(end)}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _texts(keys: Iterable[Any]) -> Key:
    return tuple(key.isoformat() if hasattr(key, "isoformat") else str(key) for key in keys)


def _key(piece: LedgerEntry | Accrued, by: Sequence[By]) -> Key:
    day = piece.starts_at.astimezone(UTC).date()
    return _texts(day if name == "day" else getattr(piece, _COLUMNS[name]) for name in by)
