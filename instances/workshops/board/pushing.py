"""Open boards are sent what looks different: each tile rendered once, the same for everybody who may see it.

Many changes at once become one reading of the workshop; what depends on time alone is found by the slow tick.
"""

import hashlib
import json
import logging
from collections.abc import Collection
from uuid import UUID

from django.template.loader import render_to_string
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from instances.workshops.board.facts import Placed, Room, read
from instances.workshops.live import group_of
from instances.workshops.models import Seat, Workshop
from portal.core import events, presence
from portal.core.redis_client import client

logger = logging.getLogger(__name__)

TILE, COUNTS = "workshops/board/_tile.html", "workshops/board/_counts.html"
# Asked for again within this time, a reading that has not begun yet is for both.
ASKED_MS = 2000
# What was shown last is remembered while anybody looks.
SHOWN_SECONDS = 120


def seats_changed(ids: Collection[UUID]) -> None:
    """For `hooks.seats_changed`. Nobody looks: nothing is read."""
    if not presence.watched("workshop."):
        return
    for pk in Seat.objects.filter(pk__in=list(ids)).order_by().values_list("workshop", flat=True).distinct():
        ask(pk)


def ask(workshop_id: UUID) -> None:
    """Have it read and sent by a worker, once for all who ask until it begins."""
    from instances.workshops.board.tasks import push as task

    try:
        if client().set(_asked(workshop_id), 1, nx=True, px=ASKED_MS):
            task.apply_async(args=(str(workshop_id),), expires=ASKED_MS / 1000, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        logger.warning("the board was not pushed, pages will heal by the tick: %s", error)


def push(workshop_id: UUID) -> int:
    """Read it now and send what open pages do not show yet. How many elements were sent."""
    try:
        client().delete(_asked(workshop_id))
        if not presence.watching(group_of(workshop_id)):
            return 0
        workshop = Workshop.objects.select_related("allocation").filter(pk=workshop_id).first()
        return _send(read(workshop)) if workshop else 0
    except (RedisError, OSError) as error:
        logger.warning("the board was not pushed, pages will heal by fetching: %s", error)
        return 0


def _send(room: Room) -> int:
    workshop_id, group = room.workshop.pk, group_of(room.workshop.pk)
    shown = _shown(workshop_id)
    looks = {**{str(one.seat.pk): look_of(one) for one in room.placed}, **_others(room)}
    fresh = {name for name, look in looks.items() if shown.get(name) != look}
    for one in room.placed:
        if str(one.seat.pk) in fresh:
            events.send([group], tile_event(one))
    if "counts" in fresh:
        events.send([group], _counts_event(room))
    if "calls" in fresh:
        events.send([group], events.Changed("board:calls", {"id": str(workshop_id)}))
    if "pulse" in fresh:
        events.send([group], events.Changed("board:pulse", {"seats": _moved(shown.get("pulse", ""), room)}))
    if shown.keys() - looks.keys():
        # A seat is gone: pages fetch the whole.
        events.send([group], events.Changed("board:changed", {"id": str(workshop_id)}))
    _remember(workshop_id, looks, gone=shown.keys() - looks.keys())
    return len(fresh)


def _others(room: Room) -> dict[str, str]:
    """What is shown besides the tiles, and how it looks now."""
    calls = [(str(call.pk), call.text, call.claimed_by_id) for call in room.calls]
    return {
        "counts": _digest(room.counts),
        "calls": _digest(calls),
        "pulse": json.dumps(pulses(room), separators=(",", ":")),
    }


def _moved(before: str, room: Room) -> dict[str, list[int | None]]:
    """Those of the numbers that are others than before."""
    known = json.loads(before) if before else {}
    return {pk: numbers for pk, numbers in pulses(room).items() if known.get(pk) != numbers}


def tile_event(one: Placed) -> events.Html:
    return events.Html(
        element=f"seat-{one.seat.pk}",
        version=one.version,
        html=render_to_string(TILE, {"one": one}),
        name="board:changed",
        detail={"id": str(one.seat.workshop_id), "seat": str(one.seat.pk)},
    )


def _counts_event(room: Room) -> events.Html:
    context = {"counts": room.counts, "workshop": room.workshop, "version": room.version}
    return events.Html(
        element=f"counts-{room.workshop.pk}",
        version=room.version,
        html=render_to_string(COUNTS, context),
        name="board:counts",
        detail={"id": str(room.workshop.pk)},
    )


def look_of(one: Placed) -> str:
    """Tells whether a tile is to be sent: everything that it says but the numbers that pulse."""
    facts = one.facts
    shown = (one.tile, facts.name, facts.step, facts.helpers, facts.call, facts.learner, facts.stage)
    return _digest((shown, facts.doing_since, facts.cpu is None, facts.gpu is None, one.seat.instance_id))


def pulses(room: Room) -> dict[str, list[int | None]]:
    """CPU and GPU in percent, in steps of 5 that bars can show, and when the learner was seen (seconds, in minutes)."""
    return {
        str(one.seat.pk): [_steps(one.facts.cpu), _steps(one.facts.gpu), _seen(one)]
        for one in room.placed
        if one.facts.cpu is not None or one.facts.seen_at is not None
    }


def _steps(load: float | None) -> int | None:
    return None if load is None else max(0, min(100, round(load / 5) * 5))


def _seen(one: Placed) -> int | None:
    seen = one.facts.seen_at
    return None if seen is None else int(seen.timestamp() // 60 * 60)


def _digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:20]


def _shown(workshop_id: UUID) -> dict[str, str]:
    held = client().hgetall(_key(workshop_id))
    return {bytes(k).decode(): bytes(v).decode() for k, v in held.items()} if isinstance(held, dict) else {}


def _remember(workshop_id: UUID, looks: dict[str, str], *, gone: Collection[str]) -> None:
    with client().pipeline(transaction=False) as trip:
        trip.hset(_key(workshop_id), mapping=dict(looks))
        if gone:
            trip.hdel(_key(workshop_id), *gone)
        trip.expire(_key(workshop_id), SHOWN_SECONDS)
        trip.execute()


def _key(workshop_id: UUID) -> str:
    return f"board:shown:{workshop_id}"


def _asked(workshop_id: UUID) -> str:
    return f"board:asked:{workshop_id}"
