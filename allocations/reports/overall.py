"""The operators' list of all allocations: search, filters, counts, order and a page by key. Three queries, for any number."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Self

from django.db.models import Count, DateField, F, Min, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Lower

from allocations.reports.health import NAMES
from allocations.reports.models import AllocationHealth
from portal.core import keyset
from portal.core.listed import Sorted

PAGE_SIZE = 50
DEFAULT_SORT = "-troubles"
ANY, WELL = "any", "well"
_LONGEST = 200
_LAST_DAY = Value(date(9999, 12, 31), output_field=DateField())
# What a list is sorted by, and what kind of value that is.
_ORDERS: dict[str, tuple[Any, type]] = {
    "name": (Lower("allocation__project_name"), str),
    "pi": (Lower("allocation__pi_name"), str),
    "used": (F("used_percent"), Decimal),
    "remaining": (F("remaining"), Decimal),
    "burn": (F("burn"), Decimal),
    "week": (F("week"), Decimal),
    "ends": (Coalesce("ends_on", _LAST_DAY), date),
    "machines": (F("machines"), int),
    "members": (F("members"), int),
    "troubles": (F("troubles"), int),
}
_UNSHOWN = ("allocation__abstract", "allocation__quota", "allocation__offers", "allocation__gpus")


@dataclass(frozen=True, slots=True, kw_only=True)
class OverallQuery(Sorted):
    """What the address of the list says. `place`: a cloud, or cloud/region."""

    USUAL: ClassVar[Mapping[str, str]] = {"sort": DEFAULT_SORT}
    q: str = ""
    health: str = ""
    place: str = ""
    sort: str = DEFAULT_SORT

    @classmethod
    def read(cls, params: Mapping[str, Any]) -> Self:
        given = {name: _plain(params.get(name, ""), name) for name in cls.names()}
        if given["sort"].removeprefix("-") not in _ORDERS:
            given["sort"] = DEFAULT_SORT
        if given["health"] not in (*NAMES, ANY, WELL):
            given["health"] = ""
        return cls(**given)

    @property
    def filtered(self) -> bool:
        return bool(self.q or self.health or self.place)


@dataclass(frozen=True, slots=True)
class Overall:
    """`counts`: how many allocations each health has, of all and whatever the search. `oldest`: the age of the figures."""

    rows: Sequence[AllocationHealth]
    next_after: str
    counts: Mapping[str, int]
    matched: int
    oldest: datetime | None


def overall(query: OverallQuery) -> Overall:
    counts, oldest = _counts()
    found = matching(query)
    rows = list(_page(found, query)[: PAGE_SIZE + 1])
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    last = rows[-1] if more else None
    return Overall(
        rows=rows,
        next_after=keyset.encode(getattr(last, "sort_key", None), last.pk) if last else "",
        counts=counts,
        matched=found.count() if query.filtered else counts["all"],
        oldest=oldest,
    )


def everything(query: OverallQuery) -> Iterator[AllocationHealth]:
    """What the list holds, all pages of it, in its order: for a file."""
    return _page(matching(query), replace(query, after="")).iterator(chunk_size=500)


def matching(query: OverallQuery) -> QuerySet[AllocationHealth]:
    found = AllocationHealth.objects.all()
    for word in query.q.split()[:8]:
        found = found.filter(_named(word))
    if query.place:
        cloud, _, region = query.place.partition("/")
        found = found.filter(allocation__cloud=cloud, **({"allocation__region": region} if region else {}))
    if query.health in (ANY, WELL):
        return found.filter(troubles=0) if query.health == WELL else found.exclude(troubles=0)
    return found.filter(**{query.health: True}) if query.health else found


def _named(word: str) -> Q:
    fields = ("project_name", "title", "pi_name", "project_id", "slug")
    wanted = Q()
    for field in fields:
        wanted |= Q(**{f"allocation__{field}__icontains": word})
    return wanted


def _page(found: QuerySet[AllocationHealth], query: OverallQuery) -> QuerySet[AllocationHealth]:
    key, kind = _ORDERS[query.order]
    rows = found.annotate(sort_key=key).select_related("allocation").defer(*_UNSHOWN)
    place = keyset.decode(query.after, kind)
    if place is not None:
        rows = rows.filter(keyset.beyond("sort_key", place, descending=query.descending))
    way = "-" if query.descending else ""
    return rows.order_by(f"{way}sort_key", f"{way}pk")


def _counts() -> tuple[dict[str, int], datetime | None]:
    wanted: dict[str, Any] = {name: Count("pk", filter=Q(**{name: True})) for name in NAMES}
    well = Count("pk", filter=Q(troubles=0))
    found = AllocationHealth.objects.aggregate(all=Count("pk"), well=well, oldest=Min("at"), **wanted)
    oldest = found.pop("oldest")
    return {**found, ANY: found["all"] - found["well"]}, oldest


def _plain(value: object, name: str) -> str:
    text = str(value)[: keyset.LONGEST if name == "after" else _LONGEST]
    return "".join(letter for letter in text if letter.isprintable()).strip()
