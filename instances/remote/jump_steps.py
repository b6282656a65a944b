"""Putting the login of a jump host on a chosen machine, and taking it away: over SSH, as the machine's own login, by sudo."""

import asyncio
from typing import Literal

from asgiref.sync import sync_to_async
from django.db import connections

from instances import userdata
from instances.models import Instance
from instances.remote import jumps
from instances.remote.dialing import connect
from instances.remote.link import Ran
from instances.remote.ways import Way, way_to
from instances.steps.machine import machine
from portal.core.errors import PortalError
from portal.operations.context import Context
from portal.operations.outcomes import Done, Outcome

# Reaching the machine has its own limits; an sshd that is reloaded answers at once.
_RUN_SECONDS = 20.0
_SAID = {"install": "heliojump: installed", "remove": "heliojump: removed"}
Verb = Literal["install", "remove"]


def install(ctx: Context) -> Outcome:
    row = machine(ctx)
    if row.deleted_at is not None:
        raise PortalError("instances:deleted-meanwhile", name=row.name)
    _do(ctx, row, "install")
    jumps.installed(row)
    return Done("Machines without a public address are reached through it")


def remove(ctx: Context) -> Outcome:
    """A machine that is gone, or put away, has nothing that could be used."""
    row = machine(ctx)
    if row.deleted_at is not None:
        return Done("The machine is gone, and its login with it")
    _do(ctx, row, "remove")
    return Done("It passes nothing on any more")


def _do(ctx: Context, row: Instance, verb: Verb) -> None:
    script = userdata.jump_script(str(row.pk)).encode()
    try:
        ran = asyncio.run(_over_ssh(way_to(row), ctx.op.by.username, verb, script))
    except PortalError as error:
        if error.outcome != "auth":
            raise
        # The machine refused our certificate: that has nothing to do with the person's credential at the cloud.
        raise PortalError(error.id, detail=error.detail, **error.params) from error
    said = _last_line(ran.out) or _last_line(ran.err)
    if ran.status != 0 or said != _SAID[verb]:
        raise PortalError("remote:jump-refused", name=row.name, said=said or "nothing")


async def _over_ssh(way: Way, person: str, verb: Verb, script: bytes) -> Ran:
    try:
        link = await connect(way, person=person)
        try:
            return await link.run(f"sudo -n sh -s -- {verb}", input=script, seconds=_RUN_SECONDS)
        finally:
            await link.close()
    finally:
        # What signed the certificate did so in a thread of this loop, which ends with it.
        await sync_to_async(connections.close_all, thread_sensitive=False)()


def _last_line(text: bytes) -> str:
    """The machine's own words: one line of it, without what a terminal or a page could take for more."""
    lines = text.decode("utf-8", "replace").strip().splitlines()
    return "".join(letter if letter.isprintable() else " " for letter in lines[-1])[:200] if lines else ""
