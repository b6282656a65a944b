"""The roster as a list: search, state, order and a page by key, in a fixed number of queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from django.db.models import Count, DateTimeField, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Lower

from instances.workshops.models import Learner, Workshop
from instances.workshops.roster import line, matching
from instances.workshops.roster.models import Coming
from portal.core import keyset
from portal.core.listed import Sorted

PAGE_SIZE = 50
LONGEST = 200
# What people call the states, and how each looks.
STATES: Mapping[str, tuple[str, str]] = {
    "in": ("Has a seat", "ok"),
    "invited": ("Invited", "info"),
    "waiting": ("Waiting list", "warn"),
    "asking": ("Asks to join", "warn"),
    "out": ("Removed", "off"),
}
_NEVER = Value(datetime(1970, 1, 1, tzinfo=UTC), output_field=DateTimeField())
_ORDERS: dict[str, tuple[Any, type]] = {
    "name": (Lower("name"), str),
    "state": (Lower("state"), str),
    "added": (Coalesce("added_at", _NEVER), datetime),
    "came": (Coalesce("joined_at", _NEVER), datetime),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query(Sorted):
    """What the address of the list says. Unknown values fall back: people keep and share addresses."""

    USUAL: ClassVar[Mapping[str, str]] = {"sort": "name"}
    q: str = ""
    state: str = ""
    sort: str = "name"

    @classmethod
    def read(cls, params: Mapping[str, Any]) -> Self:
        given = {
            name: "".join(letter for letter in str(params.get(name, "")) if letter.isprintable()).strip()[
                : keyset.LONGEST if name == "after" else LONGEST
            ]
            for name in cls.names()
        }
        if given["state"] not in STATES:
            given["state"] = ""
        if given["sort"].removeprefix("-") not in _ORDERS:
            given["sort"] = "name"
        return cls(**given)

    @property
    def filtered(self) -> bool:
        return bool(self.q or self.state)


@dataclass(frozen=True, slots=True)
class Row:
    """A person as the list shows them. `place`: in line; `other_name`: of the account, where it is another person's name."""

    learner: Learner
    label: str
    tone: str
    seat: int | None
    place: int
    other_name: str
    coming: Coming | None


@dataclass(frozen=True, slots=True)
class Listed:
    rows: Sequence[Row]
    matched: int
    total: int
    counts: Mapping[str, int]
    next_after: str


def people(workshop: Workshop) -> QuerySet[Learner]:
    """Everybody but test drives, with what a row shows of them."""
    found = Learner.objects.filter(workshop=workshop).exclude(via=Learner.Via.TEST)
    return found.select_related("seat", "user", "coming")


def matching_people(workshop: Workshop, query: Query) -> QuerySet[Learner]:
    found = people(workshop)
    if query.state:
        found = found.filter(state=query.state)
    for word in query.q.split()[:8]:
        found = found.filter(
            Q(name__icontains=word) | Q(email__icontains=word) | Q(access_id__icontains=word)
        )
    return found


def listed(workshop: Workshop, query: Query) -> Listed:
    """Four queries at most."""
    expression, kind = _ORDERS[query.order]
    found = matching_people(workshop, query).annotate(_by=expression)
    way = "-" if query.descending else ""
    place = keyset.decode(query.after, kind, UUID)
    page = found.filter(keyset.beyond("_by", place, descending=query.descending)) if place else found
    held = list(page.order_by(f"{way}_by", f"{way}pk")[: PAGE_SIZE + 1])
    shown = held[:PAGE_SIZE]
    counts = counted(workshop)
    return Listed(
        rows=rows_of(shown),
        matched=found.count() if query.filtered else sum(counts.values()),
        total=sum(number for state, number in counts.items() if state != "out"),
        counts=counts,
        next_after=keyset.encode(shown[-1]._by, shown[-1].pk) if len(held) > PAGE_SIZE else "",
    )


def counted(workshop: Workshop) -> dict[str, int]:
    """By state. One query."""
    rows = Learner.objects.filter(workshop=workshop).exclude(via=Learner.Via.TEST).order_by()
    found = dict(rows.values_list("state").annotate(number=Count("pk")))
    return {state: found.get(state, 0) for state in STATES}


def rows_of(learners: Sequence[Learner]) -> list[Row]:
    places = line.places(learners)
    return [_row(learner, places.get(learner.pk, 0)) for learner in learners]


def _row(learner: Learner, place: int) -> Row:
    label, tone = STATES[learner.state]
    coming: Coming | None = getattr(learner, "coming", None)
    if learner.state == "out" and coming is not None and coming.left:
        label = "Left"
    account = coming.account_name if coming is not None and learner.user_id else ""
    seat = getattr(learner, "seat", None)
    return Row(
        learner=learner,
        label=label,
        tone=tone,
        seat=seat.number if seat is not None else None,
        place=place,
        other_name=account if matching.differs(learner.name, account) else "",
        coming=coming,
    )
