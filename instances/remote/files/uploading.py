"""Receiving a file in pieces: written in order into a hidden file beside the target, renamed when it is whole.

A piece may come twice, too early, or after everything was interrupted anywhere: what counts is what is on the machine.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import asyncssh
from asyncssh.constants import FXF_CREAT, FXF_EXCL, FXF_WRITE

from instances.remote.files import paths
from instances.remote.files.browsing import entry_of, look_if, make_folders
from instances.remote.files.disk import Disk
from instances.remote.files.entries import Entry
from instances.remote.files.failures import explained, is_gone, told
from instances.remote.files.parts import Part, Parts
from portal.core.errors import PortalError

# What one request carries: the web server's and Django's limits are the same.
PIECE = 1024 * 1024
# OpenSSH's servers take at most 255 KiB at a time.
_BLOCK = 255 * 1024
# How long a piece waits for the one before it, which travels on another connection.
WAIT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Upload:
    """`mark` names the file that is sent (its size and time at the sender), so that another one of the same name does
    not go on where this one stopped. `replaces`: tag of the file that the person agreed to replace."""

    base: bytes
    path: bytes
    mark: str
    total: int
    replaces: str = ""
    # One click of the person: a piece that is sent again after its answer was lost is known by it.
    attempt: str = ""

    @property
    def part(self) -> bytes:
        return paths.part_of(self.path, self.mark)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an upload is, and what is already where it goes."""

    have: int
    there: Entry | None = None
    done: bool = False


async def standing(disk: Disk, upload: Upload) -> Standing:
    part, there = await asyncio.gather(look_if(disk, upload.part), look_if(disk, upload.path))
    have = part.size if part is not None and part.kind == "file" else 0
    return Standing(min(have, upload.total), there)


