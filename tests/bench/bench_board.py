"""The live board of a class: 100 seats that work, 5 who watch. How soon a change is seen, and what an open page costs."""

import asyncio
import json
import os
import random
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import connect
from websockets.typing import Origin

from tests.bench.figures import Figure, middle, p95
from tests.browser.running import Demo, demo

SEATS, VIEWERS = 100, 5
CHANGES, APART_SECONDS = 30, 1.0
MARK = "bench-mark-"


@dataclass
class Viewer:
    """One open board: when it saw which mark, and how much it was sent."""

    socket: Any
    seen: dict[str, float] = field(default_factory=dict)
    tiles: dict[str, float] = field(default_factory=dict)
    messages: int = 0
    size: int = 0

    async def listen(self) -> None:
        async for text in self.socket:
            now = time.monotonic()
            self.messages += 1
            self.size += len(text)
            for swap in json.loads(text).get("html", []):
                self.tiles[swap["element"]] = now
                for part in swap["html"].split(MARK)[1:]:
                    self.seen.setdefault(MARK + part[:6], now)


def room(running: Demo) -> tuple[Any, list[str]]:
    """A class whose learners are all at their machines, and sessions of those who help at it. No cloud knows of it."""
    os.environ.update(running.environment(), DJANGO_SETTINGS_MODULE="portal.settings")
    import django

    django.setup()
    from datetime import timedelta

    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.cached_db import SessionStore
    from django.utils import timezone

    from instances.workshops.models import Seat
    from tests.cast import make_allocation, make_user
    from tests.instances.workshops.room import make_helper, make_learner, make_workshop, sit

    now = timezone.now()
    # Of a project that nobody has a credential for, and not due: neither mirror nor engine look at it.
    workshop = make_workshop(make_allocation("BENCH001"), None, seats=SEATS, next_at=now + timedelta(days=3))
    for seat in Seat.objects.filter(workshop=workshop).select_related("workshop__allocation"):
        sit(seat, make_learner(workshop, name=f"Learner {seat.number}", seen_at=now))
    sessions = []
    for number in range(VIEWERS):
        user = make_user(f"bench-helper-{number}")
        make_helper(workshop, user)
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        assert session.session_key
        sessions.append(session.session_key)
    return workshop, sessions


def change(seats: list[Any], marks: list[str]) -> None:
    """What a learner's joining changes, each in a transaction of its own, as it comes in a class."""
    from django.db import transaction

    from instances.workshops import live
    from instances.workshops.models import Learner

    for seat, mark in zip(seats, marks, strict=True):
        with transaction.atomic():
            Learner.objects.filter(pk=seat.learner_id).update(name=mark)
            live.seats_changed([seat])


def measure_all(seats: list[Any]) -> None:
    """What a hundred guests say of themselves every five seconds."""
    from django.utils import timezone

    from instances.metrics.models import Sample

    now = timezone.now()
    Sample.objects.bulk_create(
        [
            Sample(instance_id=seat.instance_id, at=now, resolution=0, cpu=random.uniform(0, 100))
            for seat in seats
        ]
    )


async def pulse(seats: list[Any]) -> None:
    while True:
        await asyncio.to_thread(measure_all, seats)
        await asyncio.sleep(5)


async def measure(running: Demo, workshop: Any, sessions: list[str], seats: list[Any]) -> dict[str, Any]:
    url = running.url.replace("http", "ws") + f"/ws/live/?t=workshop:{workshop.pk}"
    async with AsyncExitStack() as stack:
        viewers = []
        for key in sessions:
            headers = {"Cookie": f"sessionid={key}"}
            socket = connect(url, additional_headers=headers, origin=Origin(running.url), max_queue=None)
            viewers.append(Viewer(await stack.enter_async_context(socket)))
        tasks = [asyncio.create_task(viewer.listen()) for viewer in viewers]
        noise = asyncio.create_task(pulse(seats))
        # The first tick sends all tiles once.
        await asyncio.sleep(12)
        quiet = await _quiet(viewers)
        late = []
        for number in range(CHANGES):
            mark = f"{MARK}{number:06d}"
            late.append((mark, time.monotonic()))
            await asyncio.to_thread(change, [seats[number]], [mark])
            await asyncio.sleep(APART_SECONDS)
        await asyncio.sleep(4)
        delays = [viewer.seen.get(mark, float("inf")) - at for viewer in viewers for mark, at in late]
        burst = await _burst(viewers, seats)
        for task in (*tasks, noise):
            task.cancel()
    return {"delays": delays, "burst": burst, **quiet}


async def _quiet(viewers: list[Viewer]) -> dict[str, float]:
    """Nothing but numbers changes for a while."""
    for viewer in viewers:
        viewer.messages = viewer.size = 0
    seconds = 20.0
    await asyncio.sleep(seconds)
    return {
        "messages": max(viewer.messages for viewer in viewers) / seconds * 60,
        "bytes": max(viewer.size for viewer in viewers) / seconds,
    }


async def _burst(viewers: list[Viewer], seats: list[Any]) -> float:
    """All join at once: until the last viewer has the last tile."""
    marks = [f"{MARK}9{number:05d}" for number in range(len(seats))]
    at = time.monotonic()
    await asyncio.to_thread(change, seats, marks)
    done = time.monotonic()
    await asyncio.sleep(8)
    last = max(viewer.seen.get(mark, float("inf")) for viewer in viewers for mark in marks)
    return last - max(at, done)


def run() -> list[Figure]:
    with demo() as running:
        workshop, sessions = room(running)
        from instances.workshops.models import Seat

        seats = list(Seat.objects.filter(workshop=workshop).order_by("number"))
        found = asyncio.run(measure(running, workshop, sessions, seats))
    return [
        Figure(f"change seen, {SEATS} seats, {VIEWERS} viewers, median", middle(found["delays"]), "s"),
        Figure(f"change seen, {SEATS} seats, {VIEWERS} viewers, p95", p95(found["delays"]), "s", most=1.0),
        Figure(f"all {SEATS} join at once, last tile at the last viewer", found["burst"], "s", most=3.0),
        Figure("messages a minute to a page on which only numbers move", found["messages"], "", most=30),
        Figure("sent to such a page", found["bytes"] / 1024, "KiB/s", most=4.0),
    ]
