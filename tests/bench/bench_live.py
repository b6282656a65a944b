"""A project of 500 machines, 5 % of them changing: what 300 open pages cost, and how soon a change is seen."""

import asyncio
import json
import os
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import connect
from websockets.typing import Origin

from tests.bench.figures import Figure, middle, p95
from tests.browser.running import Demo, demo

MACHINES, CHANGING, VIEWERS = 500, 25, 300
CHANGES, WINDOW_SECONDS = 30, 30.0
SLUG_PROJECT = "BIO220047"


@dataclass
class Viewer:
    """One open page, and when it saw which machine with which name."""

    socket: Any
    seen: dict[str, float] = field(default_factory=dict)

    async def listen(self) -> None:
        async for text in self.socket:
            now = time.monotonic()
            for swap in json.loads(text).get("html", []):
                for name in _marks(swap["html"]):
                    self.seen.setdefault(name, now)


def _marks(html: str) -> Iterator[str]:
    for part in html.split("bench-mark-")[1:]:
        yield "bench-mark-" + part[:6]


def cookies(running: Demo, count: int) -> tuple[str, list[str]]:
    """Sessions of that many members of the project, and the allocation's slug."""
    os.environ.update(running.environment(), DJANGO_SETTINGS_MODULE="portal.settings")
    import django

    django.setup()
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.cached_db import SessionStore

    from allocations.models import Allocation, Membership
    from portal.accounts.models import User

    allocation = Allocation.objects.get(project_name=SLUG_PROJECT, region="IU")
    found = []
    for number in range(count):
        user = User(username=f"viewer-{number}", issuer="bench", subject=str(number))
        user.set_unusable_password()
        user.save()
        Membership.objects.create(user=user, allocation=allocation, role="reader", source="portal")
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        assert session.session_key
        found.append(session.session_key)
    return allocation.slug, found


@contextmanager
def project() -> Iterator[tuple[Demo, str, list[str], list[str]]]:
    with demo(seed=f"load:{MACHINES}") as running:
        slug, sessions = cookies(running, VIEWERS)
        with running.api("alice") as api:
            end = time.monotonic() + 60
            servers: list[str] = []
            while len(servers) < CHANGING + CHANGES and time.monotonic() < end:
                time.sleep(1)
                page = api.get("instances", params={"allocation": slug, "q": "load-"}).json()
                after = page["next"]
                servers = [item["server_id"] for item in page["items"]]
                if after:
                    more = api.get(
                        "instances", params={"allocation": slug, "q": "load-", "after": after}
                    ).json()
                    servers += [item["server_id"] for item in more["items"]]
        for server in servers[:CHANGING]:
            running.control("PATCH", f"servers/{server}", {"task_state": "powering-off"})
        yield running, slug, sessions, servers[CHANGING:]


async def measure(
    running: Demo, slug: str, sessions: list[str], servers: list[str], round_: int
) -> dict[str, Any]:
    url = running.url.replace("http", "ws") + f"/ws/live/?t=allocation:{slug}"
    async with AsyncExitStack() as stack:
        viewers = []
        for key in sessions:
            socket = await stack.enter_async_context(
                connect(
                    url,
                    additional_headers={"Cookie": f"sessionid={key}"},
                    origin=Origin(running.url),
                    max_queue=None,
                )
            )
            viewers.append(Viewer(socket))
        tasks = [asyncio.create_task(viewer.listen()) for viewer in viewers]
        await asyncio.sleep(3)
        before, began = running.control("GET", "calls")["total"], time.monotonic()
        late: list[float] = []
        for number in range(CHANGES):
            mark = f"bench-mark-{round_}{number:05d}"
            at = time.monotonic()
            await asyncio.to_thread(running.control, "PATCH", f"servers/{servers[number]}", {"name": mark})
            await asyncio.sleep(WINDOW_SECONDS / CHANGES)
            late.append(at)
        await asyncio.sleep(4)
        calls = (running.control("GET", "calls")["total"] - before) / (time.monotonic() - began) * 60
        for task in tasks:
            task.cancel()
    delays = [
        viewer.seen.get(f"bench-mark-{round_}{number:05d}", float("inf")) - at
        for viewer in viewers
        for number, at in enumerate(late)
    ]
    return {"calls": calls, "delays": delays}


def run() -> list[Figure]:
    with project() as (running, slug, sessions, servers):
        one = asyncio.run(measure(running, slug, sessions[:1], servers, 1))
        many = asyncio.run(measure(running, slug, sessions, servers, 2))
    ratio = many["calls"] / one["calls"]
    return [
        Figure("cloud calls a minute with 1 page", one["calls"], "calls"),
        Figure("cloud calls, 300 pages to 1", ratio, "x", most=1.1, least=None),
        Figure("change seen, 1 page, median", middle(one["delays"]), "s"),
        Figure("change seen, 1 page, p95", p95(one["delays"]), "s", most=1.5),
        Figure("change seen, 300 pages, median", middle(many["delays"]), "s"),
        Figure("change seen, 300 pages, p95", p95(many["delays"]), "s", most=2.5),
    ]
