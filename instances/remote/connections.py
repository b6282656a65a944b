"""Who is and was connected: the rows that pages and API show, in a fixed number of queries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet
from django.utils.dateparse import parse_datetime

from allocations.models import Allocation
from allocations.roles import Need
from instances.access import may
from instances.models import Instance
from instances.remote.endings import words_of
from instances.remote.models import Recording, RemoteSession, Visit
from portal.accounts.models import User
from portal.core.listed import Address

PAGE_SIZE = 50
# Of those that go on now, above the list.
MOST_LIVE = 200
KINDS = dict(RemoteSession.Kind.choices)
SHAREABLE = {RemoteSession.Kind.SHELL, RemoteSession.Kind.DESKTOP}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query(Address):
    """What the address says. Unknown values fall back: people keep and share addresses."""

    kind: str = ""
    person: str = ""
    live: str = ""
    after: str = ""

    @classmethod
    def read(cls, params: Mapping[str, Any]) -> Self:
        given = {name: str(params.get(name, ""))[:100] for name in cls.names()}
        if given["kind"] not in KINDS:
            given["kind"] = ""
        if not (given["person"].isascii() and given["person"].isdigit() and len(given["person"]) < 12):
            given["person"] = ""
        given["live"] = "1" if given["live"] in ("1", "true", "on") else ""
        return cls(**given)

    @property
    def filtered(self) -> bool:
        return bool(self.kind or self.person or self.live)


@dataclass(frozen=True, slots=True)
class Row:
    """One session as this viewer sees it. `address` is empty where it is not theirs to know."""

    session: RemoteSession
    visits: Sequence[Visit]
    recordings: Sequence[Recording]
    address: str
    mine: bool
    may_end: bool
    may_look_on: bool

    @property
    def live(self) -> bool:
        return self.session.ended_at is None

    @property
    def kind(self) -> str:
        port = f" {self.session.port}" if self.session.port else ""
        return f"{self.session.kind}{port}"

    @property
    def lasted(self) -> timedelta | None:
        begun, ended = self.session.started_at, self.session.ended_at
        return ended - begun if begun and ended else None

    @property
    def reason(self) -> str:
        """Why it ended, in words; by whom where somebody did."""
        if self.live:
            return ""
        by = self.session.ended_by
        told = words_of(self.session.end_reason)
        return f"{told} ({by})" if by is not None and by.pk != self.session.person_id else told

    @property
    def here(self) -> Sequence[Visit]:
        return [visit for visit in self.visits if visit.left_at is None]


@dataclass(frozen=True, slots=True)
class Page:
    """`live`: those that go on now, on the first page only; `past`: those that have ended, newest first."""

    live: Sequence[Row]
    past: Sequence[Row]
    next_after: str
    more_live: bool


def of_instance(instance: Instance) -> QuerySet[RemoteSession]:
    return RemoteSession.objects.filter(instance=instance)


def of_allocation(allocation: Allocation) -> QuerySet[RemoteSession]:
    return RemoteSession.objects.filter(instance__allocation=allocation)


def of_person(user: User) -> QuerySet[RemoteSession]:
    return RemoteSession.objects.filter(person=user)


def page_of(
    sessions: QuerySet[RemoteSession], query: Query, viewer: User, allocation: Allocation | None = None
) -> Page:
    """`allocation`: all rows are of it, and it came through its door, so that it says what the viewer may do."""
    found = _matching(sessions, query)
    first = not _place(query.after)
    live = _loaded(found.filter(ended_at=None).order_by("-asked_at", "-id"), MOST_LIVE + 1) if first else []
    past, more = ([], False) if query.live else _past(found, query)
    shown = row_maker(viewer, allocation)
    return Page(
        [shown(one) for one in live[:MOST_LIVE]],
        [shown(one) for one in past],
        _place_of(past[-1]) if more else "",
        len(live) > MOST_LIVE,
    )


def _past(found: QuerySet[RemoteSession], query: Query) -> tuple[list[RemoteSession], bool]:
    ended = found.exclude(ended_at=None).order_by("-asked_at", "-id")
    place = _place(query.after)
    if place is not None:
        at, pk = place
        ended = ended.filter(Q(asked_at__lt=at) | Q(asked_at=at, pk__lt=pk))
    past = _loaded(ended, PAGE_SIZE + 1)
    return past[:PAGE_SIZE], len(past) > PAGE_SIZE


def _matching(sessions: QuerySet[RemoteSession], query: Query) -> QuerySet[RemoteSession]:
    if query.kind:
        sessions = sessions.filter(kind=query.kind)
    if query.person:
        sessions = sessions.filter(person_id=int(query.person))
    return sessions


def _loaded(sessions: QuerySet[RemoteSession], most: int) -> list[RemoteSession]:
    """Three queries, for one and for many."""
    return list(
        sessions.select_related("person", "ended_by", "instance__allocation").prefetch_related(
            Prefetch("visits", Visit.objects.select_related("person")),
            Prefetch("recordings", Recording.objects.filter(removed_at=None)),
        )[:most]
    )


def row_maker(viewer: User, allocation: Allocation | None = None) -> Any:
    """A function from a loaded session to its row. Without an allocation the viewer sees their own sessions."""

    def made(session: RemoteSession) -> Row:
        mine, visits = session.person_id == viewer.pk, list(session.visits.all())
        if allocation is not None:
            session.instance.allocation = allocation
        manages = allocation is not None and may(viewer, session.instance, Need.MANAGE)
        acts = allocation is not None and may(viewer, session.instance, Need.ACT)
        live = session.ended_at is None
        was_on_it = mine or viewer.pk in {visit.person_id for visit in visits}
        # As `doors.recording_for`.
        sees_recordings = was_on_it or manages or session.instance.owner_id == viewer.pk
        return Row(
            session,
            visits,
            list(session.recordings.all()) if sees_recordings else [],
            session.source or "" if mine or manages else "",
            mine,
            live and (mine or acts),
            live and acts and not mine and session.kind in SHAREABLE,
        )

    return made


def people_of(sessions: QuerySet[RemoteSession]) -> list[User]:
    """Who occurs in them: what the filter offers. One query."""
    return list(User.objects.filter(pk__in=sessions.values("person_id")).order_by("display_name", "pk")[:200])


def on_now(instance: Instance) -> list[RemoteSession]:
    """The sessions of a machine that go on now, with their people and those who look on."""
    live = of_instance(instance).filter(ended_at=None).exclude(started_at=None)
    here = Prefetch("visits", Visit.objects.filter(left_at=None).select_related("person"))
    return list(live.select_related("person").prefetch_related(here).order_by("asked_at")[:MOST_LIVE])


def names_on(sessions: Iterable[RemoteSession]) -> list[str]:
    """Everybody once, those whose sessions they are first."""
    own = [str(session.person) for session in sessions]
    return list(
        dict.fromkeys(own + [str(visit.person) for session in sessions for visit in session.visits.all()])
    )


def _place_of(last: RemoteSession) -> str:
    return f"{last.asked_at.astimezone(UTC).isoformat()}_{last.pk}"


def _place(after: str) -> tuple[datetime, UUID] | None:
    """Where the page begins; None (the first page) for what is no such place."""
    at, _, pk = after.partition("_")
    try:
        moment, found = parse_datetime(at), UUID(pk)
    except ValueError:
        return None
    return (moment.astimezone(UTC), found) if moment is not None and moment.tzinfo is not None else None
