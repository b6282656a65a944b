"""A hundred learners open their shells within one minute, each on a machine of their own behind one jump host.

From the click (the POST of the page) to the prompt, through a whole demo: web, sockets, jump host and guests share the two
cores with what measures them. Then everybody types at once.
"""

import asyncio
import json
import os
import time
from statistics import quantiles
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from tests.bench.bench_workshops import PROJECT, offered, open_class, stages, until
from tests.bench.figures import Figure, middle
from tests.browser.running import Demo, demo

SEATS, WITHIN = 100, 60.0
SPEED = 20.0
BUILT = 900.0
MOST_CLICK = 3.0
TOKEN = "x" * 32  # both halves of Django's double submit


def p95(values: list[float]) -> float:
    return quantiles(values, n=100, method="inclusive")[94]


class Learning:
    """One learner's browser."""

    def __init__(self, url: str, workshop: str, cookie: str) -> None:
        self.url, self.workshop = url, workshop
        self.cookies = f"sessionid={cookie}; csrftoken={TOKEN}"
        self.socket: ClientConnection

    async def open(self, http: httpx.AsyncClient) -> float:
        """Seconds from the click to the prompt."""
        began = time.perf_counter()
        answer = await http.post(
            f"{self.url}/w/{self.workshop}/open/",
            data={"kind": "shell"},
            headers={"Cookie": self.cookies, "X-CSRFToken": TOKEN, "Origin": self.url},
        )
        answer.raise_for_status()
        given: dict[str, Any] = answer.json()
        self.socket = await connect(
            self.url.replace("http", "ws") + given["path"],
            additional_headers={"Cookie": self.cookies},
            origin=Origin(self.url),
            subprotocols=[Subprotocol(name) for name in given["subprotocols"]],
            compression=None,
            open_timeout=60,
        )
        await self.socket.send(
            json.dumps({"t": "start", "cols": 80, "rows": 24, "have": 0, "keep": "portal"})
        )
        await self.sees(b"$")
        return time.perf_counter() - began

    async def sees(self, text: bytes) -> None:
        seen = b""
        async with asyncio.timeout(120):
            while text not in seen:
                found = await self.socket.recv()
                if isinstance(found, bytes):
                    seen += found
                elif json.loads(found)["t"] in ("problem", "end"):
                    raise RuntimeError(f"no shell: {found}")

    async def types(self) -> float:
        began = time.perf_counter()
        await self.socket.send(b"echo $((40+2))\r")
        await self.sees(b"42\r\n")
        return time.perf_counter() - began


def seat_everybody(workshop: Any) -> list[str]:
    """A learner at each seat, signed in: the cookies of their browsers."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from instances.workshops.models import Seat
    from portal.accounts.models import User
    from tests.instances.workshops.room import make_learner

    cookies = []
    for seat in Seat.objects.filter(workshop=workshop, spare=False):
        name = f"learner-{seat.number}"
        user = User.objects.create(username=name, issuer="bench", subject=name, display_name=name)
        Seat.objects.filter(pk=seat.pk).update(learner=make_learner(workshop, user))
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        cookies.append(str(session.session_key))
    return cookies


async def morning(url: str, workshop: str, cookies: list[str]) -> list[Figure]:
    async with httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=SEATS)) as http:
        pages = [Learning(url, workshop, cookie) for cookie in cookies]

        async def comes(number: int, page: Learning) -> float:
            await asyncio.sleep(WITHIN * number / len(pages))
            return await page.open(http)

        found = await asyncio.gather(*(comes(*one) for one in enumerate(pages)), return_exceptions=True)
        took = [one for one in found if isinstance(one, float)]
        inside = [page for page, one in zip(pages, found, strict=True) if isinstance(one, float)]
        echoes = list(await asyncio.gather(*(page.types() for page in inside)))
        await asyncio.gather(*(page.socket.close() for page in inside))
    return [
        Figure("learners who got their prompt", len(took), "learners", least=SEATS),
        Figure("click to prompt, median", middle(took), "s"),
        Figure("click to prompt, p95", p95(took), "s", most=MOST_CLICK),
        Figure("click to prompt, slowest", max(took), "s"),
        Figure("a command by all of them at once, p95", p95(echoes), "s"),
    ]


def measure(running: Demo) -> list[Figure]:
    os.environ.update(running.environment(), DJANGO_SETTINGS_MODULE="portal.settings")
    import django

    django.setup()
    from django.utils import timezone

    from instances.workshops.models import Workshop

    much = {"instances": 500, "cores": 5000, "ram": 50_000_000}
    running.control("POST", "quotas", {"project": PROJECT, "region": "IU", "quotas": much})
    if until(offered, 60) == float("inf"):
        raise RuntimeError("the catalogue was never read")
    workshop = open_class()
    ours = Workshop.objects.filter(pk=workshop.pk)
    ours.update(opens_at=timezone.now(), next_at=timezone.now())
    if until(lambda: stages(workshop).get("ready", 0) == SEATS, BUILT) == float("inf"):
        raise RuntimeError(f"the seats were never ready: {stages(workshop)}")
    cookies = seat_everybody(workshop)
    return asyncio.run(morning(running.url, str(workshop.pk), cookies))


def run() -> list[Figure]:
    with demo(seed="load:5", speed=SPEED) as running:
        return measure(running)
