"""A home on its way from a seat to a sealed file: packed by the seat, cut between two files when it grows too large."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from instances.remote.link import Link
from instances.workshops.runs import vault
from instances.workshops.runs.guest_side import command
from instances.workshops.runs.models import Stored
from instances.workshops.runs.over_ssh import Streamed, in_db
from instances.workshops.runs.packing import end
from instances.workshops.runs.tar_walk import CLOSING, NotATar, Walk
from portal.core.errors import PortalError

_NOTHING_FITS = 72
_CHANGED, _UNREAD = 1, 2
# So much is told of oneself between two pieces: the claim is renewed.
_RENEW_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Packed:
    """`stored` None: there was nothing. `cut`: it had more than is kept; `partly`: some of it could not be read."""

    stored: Stored | None
    files: int = 0
    cut: bool = False
    partly: bool = False


async def pack(
    link: Link, what: Literal["work", "home"], patterns: list[str], *, most: int, renew: Callable[[], bool]
) -> Packed:
    """PortalError when it broke off: then nothing of it is kept. `renew` says whether it is still asked for."""
    streamed = Streamed(link, command("pack", what), "".join(f"{one}\n" for one in patterns).encode())
    walk = Walk(most - 2 * len(CLOSING))
    try:
        writer = vault.Writer(await in_db(vault.begin)())
    except OSError as error:
        raise PortalError("workshops:portal-disk-full", outcome="retry", detail=str(error)) from error
    stored = None
    try:
        told = 0
        async for piece in streamed.pieces():
            await in_db(writer.write)(walk.feed(piece))
            if walk.full:
                break
            if walk.kept - told > _RENEW_BYTES:
                told = walk.kept
                if not await in_db(renew)():
                    raise PortalError("workshops:file-gone")
        _whole(streamed.status, walk)
        # A home is put back: what comes there has to say that it is all of it.
        await in_db(writer.write)(b"".join(end()) if what == "home" else CLOSING)
        stored = await in_db(writer.done)()
    except NotATar as error:
        raise PortalError("workshops:not-packed", said=str(error)[:200]) from error
    except OSError as error:
        raise PortalError("workshops:portal-disk-full", outcome="retry", detail=str(error)) from error
    finally:
        writer.close()
        if stored is None or not walk.kept:
            await in_db(vault.remove)(writer.stored)
    if not walk.kept:
        return Packed(None)
    return Packed(stored, walk.files, walk.full, streamed.status == _UNREAD)


def _whole(status: int, walk: Walk) -> None:
    if walk.full or status in (0, _NOTHING_FITS):
        return
    if not walk.ended or status not in (_CHANGED, _UNREAD):
        said = f"tar ended with {status}" if status >= 0 else "it broke off in the middle"
        raise PortalError("workshops:not-packed", outcome="retry" if status < 0 else "refused", said=said)
