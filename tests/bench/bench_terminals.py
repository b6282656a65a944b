"""Our web shell beside another that can be had (WebSSH), and `ssh`: the same sshd, in turn, in one run.

`make bench ARGS=terminals`. WebSSH comes from the package registry, so this runs only when it is named. ttyd and Guacamole,
with which people would rather compare, are in neither Debian 12 nor that registry.
"""

import asyncio
import time

import httpx

from tests.bench.bench_remote import KEYS, PAUSE, opened, p99
from tests.bench.figures import Figure, middle
from tests.bench.remote.place import Place, place
from tests.bench.remote.terminals import Page, Plain, Terminal, echoes, flood
from tests.bench.remote.terminals import run as run_command
from tests.bench.remote.webssh import Running, WebSsh, running

ROUNDS, MEGABYTES, CLICKS = 3, 50, 10


def memory(pid: int) -> int:
    """Resident bytes of a process."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as text:
        return int(text.read().split("VmRSS:")[1].split()[0]) * 1024


async def click(at: Place, theirs: Running, http: httpx.AsyncClient) -> list[Figure]:
    """From the request to the prompt, each with a connection of its own."""
    ours, other = [], []
    for number in range(CLICKS):
        began = time.perf_counter()
        async with opened(at, 10 + number, 1, http):
            ours.append(time.perf_counter() - began)
        began = time.perf_counter()
        async with WebSsh(at, theirs):
            other.append(time.perf_counter() - began)
    return [
        Figure("click to prompt, WebSSH, median", middle(other) * 1000, "ms"),
        Figure("click to prompt, ours, median", middle(ours) * 1000, "ms"),
    ]


async def typing(names: dict[str, Terminal]) -> list[Figure]:
    found: dict[str, list[float]] = {name: [] for name in names}
    for terminal in names.values():
        await run_command(terminal, "cat", b"cat\r\n")
    for _ in range(6):
        for name, terminal in names.items():
            found[name] += await echoes(terminal, KEYS // 6, PAUSE)
    for terminal in names.values():
        await terminal.write(b"\x03")
        await terminal.until(b"# ")
    return [
        figure
        for name, values in found.items()
        for figure in (
            Figure(f"echo, {name}, median", middle(values) * 1000, "ms"),
            Figure(f"echo, {name}, p99", p99(values) * 1000, "ms"),
        )
    ]


async def printing(names: dict[str, Terminal]) -> list[Figure]:
    found: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(ROUNDS):
        for name, terminal in names.items():
            found[name].append(await flood(terminal, MEGABYTES))
    return [Figure(f"output, {name}", middle(values) / 1e6, "MB/s") for name, values in found.items()]


async def slow_reader(at: Place, theirs: Running, page: Page, other: WebSsh) -> list[Figure]:
    """Memory of each server while a page reads nothing of a machine that prints without end, for five seconds."""
    found = []
    for name, terminal, size in (
        ("ours", page, at.memory),
        ("WebSSH", other, lambda: memory(theirs.pid)),
    ):
        before = size()
        await terminal.write(b"cat /dev/zero | tr '\\0' x\r")
        await asyncio.sleep(5)
        found.append(Figure(f"memory moved by who does not read, {name}", (size() - before) / 1e6, "MB"))
    return found


async def measure(at: Place, theirs: Running) -> list[Figure]:
    async with httpx.AsyncClient(timeout=60) as http:
        figures = await click(at, theirs, http)
        async with opened(at, 1, 1, http) as (page,), Plain(at) as ssh, WebSsh(at, theirs) as other:
            names: dict[str, Terminal] = {"ssh": ssh, "WebSSH": other, "ours": page}
            figures += await typing(names)
            figures += await printing(names)
        async with opened(at, 2, 1, http) as (page,), WebSsh(at, theirs) as other:
            figures += await slow_reader(at, theirs, page, other)
    return figures


def run() -> list[Figure]:
    with place(people=40) as at, running() as theirs:
        return asyncio.run(measure(at, theirs))
