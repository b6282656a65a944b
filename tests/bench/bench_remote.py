"""The web shell against `ssh` to the same sshd, in one run: echo, output, Ctrl-C, memory, many sessions, the way in."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import quantiles

import httpx

from tests.bench.figures import Figure, middle
from tests.bench.remote.place import Place, place
from tests.bench.remote.terminals import Page, Plain, echoes, flood
from tests.bench.remote.terminals import run as run_command

KEYS, KEYS_CROWDED = 600, 400
PAUSE = 0.005
ROUNDS, MEGABYTES = 3, 100
OTHERS, BUSY = 100, 10
IDLE = 1000
CLICKS = 20
# Pages that open at the same time: what an instructor's class does, and what this machine's two cores bear.
AT_ONCE = 8


def p99(values: list[float]) -> float:
    return quantiles(values, n=100, method="inclusive")[-1]


@asynccontextmanager
async def opened(at: Place, first: int, count: int, http: httpx.AsyncClient) -> AsyncIterator[list[Page]]:
    """As many shells, each of another person."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(person: int) -> Page:
        async with gate:
            return await Page(at, person).open(http)

    pages = list(await asyncio.gather(*(one(first + number) for number in range(count))))
    try:
        yield pages
    finally:
        await asyncio.gather(*(page.close() for page in pages), return_exceptions=True)


async def echo(at: Place, http: httpx.AsyncClient) -> list[Figure]:
    """Interleaved, so that what the machine does besides falls on both."""
    through: list[float] = []
    plain: list[float] = []
    async with opened(at, 0, 1, http) as (page,), Plain(at) as ssh:
        for terminal in (page, ssh):
            await run_command(terminal, "cat", b"cat\r\n")
        for _ in range(6):
            through += await echoes(page, KEYS // 6, PAUSE)
            plain += await echoes(ssh, KEYS // 6, PAUSE)
    return [
        Figure("echo by plain ssh, median", middle(plain) * 1000, "ms"),
        Figure("echo through the portal, median", middle(through) * 1000, "ms"),
        Figure("added to the echo, median", (middle(through) - middle(plain)) * 1000, "ms", most=1),
        Figure("added to the echo, p99", (p99(through) - p99(plain)) * 1000, "ms", most=8),
    ]


async def output(at: Place, http: httpx.AsyncClient) -> list[Figure]:
    through, plain = [], []
    async with opened(at, 1, 1, http) as (page,), Plain(at) as ssh:
        for _ in range(ROUNDS):
            through.append(await flood(page, MEGABYTES))
            plain.append(await flood(ssh, MEGABYTES))
    ratio = middle(through) / middle(plain)
    return [
        Figure("output by plain ssh", middle(plain) / 1e6, "MB/s"),
        Figure("output through the portal", middle(through) / 1e6, "MB/s"),
        Figure("output, portal to plain ssh", ratio, "times", least=0.9),
    ]


async def gigabyte(at: Place, http: httpx.AsyncClient) -> list[Figure]:
    """`cat` of 1 GB: memory while it runs, and Ctrl-C half-way through another."""
    async with opened(at, 2, 1, http) as (page,):
        await flood(page, 20)
        before = most = at.memory()
        await page.write(b"head -c 1073741824 /dev/zero | tr '\\0' x; echo over-$((1+1))\r")
        tail, seen, looked = b"", 0, 0
        while b"over-2" not in tail:
            data = await page.read()
            seen += len(data)
            tail = (tail + data)[-64:]
            if seen - looked > 8_000_000:
                most, looked = max(most, at.memory()), seen
        await page.write(b"cat /dev/zero | tr '\\0' x\r")
        for _ in range(200):
            await page.read()
        began = time.perf_counter()
        await page.write(b"\x03")
        await page.until(b"# ")
        stopped = time.perf_counter() - began
    return [
        Figure("memory moved by a cat of 1 GB", (most - before) / 1e6, "MB", most=8),
        Figure("Ctrl-C in a flood, to the prompt", stopped * 1000, "ms", most=300),
    ]


async def crowd(at: Place, http: httpx.AsyncClient) -> list[Figure]:
    """The same echo with 100 others on the process, ten of them printing as fast as they are read."""
    async with opened(at, 10, OTHERS, http) as others, opened(at, 3, 1, http) as (page,):
        await run_command(page, "cat", b"cat\r\n")

        async def print_on(other: Page) -> None:
            await other.write(b"cat /dev/zero | tr '\\0' x | fold -w 78\r")
            while True:
                await other.read()

        busy = [asyncio.create_task(print_on(other)) for other in others[:BUSY]]
        await asyncio.sleep(2)
        found = await echoes(page, KEYS_CROWDED, PAUSE)
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)
    return [
        Figure("echo among 100 others, 10 busy, median", middle(found) * 1000, "ms"),
        Figure("echo among 100 others, 10 busy, p99", p99(found) * 1000, "ms", most=50),
    ]


async def idle(at: Place, http: httpx.AsyncClient) -> list[Figure]:
    """Each of another person, so that each has an SSH connection of its own."""
    before = at.memory()
    async with opened(at, 120, IDLE, http) as pages:
        await asyncio.sleep(5)
        each = (at.memory() - before) / len(pages)
        live = 0
        for page in pages[:: IDLE // 50]:
            await run_command(page, "echo still-$((1+1))", b"still-2")
            live += 1
    return [
        Figure("idle sessions on one process", len(pages), "", least=IDLE),
        Figure("of 50 tried, alive", live, "", least=50),
        Figure("memory of each", each / 1e6, "MB", most=0.5),
    ]


async def click(at: Place, http: httpx.AsyncClient) -> list[Figure]:
    """From the POST to the prompt, each with a connection of its own; `ssh` to its prompt beside it."""
    through, plain = [], []
    for number in range(CLICKS):
        began = time.perf_counter()
        async with opened(at, 1120 + number, 1, http):
            through.append(time.perf_counter() - began)
        began = time.perf_counter()
        async with Plain(at):
            plain.append(time.perf_counter() - began)
    return [
        Figure("plain ssh to its prompt, median", middle(plain) * 1000, "ms"),
        Figure("click to prompt, median", middle(through) * 1000, "ms", most=400),
    ]


async def measure(at: Place) -> list[Figure]:
    async with httpx.AsyncClient(timeout=60) as http:
        found: list[Figure] = []
        for part in (click, echo, output, gigabyte, crowd, idle):
            found += await part(at, http)
            print(json.dumps({"part": part.__name__}), flush=True)
    return found


def run() -> list[Figure]:
    with place(people=1150) as at:
        return asyncio.run(measure(at))
