"""Reports and the operators' list as rows of a file."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal

from allocations import usage
from allocations.access import Person
from allocations.models import Allocation, Grant
from allocations.reports.health import KINDS
from allocations.reports.models import AllocationHealth
from allocations.reports.naming import UNEXPLAINED, size_group, size_title
from allocations.reports.overall import OverallQuery, everything
from allocations.reports.periods import Period, bucket_of, every_of
from allocations.reports.query import ReportQuery
from allocations.reports.report import own_key, period_for
from allocations.reports.spending import spent
from allocations.reports.tables import OTHERS
from portal.core.csv_out import Cell

USAGE_HEADER = (
    *("from", "to", "person", "machine", "machine id", "size", "size group", "resource", "SU"),
    *("allocation", "region"),
)
OVERALL_HEADER = (
    *("allocation", "cloud", "region", "title", "PI", "health", "resource", "awarded SU", "used SU"),
    *("used %", "remaining SU", "SU per hour", "SU in 7 days", "ends", "members", "connected", "machines"),
    *(
        "running",
        "in error",
        "fullest quota %",
        "fullest quota",
        "last seen running",
        "not read since",
        "as of",
    ),
)
_RESOURCES = {value: str(label) for value, label in Grant.Resource.choices}
# So many days are asked of the ledger at once: a file of years is never held whole.
_CHUNK = timedelta(days=31)
_MILLIONTH = Decimal("0.000001")


def usage_rows(
    allocation: Allocation, viewer: Person, query: ReportQuery, today: date
) -> Iterator[Sequence[Cell]]:
    """Every machine, person and size in every stretch of time; filters and what the viewer may see as on the page."""
    period = period_for(allocation, query, today)
    every, own = every_of(query.every, period), own_key(allocation, viewer)
    for part in _parts(period, every):
        yield from _part(allocation, query, part, every, own)


def _part(
    allocation: Allocation, query: ReportQuery, part: Period, every: str, own: str | None
) -> Iterator[Sequence[Cell]]:
    by: list[usage.By] = ["day", "owner", "instance", "flavor", "resource"]
    sums: dict[tuple[date, str, str, str, str], Decimal] = defaultdict(Decimal)
    for keys, su in spent([allocation.pk], start=part.start, end=part.end, by=by):
        day, owner, machine, flavor, resource = keys
        if own is not None and owner not in (own, ""):
            owner, machine = OTHERS, OTHERS
        if query.person not in ("", owner) or query.resource not in ("", resource):
            continue
        key = (bucket_of(date.fromisoformat(day), every), owner, machine, flavor, resource)
        sums[key] += su
    people = usage.owner_names({key[1] for key in sums} - {"", OTHERS})
    machines = usage.instance_names({key[2] for key in sums} - {"", OTHERS})
    for (first, owner, machine, flavor, resource), su in sorted(sums.items()):
        yield (
            max(first, part.first).isoformat(),
            min(_last(first, every), part.last).isoformat(),
            people.get(owner) or _nobody(owner),
            machines.get(machine) or ("Machines of others" if machine == OTHERS else ""),
            "" if machine == OTHERS else machine,
            flavor,
            size_title(allocation.cloud, size_group(allocation.cloud, flavor)) if flavor else "",
            _RESOURCES.get(resource, resource),
            su.quantize(_MILLIONTH),
            allocation.project_name,
            allocation.region,
        )


def _nobody(owner: str) -> str:
    return "Others" if owner == OTHERS else owner.removeprefix("name:") or UNEXPLAINED


def _parts(period: Period, every: str) -> Iterator[Period]:
    """Pieces that end where a stretch of the report ends, so that no stretch is in two of them."""
    first = period.first
    while first <= period.last:
        last = min(_last(bucket_of(first + _CHUNK, every), every), period.last)
        yield Period("days", first, last)
        first = last + timedelta(days=1)


def _last(first: date, every: str) -> date:
    if every == "month":
        return bucket_of(first.replace(day=1) + timedelta(days=32), "month") - timedelta(days=1)
    return first + timedelta(days=6 if every == "week" else 0)


def overall_rows(query: OverallQuery) -> Iterator[Sequence[Cell]]:
    for row in everything(query):
        yield _overall_row(row)


def _overall_row(row: AllocationHealth) -> Sequence[Cell]:
    of = row.allocation
    wrong = [kind.label for kind in KINDS if getattr(row, kind.name)]
    return (
        *(of.project_name, of.cloud, of.region, of.title, of.pi_name, ", ".join(wrong) or "Well"),
        *(_RESOURCES.get(row.resource, row.resource), row.awarded, row.used, row.used_percent, row.remaining),
        *(row.burn, row.week, row.ends_on.isoformat() if row.ends_on else "", row.members, row.connected),
        *(row.machines, row.running, row.errors, row.quota_percent, row.quota_name),
        row.ran_at.isoformat(timespec="seconds"),
        row.unread_since.isoformat(timespec="seconds") if row.unread_since else "",
        row.at.isoformat(timespec="seconds"),
    )
