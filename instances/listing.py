"""Which machines a list shows: search, filters, order and a page by key, in a fixed number of queries."""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar, Self, TypeVar
from uuid import UUID

from django.db.models import Case, CharField, DecimalField, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Lower, NullIf
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from allocations.rates import su_per_hour
from instances.facets import CHANGING, Combination, statuses_labelled
from instances.models import Instance
from instances.statuses import BADGES
from portal.cloud.schema import PortalCloud
from portal.core.listed import Sorted

PAGE_SIZE = 50
LONGEST = 200
# A place in a list holds the whole name of a machine, which may be 255 letters of four bytes.
LONGEST_PLACE = 2000
DEFAULT_SORT = "-age"
_LARGEST = 10**12
_Number = TypeVar("_Number", int, Decimal)

_TEXT: "CharField[str, str]" = CharField()
_OWNER = Lower(
    Coalesce(
        NullIf("owner__display_name", Value("")),
        NullIf("owner__access_id", Value("")),
        "owner__username",
        "creator_name",
        output_field=_TEXT,
    )
)
_ORDERS: dict[str, Any] = {
    "name": Lower("name"),
    "owner": _OWNER,
    "status": F("status"),
    "size": F("vcpus"),
    "image": Lower("image_name"),
    "address": F("public_address"),
    "age": F("created_at"),
}
SORTS = (*_ORDERS, "cost")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery(Sorted):
    """What the address of a list says. Unknown values fall back: people keep and share addresses."""

    USUAL: ClassVar[Mapping[str, str]] = {"sort": DEFAULT_SORT}
    q: str = ""
    status: str = ""
    owner: str = ""
    size: str = ""
    image: str = ""
    others: str = ""
    sort: str = DEFAULT_SORT

    @classmethod
    def read(cls, params: Mapping[str, Any]) -> Self:
        given = {
            name: _plain(str(params.get(name, ""))).strip()[: LONGEST_PLACE if name == "after" else LONGEST]
            for name in cls.names()
        }
        if given["sort"].removeprefix("-") not in SORTS:
            given["sort"] = DEFAULT_SORT
        return cls(**given)

    @property
    def filtered(self) -> bool:
        return any((self.q, self.status, self.owner, self.size, self.image, self.others))


@dataclass(frozen=True, slots=True)
class Page:
    instances: Sequence[Instance]
    next_after: str


def _plain(text: str) -> str:
    """Without what no name has and PostgreSQL does not take, such as a zero byte."""
    kept = (letter if letter.isprintable() else " " if letter.isspace() else "" for letter in text)
    return "".join(kept)


def matching(machines: QuerySet[Instance], query: ListQuery, viewer_id: int | None) -> QuerySet[Instance]:
    """Those that search and filters leave."""
    found = machines
    if query.q:
        found = found.filter(_search(query.q))
    if query.status:
        found = found.filter(_status(query.status))
    if query.others == "hide":
        found = found.filter(owner_id=viewer_id)
    if query.owner:
        found = found.filter(_owner(query.owner, viewer_id))
    if query.size:
        found = found.filter(flavor_name=query.size)
    if query.image:
        found = found.filter(image_name=query.image)
    return found


def _search(words: str) -> Q:
    wanted = Q()
    for word in words.split()[:8]:
        one = (
            Q(name__icontains=word) | Q(public_address__startswith=word) | Q(private_address__startswith=word)
        )
        if len(word) >= 8:
            one |= Q(server_id__startswith=word.lower())
        wanted &= one
    return wanted


def _status(value: str) -> Q:
    changing = Q(status__in=[status for status, badge in BADGES.items() if badge.busy]) | ~Q(task_state="")
    if value == CHANGING:
        return changing
    return Q(status__in=statuses_labelled(value)) & Q(task_state="")


def _owner(value: str, viewer_id: int | None) -> Q:
    if value == "me":
        return Q(owner_id=viewer_id)
    if value == "outside":
        return Q(owner=None)
    return Q(owner_id=int(value)) if value.isascii() and value.isdigit() and len(value) < 12 else Q(pk=None)


def page_of(
    machines: QuerySet[Instance], query: ListQuery, cloud: PortalCloud, combinations: Iterable[Combination]
) -> Page:
    """The page that begins after the machine named by `query.after`, in one query."""
    key = _cost(cloud, combinations) if query.order == "cost" else _ORDERS[query.order]
    found = machines.annotate(sort_key=key)
    place = _decode(query)
    if place is not None:
        value, pk = place
        further, after = ("lt", "lt") if query.descending else ("gt", "gt")
        found = found.filter(
            Q(**{f"sort_key__{further}": value}) | Q(**{"sort_key": value, f"pk__{after}": pk})
        )
    way = "-" if query.descending else ""
    shown = list(found.order_by(f"{way}sort_key", f"{way}pk")[: PAGE_SIZE + 1])
    more = len(shown) > PAGE_SIZE
    shown = shown[:PAGE_SIZE]
    return Page(shown, _encode(shown[-1]) if more else "")


def _cost(cloud: PortalCloud, combinations: Iterable[Combination]) -> Case:
    """SU per hour as an expression. Rates are configuration, so each size and status that occurs is named."""
    now = timezone.now()
    field: DecimalField[Decimal, Decimal] = DecimalField(max_digits=16, decimal_places=4)
    pairs = {(found.flavor_name, found.vcpus, found.status) for found in combinations}
    branches = [
        When(
            flavor_name=flavor,
            vcpus=vcpus,
            status=status,
            then=Value(su_per_hour(flavor, vcpus, status, now, cloud) or Decimal(0), output_field=field),
        )
        for flavor, vcpus, status in sorted(pairs)
    ]
    return Case(*branches, default=Value(Decimal(0), output_field=field), output_field=field)


def _encode(last: Instance) -> str:
    value = getattr(last, "sort_key", None)
    plain = (
        value.isoformat()
        if isinstance(value, datetime)
        else str(value)
        if isinstance(value, Decimal)
        else value
    )
    text = json.dumps([plain, str(last.pk)], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(query: ListQuery) -> tuple[Any, UUID] | None:
    """Where the page begins; None (the first page) for what is no such place in this order."""
    if not query.after:
        return None
    try:
        padded = query.after + "=" * (-len(query.after) % 4)
        value, pk = json.loads(base64.urlsafe_b64decode(padded.encode()))
        return _typed(query.order, value), UUID(pk)
    except (ValueError, TypeError, AttributeError, binascii.Error, ArithmeticError, RecursionError):
        return None


def _typed(order: str, value: Any) -> Any:
    """The value as the database compares it; ValueError or ArithmeticError for what it could not."""
    match order:
        case "age":
            return _moment(str(value))
        case "size":
            return _within(int(value))
        case "cost":
            return _within(Decimal(str(value)))
        case _:
            return _plain(str(value))


def _moment(text: str) -> datetime:
    moment = parse_datetime(text)
    if moment is None or moment.tzinfo is None:
        raise ValueError(text)
    return moment.astimezone(UTC)


def _within(number: _Number) -> _Number:
    if not -_LARGEST < number < _LARGEST:
        raise ValueError(number)
    return number
