"""A thousand guests, each pushing every 5 s: one core takes them in, the worker stores them, an open page draws."""

import asyncio
import json
import os
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Page, async_playwright

from tests.bench.figures import Figure, middle, p95
from tests.browser.conftest import FLAGS
from tests.browser.running import Demo, demo

GUESTS, EVERY, SECONDS = 1000, 5.0, 40.0
WATCHED_EVERY = 1.0
CORE = 0
# In the page: the age of each sample of this machine when it came, and when it was drawn.
WATCH = """
  const root = document.querySelector('[data-graphs]');
  window.ages = {come: [], drawn: []};
  document.body.addEventListener('samples', ({detail}) => {
    if (detail.instance === root.dataset.instance)
      detail.samples.forEach((sample) => window.ages.come.push(Date.now() - sample.t * 1000));
  });
  new MutationObserver(() => window.ages.drawn.push(Date.now() - Number(root.dataset.drawn)))
    .observe(root, {attributeFilter: ['data-drawn']});
"""


@dataclass
class Tally:
    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    samples: int = 0


@dataclass(frozen=True)
class Guest:
    instance: str
    key: str

    def request(self, host: str, at: float) -> bytes:
        from instances.metrics import wire

        sample = {"t": round(at, 3), "cpu": 37.5, "ram": 41.2, "disk": 23.9, "gpus": None}
        body = json.dumps({"v": 1, "samples": [{**sample, "net_in": 1200, "net_out": 800}]}).encode()
        moment = str(int(at))
        head = (
            f"POST /metrics/push HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nX-Helio-Instance: {self.instance}\r\nX-Helio-Time: {moment}\r\n"
            f"X-Helio-Signature: {wire.signature(self.key, moment, body)}\r\n\r\n"
        )
        return head.encode() + body

    async def push(self, host: str, tally: Tally, begin: float, every: float, until: float) -> None:
        """Over one connection, as the agent keeps it."""
        name, _, port = host.partition(":")
        reader, writer = await asyncio.open_connection(name, int(port))
        next_at = begin
        while next_at < until:
            await asyncio.sleep(max(0.0, next_at - time.monotonic()))
            sent = time.monotonic()
            writer.write(self.request(host, time.time()))
            status = await reader.readuntil(b"\r\n\r\n")
            length = int(status.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            tally.seconds.append(time.monotonic() - sent)
            tally.samples += 1
            tally.refused += b" 202 " not in status.split(b"\r\n", 1)[0]
            next_at += every
        writer.close()


def guests(running: Demo) -> tuple[list[Guest], str]:
    """A thousand machines in the demo's database, and the session of one who may see them."""
    os.environ.update(running.environment(), DJANGO_SETTINGS_MODULE="portal.settings")
    import django

    django.setup()
    from django.utils import timezone

    from allocations.models import Allocation, Membership
    from instances.metrics.ingest import push_key
    from instances.models import Instance
    from portal.accounts.models import User
    from tests.bench.bench_live import cookies

    # Of a project that the portal does not poll: these machines have no server.
    allocation = Allocation.objects.create(
        slug="bench-iu", cloud="bench", region="IU", project_id="bench", project_name="BENCH"
    )
    now = timezone.now()
    machines = Instance.objects.bulk_create(
        Instance(allocation=allocation, name=f"guest-{n}", status="ACTIVE", created_at=now, state_since=now)
        for n in range(GUESTS)
    )
    _, sessions = cookies(running, 1)
    viewer = User.objects.get(username="viewer-0")
    Membership.objects.create(user=viewer, allocation=allocation, role="reader", source="portal")
    return [Guest(str(one.pk), push_key(str(one.pk))) for one in machines], sessions[0]


def web_pid(parent: int) -> int:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                command = (entry / "cmdline").read_text()
            except OSError:
                continue
            if int(fields[1]) == parent and "portal.asgi" in command:
                return int(entry.name)
    raise RuntimeError("the demo has no web process")


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def open_page(stack: AsyncExitStack, running: Demo, session: str, instance: str) -> Page:
    playwright = await stack.enter_async_context(async_playwright())
    browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
    context = await browser.new_context()
    await context.add_cookies([{"name": "sessionid", "value": session, "url": running.url}])
    page = await context.new_page()
    await page.goto(f"{running.url}/instances/{instance}/metrics/graphs/")
    await page.wait_for_selector("[data-graphs][data-drawn]")
    await page.wait_for_selector("#live-state[data-state=live]")
    await page.evaluate(WATCH)
    return page


async def load(running: Demo, found: list[Guest], session: str) -> dict[str, Any]:
    host, pid = urlsplit(running.url).netloc, web_pid(running.process.pid)
    os.sched_setaffinity(pid, {CORE})
    tally, watched = Tally(), Tally()
    async with AsyncExitStack() as stack:
        page = await open_page(stack, running, session, found[0].instance)
        begin = time.monotonic() + 2
        until = begin + SECONDS
        pushes = [
            guest.push(host, tally, begin + EVERY * number / len(found), EVERY, until)
            for number, guest in enumerate(found[1:])
        ]
        pushes.append(found[0].push(host, watched, begin, WATCHED_EVERY, until))
        used = cpu_seconds(pid)
        await asyncio.gather(*pushes)
        used = cpu_seconds(pid) - used
        ages = await page.evaluate("window.ages")
    return {"tally": tally, "watched": watched, "core": used / (time.monotonic() - begin), "ages": ages}


def stored_share(pushed: int) -> float:
    """Of what was pushed, what is in the database ten seconds later at most."""
    from instances.metrics.models import Sample

    end = time.monotonic() + 10
    count = 0
    while count < pushed and time.monotonic() < end:
        time.sleep(0.5)
        count = Sample.objects.filter(instance__name__startswith="guest-", resolution=0).count()
    return count / pushed


def run() -> list[Figure]:
    with demo() as running:
        found, session = guests(running)
        seen = asyncio.run(load(running, found, session))
        tally, watched, ages = seen["tally"], seen["watched"], seen["ages"]
        share = stored_share(tally.samples + watched.samples)
    drawn = [age / 1000 for age in ages["drawn"]] or [float("inf")]
    come = [age / 1000 for age in ages["come"]] or [float("inf")]
    return [
        Figure("pushes a second", (tally.samples + watched.samples) / SECONDS, "pushes"),
        Figure("pushes refused", tally.refused + watched.refused, "pushes", most=0),
        Figure("core that takes them in, used", seen["core"], "of one core", most=0.5),
        Figure("push answered, median", middle(tally.seconds), "s"),
        Figure("push answered, p95", p95(tally.seconds), "s", most=1),
        Figure("samples stored within 10 s, to pushed", share, "x", least=1),
        Figure("sample at the page, p95", p95(come), "s", most=1),
        Figure("sample drawn, median", middle(drawn), "s"),
        Figure("sample drawn, p95", p95(drawn), "s", most=1),
    ]