async def discard(disk: Disk, parts: Parts, upload: Upload) -> None:
    """Forget an unfinished upload; nothing happens where there is none."""
    parts.drop(upload.part)
    async with told(disk, upload.path, "delete"):
        with suppress(asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
            await disk.sftp.remove(upload.part)


async def receive(disk: Disk, parts: Parts, upload: Upload, offset: int, data: bytes) -> Standing:
    """Write one piece where it belongs; with the last one the file takes its name."""
    path = upload.part
    part = parts.take(path)
    try:
        async with part.turn:
            if parts.has_finished(path, upload.attempt):
                return Standing(upload.total, done=True)
            if offset == 0:
                await _refuse_conflict(disk, upload)
                await make_folders(disk, upload.base, paths.parent(upload.path))
            end = await _turn(disk, part, upload, offset)
            if offset + len(data) > end or part.file is None:
                await _write(disk, part, upload, offset, data)
            assert part.end is not None
            if part.end < upload.total:
                return Standing(part.end)
            await _finish(disk, part, upload)
            parts.finish(path, upload.attempt)
            return Standing(upload.total, done=True)
    finally:
        parts.leave(path, part)


async def _turn(disk: Disk, part: Part, upload: Upload, offset: int) -> int:
    """Wait until all that comes before this piece is there; where it ends."""
    if part.end is None or part.file is None:
        await _open(disk, part, upload, offset)
    seen = part.failures
    with suppress(TimeoutError):
        async with asyncio.timeout(WAIT_SECONDS):
            await part.turn.wait_for(lambda: part.failures > seen or (part.end or 0) >= offset)
    if part.end is None or part.end < offset:
        # The pieces in between may have gone through another process.
        await _open(disk, part, upload, offset)
    if part.end is None or part.end < offset:
        raise _gap(disk, upload, part.end or 0)
    return part.end


async def _open(disk: Disk, part: Part, upload: Upload, offset: int) -> None:
    await part.close()
    there = await look_if(disk, upload.part)
    if there is None and offset > 0:
        part.end = 0
        return
    if there is not None and there.kind != "file":
        # A link that somebody put there would lead the writing elsewhere.
        raise PortalError("remote:not-regular", path=paths.shown(upload.part), name=disk.name)
    flags = FXF_WRITE if there is not None else FXF_WRITE | FXF_CREAT | FXF_EXCL
    try:
        part.file = await disk.sftp.open(upload.part, flags, encoding=None, block_size=0)
    except (asyncssh.Error, OSError) as error:
        raise await explained(disk, error, upload.path, "write", look="room") from error
    size = there.size if there is not None else 0
    if size > upload.total:
        await part.file.truncate(0)
        size = 0
    part.end = size


async def _write(disk: Disk, part: Part, upload: Upload, offset: int, data: bytes) -> None:
    """All blocks are on their way at once. After a failure only what is there without a gap counts."""
    if part.file is None:
        raise _gap(disk, upload, 0)
    pieces = [(at, data[at : at + _BLOCK]) for at in range(0, len(data), _BLOCK)]
    wrote = await asyncio.gather(
        *(part.file.write(piece, offset + at) for at, piece in pieces), return_exceptions=True
    )
    good, error = 0, None
    for (_, piece), result in zip(pieces, wrote, strict=True):
        if isinstance(result, BaseException):
            error = result
            break
        good += len(piece)
    if error is None:
        part.end = max(part.end or 0, offset + len(data))
        part.turn.notify_all()
        return
    await _failed(disk, part, upload, max(part.end or 0, offset + good), error)


async def _failed(disk: Disk, part: Part, upload: Upload, end: int, error: BaseException) -> None:
    file = part.file
    part.failures += 1
    part.turn.notify_all()
    if file is not None and not is_gone(error):
        # What was written behind the gap would look as if all before it were there.
        with suppress(asyncssh.Error, OSError):
            await file.truncate(end)
    await part.close()
    if not isinstance(error, asyncssh.Error | OSError):
        raise error
    raise await explained(disk, error, upload.path, "write", have=end, look="room") from error


async def _finish(disk: Disk, part: Part, upload: Upload) -> None:
    await part.close()
    sent = await look_if(disk, upload.part)
    if sent is None or sent.size != upload.total:
        await _remove_spoilt(disk, upload)
        have = sent.size if sent is not None else 0
        raise PortalError(
            "remote:upload-spoilt",
            path=paths.shown(paths.last(upload.path)),
            have=have,
            total=upload.total,
            name=disk.name,
        )
    there = await _refuse_conflict(disk, upload)
    if there is None:
        # A plain rename never replaces what came there in between.
        async with told(disk, upload.path, "write", look="exists"):
            await disk.sftp.rename(upload.part, upload.path)
        return
    async with told(disk, upload.path, "replace"):
        with suppress(asyncssh.SFTPError):
            await disk.sftp.chmod(upload.part, there.mode & 0o777)
        await _replace(disk, upload)


async def _replace(disk: Disk, upload: Upload) -> None:
    try:
        await disk.sftp.posix_rename(upload.part, upload.path)
    except asyncssh.SFTPOpUnsupported:
        await disk.sftp.remove(upload.path)
        await disk.sftp.rename(upload.part, upload.path)


async def _remove_spoilt(disk: Disk, upload: Upload) -> None:
    with suppress(asyncssh.SFTPError):
        await disk.sftp.remove(upload.part)


async def _refuse_conflict(disk: Disk, upload: Upload) -> Entry | None:
    """What the upload replaces; PortalError when there is something that nobody agreed to replace."""
    async with told(disk, upload.path, "write"):
        try:
            there = entry_of(paths.last(upload.path), await disk.sftp.lstat(upload.path))
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
            return None
    words: dict[str, Any] = {"path": paths.shown(there.name), "name": disk.name}
    if there.kind == "folder":
        raise PortalError("remote:is-folder", **words)
    if there.kind == "other":
        raise PortalError("remote:not-regular", **words)
    if upload.replaces != there.tag:
        raise PortalError("remote:file-changed" if upload.replaces else "remote:file-exists", **words)
    return there


def _gap(disk: Disk, upload: Upload, have: int) -> PortalError:
    return PortalError(
        "remote:upload-gap",
        outcome="retry",
        have=have,
        total=upload.total,
        path=paths.shown(paths.last(upload.path)),
        name=disk.name,
    )
