"""What a person's inbox shows, and marking it read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.core import events
from portal.core.errors import PortalError
from portal.notices import hooks, kinds
from portal.notices.models import Notice
from portal.notices.services import CHANGED

PAGE_SIZE = 30
# More than so many are counted by nobody.
MOST_COUNTED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What the address of the inbox says. `after`: the id of the last notice of the page before."""

    kind: str = ""
    scope: str = ""
    unread: str = ""
    after: str = ""

    @classmethod
    def read(cls, params: Mapping[str, Any]) -> Self:
        return cls(**{name: str(params.get(name, "")).strip()[:255] for name in cls.__slots__})

    @property
    def filtered(self) -> bool:
        return bool(self.kind or self.scope or self.unread)

    @property
    def cleared(self) -> str:
        return reverse("notices:inbox")

    def address(self, **changes: str) -> str:
        shown = replace(self, **changes)
        words = {name: getattr(shown, name) for name in self.__slots__ if getattr(shown, name)}
        return reverse("notices:inbox") + (f"?{urlencode(words)}" if words else "")


@dataclass(frozen=True, slots=True)
class Line:
    notice: Notice
    kind: str
    scope: str


@dataclass(frozen=True, slots=True)
class Page:
    lines: Sequence[Line]
    query: Query
    scopes: Sequence[hooks.Scope]
    next_url: str = ""
    first_url: str = ""


def page_of(user: User, query: Query) -> Page:
    """One page, newest first: one query beside those of the scopes."""
    known = hooks.scopes_of(user)
    rows = list(_matching(user, query).order_by("-id")[: PAGE_SIZE + 1])
    lines = [
        Line(row, kinds.title_of(row.kind), known[row.scope].title if row.scope in known else "")
        for row in rows[:PAGE_SIZE]
    ]
    more = query.address(after=str(rows[PAGE_SIZE - 1].pk)) if len(rows) > PAGE_SIZE else ""
    return Page(lines, query, list(known.values()), more, query.address(after="") if query.after else "")


def _matching(user: User, query: Query) -> QuerySet[Notice]:
    found = Notice.objects.filter(user=user)
    if query.kind:
        found = found.filter(kind=query.kind)
    if query.scope:
        found = found.filter(scope=query.scope)
    if query.unread:
        found = found.filter(read_at=None)
    place = _uuid(query.after)
    return found.filter(pk__lt=place) if place else found


def _uuid(text: str) -> UUID | None:
    """A place that is none is the first page."""
    try:
        return UUID(text)
    except ValueError:
        return None


def unread(user: User) -> int:
    """How many, up to MOST_COUNTED. One query."""
    return Notice.objects.filter(user=user, read_at=None)[:MOST_COUNTED].count()


def notice_of(user: User, id: UUID) -> Notice:
    found = Notice.objects.filter(user=user, pk=id).first()
    if found is None:
        raise PortalError("portal:not-found")
    return found


def mark_read(user: User, *ids: UUID) -> int:
    """These of the person's; without ids all. Their other open pages hear of it."""
    rows = Notice.objects.filter(user=user, read_at=None)
    changed = (rows.filter(pk__in=ids) if ids else rows).update(read_at=timezone.now())
    if changed:
        events.publish([f"user.{user.pk}"], events.Changed(CHANGED))
    return changed
