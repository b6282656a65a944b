"""The board, the strip of counts on other pages, and the screen of the room."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from allocations.access import allocations_of
from instances.workshops.access import workshop_for
from instances.workshops.board import here
from instances.workshops.board.acts import ACTS
from instances.workshops.board.choosing import WORDS
from instances.workshops.board.facts import Placed, Room, read
from instances.workshops.board.tiles import LABELS, STATES, belongs
from instances.workshops.board.views_calls import context_of
from instances.workshops.clock import cap
from instances.workshops.clock.left import left_at
from instances.workshops.clock.reading import times_of
from instances.workshops.models import Workshop
from instances.workshops.rights import Right
from portal.core.htmx import page_or_part

SORTS = {"number": "Number", "name": "Name", "attention": "Needs attention"}
NAMES = {"none": "Numbers", "initials": "Initials", "full": "Names"}


@dataclass(frozen=True, slots=True)
class Query:
    """What the address says. Unknown values fall back."""

    state: str = ""
    q: str = ""
    sort: str = "number"

    @classmethod
    def read(cls, request: HttpRequest) -> "Query":
        state, sort = request.GET.get("state", ""), request.GET.get("sort", "")
        return cls(
            state=state if state in STATES else "",
            q=" ".join(request.GET.get("q", "").split())[:60],
            sort=sort if sort in SORTS else "number",
        )


def shown(room: Room, query: Query) -> list[tuple[Placed, bool]]:
    """All seats in the order that was asked for, and whether each is one of those that were."""
    return [(one, matches(one, room, query)) for one in sorted(room.placed, key=_order(query.sort))]


def matches(one: Placed, room: Room, query: Query) -> bool:
    if query.state and not belongs(one.facts, query.state, room.now):
        return False
    wanted = query.q.casefold()
    return not wanted or wanted == one.key or wanted in one.facts.name.casefold()


def _order(sort: str) -> Callable[[Placed], Any]:
    if sort == "name":
        return lambda one: (not one.facts.name, one.facts.name.casefold(), *_place(one))
    if sort == "attention":
        return lambda one: (one.tile.rank, *_place(one))
    return _place


def _place(one: Placed) -> tuple[bool, int]:
    return one.seat.spare, one.seat.number


@never_cache
@require_safe
def board(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    workshop = workshop_for(request.user, workshop_id, Right.SEE)
    here.touch(request, workshop.pk)
    room, query = read(workshop), Query.read(request)
    runs_it = workshop.viewer_right is not None and workshop.viewer_right >= Right.RUN
    context = {
        **_frame(request, workshop, room),
        **context_of(workshop, room.calls),
        "query": query,
        "tiles": shown(room, query),
        "states": [(name, LABELS[name], room.counts.by_state.get(name, 0)) for name in STATES],
        "sorts": SORTS.items(),
        "which": WORDS.items(),
        "acts": [
            act for act in ACTS.values() if workshop.viewer_right and act.right <= workshop.viewer_right
        ],
        "runs_it": runs_it,
        "cap": cap.verdict(workshop, room.now) if runs_it and workshop.su_cap is not None else None,
    }
    return page_or_part(request, "workshops/board/board.html", "workshops/board/_tiles.html", context)


@never_cache
@require_safe
def strip(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """The counts, as a part of other pages; pushed to those that listen to the workshop."""
    workshop = workshop_for(request.user, workshop_id, Right.SEE)
    room = read(workshop)
    context = {"workshop": workshop, "counts": room.counts, "version": room.version}
    return render(request, "workshops/board/_counts.html", context)


@never_cache
@require_safe
def room(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """For a projector: no names unless asked for, no addresses, nothing that is anybody's own."""
    workshop = workshop_for(request.user, workshop_id, Right.HELP)
    found = read(workshop)
    wanted = request.GET.get("names", "none")
    context = {
        **_frame(request, workshop, found),
        "names": wanted if wanted in NAMES else "none",
        "ways": NAMES.items(),
        "placed": [one for one in found.placed if not (one.seat.spare or one.facts.test)],
        "states": [(name, LABELS[name], found.counts.by_state.get(name, 0)) for name in STATES],
    }
    return page_or_part(request, "workshops/board/room.html", "workshops/board/_room.html", context)


def _frame(request: HttpRequest, workshop: Workshop, room: Room) -> dict[str, Any]:
    """What helpers who are no members of the allocation may not open is not linked."""
    now = timezone.now()
    member = allocations_of(request.user).filter(pk=workshop.allocation_id).exists()
    return {
        "workshop": workshop,
        "allocation": workshop.allocation if member else None,
        "room": room,
        "counts": room.counts,
        "version": room.version,
        "left": left_at(times_of(workshop), now),
        "now": now,
    }
