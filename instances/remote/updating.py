"""Telling many machines of the newest authorities, for `manage.py ssh_ca`: some at a time, none waited for long."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from asgiref.sync import sync_to_async

from instances.models import Instance
from instances.remote import authority, teaching, trust
from instances.remote.dialing import connect
from instances.remote.ways import way_to
from portal.core.errors import PortalError

# Whom sshd's log on the machine names.
_WHO = "the portal"


@dataclass(frozen=True, slots=True)
class Told:
    instance: Instance
    problem: PortalError | None


async def tell_all(
    instances: Sequence[Instance], *, at_once: int, each: Callable[[Told], None]
) -> list[Told]:
    """In the order in which they ended; `each` is called with every one as it ends."""
    free = asyncio.Semaphore(at_once)
    done: list[Told] = []

    async def one(instance: Instance) -> None:
        async with free:
            problem = await _tell(instance)
        done.append(Told(instance, problem))
        each(done[-1])

    async with asyncio.TaskGroup() as group:
        for instance in instances:
            group.create_task(one(instance))
    return done


async def _tell(instance: Instance) -> PortalError | None:
    """What stood in the way, if anything."""
    try:
        way = await sync_to_async(way_to, thread_sensitive=False)(instance)
        link = await connect(way, person=_WHO)
        try:
            wanted = await sync_to_async(authority.trusted, thread_sensitive=False)()
            await teaching.run_script(link, "install", way.login, wanted)
        finally:
            await link.close()
        await sync_to_async(_taught, thread_sensitive=False)(instance, wanted)
    except PortalError as problem:
        return problem
    return None


def _taught(instance: Instance, authorities: list[str]) -> None:
    trust.taught(instance=instance, authorities=authorities)
