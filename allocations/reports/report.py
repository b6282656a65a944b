"""A usage report: what an allocation spent in a period, as far as its reader may see it. A fixed number of queries."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.urls import reverse

from allocations import usage
from allocations.access import Person, sees_all_spending
from allocations.models import Allocation, Grant
from allocations.reports.naming import Names, size_group
from allocations.reports.periods import Period, buckets, every_of, period_of
from allocations.reports.query import ReportQuery
from allocations.reports.spending import spent
from allocations.reports.tables import (
    OTHERS,
    Band,
    Row,
    Spent,
    bands,
    by_key,
    masked,
    ordered,
    share,
    total,
)

# Of the ledger's keys, that by which each kind of report groups.
_KEYS: Mapping[str, usage.By] = {
    "person": "owner",
    "machine": "instance",
    "size": "flavor",
    "resource": "resource",
}
_BANDS = 9
_RESOURCES = {value: str(label) for value, label in Grant.Resource.choices}


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Report:
    """`own_only`: what others spent is shown as one sum. `people`, `resources`: what may be filtered by."""

    query: ReportQuery
    period: Period
    every: str
    rows: Sequence[Row]
    bands: Sequence[Band]
    stretches: Sequence[date]
    resources: Sequence[Choice]
    people: Sequence[Choice]
    own_only: bool
    total: Decimal
    of_all: Decimal

    @property
    def share(self) -> Decimal:
        """Of what the allocation spent in the period, the part that the filters leave."""
        return share(self.total, self.of_all)

    @property
    def by_resource(self) -> dict[str, Decimal]:
        found: dict[str, Decimal] = {}
        for row in self.rows:
            for name, su in row.by_resource.items():
                found[name] = found.get(name, Decimal(0)) + su
        return found


def report_of(allocation: Allocation, viewer: Person, query: ReportQuery, now: datetime) -> Report:
    period = period_for(allocation, query, now.date())
    every = every_of(query.every, period)
    own = own_key(allocation, viewer)
    lines = masked(_lines(allocation, query, period), own)
    people = list(by_key(Spent(line.owner, line.owner, line.resource, line.su) for line in lines))
    resources = sorted({line.resource for line in lines}, key=list(_RESOURCES).index)
    chosen = _chosen(lines, query)
    names = Names.of(allocation, query.by, {line.key for line in chosen}, people)
    stretches = buckets(period, every, now.date())
    return Report(
        query=query,
        period=period,
        every=every,
        rows=ordered(_rows(allocation, query, chosen, names), query.sort),
        bands=bands(chosen, names.titles, stretches, every, _BANDS),
        stretches=stretches,
        resources=[Choice(name, _RESOURCES[name]) for name in resources],
        people=sorted(
            (Choice(key, names.person(key)) for key in people), key=lambda one: one.label.casefold()
        ),
        own_only=own is not None,
        total=total(chosen),
        of_all=total(lines),
    )


def period_for(allocation: Allocation, query: ReportQuery, today: date) -> Period:
    """One query where the grant's period is asked for, else none."""
    spans = (
        list(allocation.grants.filter(active=True).values_list("starts_on", "ends_on"))
        if query.period == "grant"
        else []
    )
    grant = (min(start for start, _ in spans), max(end for _, end in spans)) if spans else None
    return period_of(query.dates, grant, today)


def own_key(allocation: Allocation, viewer: Person) -> str | None:
    """The viewer's key where they see only their own spending apart; None where they see everybody's."""
    return None if sees_all_spending(viewer, allocation) else str(viewer.pk)


def _lines(allocation: Allocation, query: ReportQuery, period: Period) -> list[Spent]:
    key = _KEYS[query.by]
    by: list[usage.By] = list(dict.fromkeys(["day", "owner", "resource", key]))
    place = by.index(key)
    found = spent([allocation.pk], start=period.start, end=period.end, by=by)
    group = _group_of(allocation, query.by)
    return [
        Spent(
            key=group(keys[place]),
            owner=keys[1],
            resource=_known(keys[2]),
            su=su,
            day=date.fromisoformat(keys[0]),
        )
        for keys, su in found
    ]


def _known(resource: str) -> str:
    return resource if resource in _RESOURCES else str(Grant.Resource.OTHER)


def _group_of(allocation: Allocation, by: str) -> Callable[[str], str]:
    """Sizes are told by their group where the operator has named groups."""
    if by != "size":
        return lambda key: key
    return lambda flavor: size_group(allocation.cloud, flavor)


def _chosen(lines: Iterable[Spent], query: ReportQuery) -> list[Spent]:
    return [
        line
        for line in lines
        if (not query.person or line.owner == query.person)
        and (not query.resource or line.resource == query.resource)
    ]


def _rows(allocation: Allocation, query: ReportQuery, lines: Sequence[Spent], names: Names) -> Iterable[Row]:
    of = total(lines)
    owner_of = {line.key: line.owner for line in lines}
    for key, resources in by_key(lines).items():
        su = sum(resources.values(), Decimal(0))
        yield Row(
            key=key,
            name=names.titles.get(key, key),
            detail=names.detail(key, owner_of[key]),
            su=su,
            share=share(su, of),
            by_resource=resources,
            url=_deeper(query, key),
            machine=_machine_url(key) if key in names.known else "",
        )


def _deeper(query: ReportQuery, key: str) -> str:
    """From a person to what their machines spent, from a resource to who spent it."""
    if not key or key == OTHERS:
        return ""
    if query.by == "person":
        return query.address(by="machine", person=key, sort="")
    return query.address(by="person", resource=key, sort="") if query.by == "resource" else ""


def _machine_url(key: str) -> str:
    try:
        return reverse("instances:detail", args=[UUID(key)])
    except ValueError:
        return ""
