"""Runs scripts in a guest's shell, without SSH."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from portal.democloud import guest_eval, guest_session, guest_users
from portal.democloud.guest_host import Host
from portal.democloud.guest_io import Kept, Text
from portal.democloud.guest_shell import Streams

assert guest_session.guest_commands


@dataclass
class Ran:
    status: int
    out: str
    err: str


async def sh(
    host: Host, script: str, *, user: str = "ubuntu", given: bytes = b"", most: int = 1 << 20
) -> Ran:
    out, err = Kept(most), Kept()
    account = guest_users.accounts(host.files)[user]
    shell = guest_eval.login(host, account.who, Streams(Text(given), out, err))
    async with asyncio.timeout(10):
        status = await shell.run(script)
        await shell.finish()
    return Ran(status, out.data.decode("utf-8", "replace"), err.data.decode("utf-8", "replace"))
