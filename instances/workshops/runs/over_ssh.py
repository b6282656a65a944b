"""Many seats at once over SSH, from one worker: so many at a time, one connection to their jump host, each with its own end.

Everything of the database happens in one thread beside the loop, which is closed with it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import asyncssh
from asgiref.sync import sync_to_async
from django.db import connections

from instances.remote.dialing import reach
from instances.remote.link import Link, Ran
from instances.remote.ways import Hop, Way
from portal.core.errors import PortalError

logger = logging.getLogger(__name__)
AT_ONCE = 25
# Without a byte from a seat that is to send or take something.
STALL_SECONDS = 20.0
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Errand:
    """One seat: `do` with the link to it, or `failed` (with the database) when there is none, or it raised."""

    way: Way | PortalError
    person: str
    do: Callable[[Link], Awaitable[None]]
    failed: Callable[[PortalError], None]
    seconds: float


def in_db(function: Callable[P, R]) -> Callable[P, Coroutine[Any, Any, R]]:
    return sync_to_async(function, thread_sensitive=False)


def run_all(errands: Sequence[Errand], *, at_once: int = AT_ONCE) -> None:
    """Returns when all are over: after the longest `seconds` of them, times how often `at_once` goes into their number."""
    if errands:
        asyncio.run(_all(errands, at_once))


async def _all(errands: Sequence[Errand], at_once: int) -> None:
    # One thread: certificates and rows take milliseconds, and each thread would have a connection of its own.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1, thread_name_prefix="seats"))
    tunnels, gate = Tunnels(), asyncio.Semaphore(at_once)
    try:
        ended = await asyncio.gather(
            *(_one(errand, gate, tunnels) for errand in errands), return_exceptions=True
        )
    finally:
        await tunnels.close()
        await in_db(connections.close_all)()
    # A mistake of ours at one seat must not cut off the others; now it may be heard of.
    for error in ended:
        if isinstance(error, BaseException):
            raise error


async def _one(errand: Errand, gate: asyncio.Semaphore, tunnels: "Tunnels") -> None:
    async with gate:
        try:
            async with asyncio.timeout(errand.seconds):
                async with visit(errand.way, errand.person, tunnels) as link:
                    await errand.do(link)
        except TimeoutError:
            error = PortalError("workshops:seat-silent", outcome="retry", seconds=round(errand.seconds))
        except PortalError as problem:
            error = problem
        else:
            return
        await in_db(errand.failed)(error)


@asynccontextmanager
async def visit(way: Way | PortalError, person: str, tunnels: "Tunnels") -> AsyncIterator[Link]:
    if isinstance(way, PortalError):
        raise way
    tunnel = await tunnels.through(way.hops[:-1], person)
    made = await reach(way.machine, way.name, person=person, tunnel=tunnel)
    link = Link(way, [made])
    try:
        yield link
    finally:
        await link.close()


class Tunnels:
    """Connections to jump hosts, each made once. One that cannot be reached fails all behind it at once, not in turn."""

    def __init__(self) -> None:
        self._made: dict[str, asyncssh.SSHClientConnection | PortalError] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def through(self, hops: Sequence[Hop], person: str) -> asyncssh.SSHClientConnection | None:
        tunnel: asyncssh.SSHClientConnection | None = None
        for hop in hops:
            async with self._locks.setdefault(hop.instance_id, asyncio.Lock()):
                tunnel = await self._open(hop, person, tunnel)
        return tunnel

    async def _open(
        self, hop: Hop, person: str, before: asyncssh.SSHClientConnection | None
    ) -> asyncssh.SSHClientConnection:
        found = self._made.get(hop.instance_id)
        if found is None or (not isinstance(found, PortalError) and found.is_closed()):
            try:
                found = await reach(hop, "its jump host", person=person, tunnel=before)
            except PortalError as error:
                found = error
            self._made[hop.instance_id] = found
        if isinstance(found, PortalError):
            raise found
        return found

    async def close(self) -> None:
        for made in self._made.values():
            if not isinstance(made, PortalError):
                made.abort()


async def told(link: Link, command: str, given: Iterable[bytes], *, most: int = 65_536) -> Ran:
    """Run a command that reads much: as fast as the seat takes it, and not beyond its standing still."""
    try:
        process = await link.conn.create_process(command, encoding=None)
        try:
            return await _fed(process, given, most)
        finally:
            process.close()
    except (asyncssh.Error, OSError, TimeoutError) as error:
        raise link.problem(error) from error


async def _fed(process: asyncssh.SSHClientProcess[bytes], given: Iterable[bytes], most: int) -> Ran:
    answer = asyncio.create_task(_bounded(process.stdout, most))
    try:
        await _give(process, given)
        async with asyncio.timeout(STALL_SECONDS):
            out = await answer
            await process.wait_closed()
    finally:
        answer.cancel()
    status = process.exit_status
    return Ran(-1 if status is None else status, out, b"")


async def _give(process: asyncssh.SSHClientProcess[bytes], given: Iterable[bytes]) -> None:
    try:
        for piece in given:
            process.stdin.write(piece)
            async with asyncio.timeout(STALL_SECONDS):
                await process.stdin.drain()
        process.stdin.write_eof()
    except (BrokenPipeError, ConnectionError):
        # It has heard enough: its answer says why.
        logger.debug("a seat did not read to the end")


async def _bounded(stream: "asyncssh.SSHReader[bytes]", most: int) -> bytes:
    """All of it is read, so that nobody waits; what is beyond `most` is not kept."""
    kept = bytearray()
    while data := await stream.read(65_536):
        kept += data[: most - len(kept)]
    return bytes(kept)


class Streamed:
    """What a command prints, as it comes. `status` is known at the end; -1: a signal, or the connection, ended it."""

    def __init__(self, link: Link, command: str, given: bytes) -> None:
        self._link, self._command, self._given = link, command, given
        self.status = -1

    async def pieces(self) -> AsyncIterator[bytes]:
        try:
            process = await self._link.conn.create_process(self._command, encoding=None)
            try:
                process.stdin.write(self._given)
                process.stdin.write_eof()
                while piece := await self._next(process):
                    yield piece
                async with asyncio.timeout(STALL_SECONDS):
                    await process.wait_closed()
                self.status = -1 if process.exit_status is None else process.exit_status
            finally:
                process.close()
        except (asyncssh.Error, OSError, TimeoutError) as error:
            raise self._link.problem(error) from error

    @staticmethod
    async def _next(process: asyncssh.SSHClientProcess[bytes]) -> bytes:
        async with asyncio.timeout(STALL_SECONDS):
            return await process.stdout.read(262_144)
