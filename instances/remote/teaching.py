"""Machines learn of a new authority over a connection that is there anyway: a bounded script, run as root."""

import logging
from uuid import UUID

import asyncssh
from asgiref.sync import sync_to_async

from instances.models import Instance
from instances.remote import placed_keys, trust
from instances.remote.link import Link, Ran
from instances.remote.models import MachineTrust
from instances.remote.trust_script import REFUSALS, Action, script
from portal.core.errors import PortalError

logger = logging.getLogger(__name__)
SECONDS = 30.0
_MOST = 8192


async def run_script(link: Link, action: Action, login: str, authorities: list[str]) -> None:
    """Install trust for `login`, or take it back, over a connection whose account may become root without a word.

    PortalError: `remote:trust-sudo` where it may not, else what the script found.
    """
    source = script(
        action,
        instance_id=link.way.instance_id,
        login=login,
        authorities=[_plain(key) for key in authorities],
    )
    shell = "sh -s" if link.way.login == "root" else "sudo -n sh -s"
    ran = await link.run(shell, input=source.encode(), seconds=SECONDS, most=_MOST)
    if ran.status != 0:
        raise _refusal(ran, link, login)


async def after_connect(link: Link) -> bool:
    """What the portal does by itself on a machine that somebody has just connected to: teach it what it lacks, and take
    away keys that it had placed for people who may connect no more. Whatever goes wrong here disturbs no session: it is
    tried again at the next connection. True: it was taught something."""
    await placed_keys.after_connect(link)
    return await _teach(link)


async def _teach(link: Link) -> bool:
    try:
        row, wanted = await sync_to_async(_lacks, thread_sensitive=False)(link.way.instance_id)
        if row is None or not wanted or row.login != link.way.login:
            return False
        await run_script(link, "install", row.login, wanted)
        await sync_to_async(_taught, thread_sensitive=False)(row, wanted)
    except (PortalError, OSError, asyncssh.Error) as error:
        logger.info("machine %s was not told of the newest authority: %s", link.way.instance_id, error)
        return False
    return True


def _lacks(instance_id: str) -> tuple[MachineTrust | None, list[str]]:
    row = MachineTrust.objects.select_related("instance").filter(instance__pk=UUID(instance_id)).first()
    return row, trust.lacks(row)


def _taught(row: MachineTrust, authorities: list[str]) -> None:
    instance: Instance = row.instance
    trust.taught(instance=instance, authorities=authorities)


def _plain(key: str) -> str:
    """Without its comment, which anybody may have written."""
    return " ".join(key.split()[:2])


def _refusal(ran: Ran, link: Link, login: str) -> PortalError:
    detail = "".join(letter if letter.isprintable() else " " for letter in ran.err.decode(errors="replace"))
    known = REFUSALS.get(ran.status, "remote:trust-sudo")
    if ran.status == 1 and "sudo" not in detail:
        known = "remote:trust-refused"
    return PortalError(known, detail=detail[:300].strip(), name=link.way.name, login=login)
