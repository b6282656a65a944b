"""Processes of a guest that outlive the session that began them: `setsid -f`, and what ends them."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from portal.democloud.guest_host import Host

MOST = 200


def begin(host: Host, pid: int, work: Callable[[], Awaitable[int]]) -> bool:
    """False: there are too many."""
    for old in [one for one, task in host.detached.items() if task.done()][:-MOST]:
        del host.detached[old]
    if sum(not task.done() for task in host.detached.values()) >= MOST:
        return False
    host.detached[pid] = asyncio.get_running_loop().create_task(_quiet(work))
    return True


async def _quiet(work: Callable[[], Awaitable[int]]) -> int:
    with contextlib.suppress(OSError):
        return await work()
    return 1


def lives(host: Host, pid: int) -> bool | None:
    """None: nobody here has that number."""
    task = host.detached.get(pid)
    return None if task is None else not task.done()


def end(host: Host, pid: int) -> bool:
    if not lives(host, pid):
        return False
    host.detached[pid].cancel()
    return True


def end_all(host: Host) -> None:
    """The machine is switched off."""
    for task in host.detached.values():
        task.cancel()
    host.detached.clear()
