"""What a machine's SFTP server says, as a problem. OpenSSH's mostly says "Failure": then we look for the reason."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncssh

from instances.remote.files import paths
from instances.remote.files.disk import Disk
from portal.core.errors import PortalError

# So little room is none: file systems keep some back.
_NO_ROOM = 256 * 1024
_GONE = (
    asyncssh.SFTPConnectionLost,
    asyncssh.SFTPNoConnection,
    asyncssh.ConnectionLost,
    asyncssh.ChannelOpenError,
)
_BY_TYPE: dict[type[asyncssh.Error], str] = {
    asyncssh.SFTPNoSuchFile: "remote:no-file",
    asyncssh.SFTPNoSuchPath: "remote:no-file",
    asyncssh.SFTPPermissionDenied: "remote:file-denied",
    asyncssh.SFTPFileAlreadyExists: "remote:file-exists",
    asyncssh.SFTPWriteProtect: "remote:read-only",
    asyncssh.SFTPNoSpaceOnFilesystem: "remote:disk-full",
    asyncssh.SFTPQuotaExceeded: "remote:quota-full",
    asyncssh.SFTPDirNotEmpty: "remote:not-empty",
    asyncssh.SFTPNotADirectory: "remote:not-folder",
    asyncssh.SFTPFileIsADirectory: "remote:is-folder",
    asyncssh.SFTPInvalidFilename: "remote:name-refused",
}
_BY_WORDS = {
    "no space": "remote:disk-full",
    "quota": "remote:quota-full",
    "read-only": "remote:read-only",
    "file exists": "remote:file-exists",
    "is a directory": "remote:is-folder",
    "not a directory": "remote:not-folder",
    "not empty": "remote:not-empty",
    "too long": "remote:name-refused",
}


def is_gone(error: BaseException) -> bool:
    """The connection is lost: nothing is known of what was asked last."""
    return isinstance(error, _GONE) or (
        isinstance(error, OSError | asyncssh.Error) and not isinstance(error, asyncssh.SFTPError)
    )


async def explained(
    disk: Disk, error: Exception, path: bytes, doing: str, *, have: int = 0, look: str = ""
) -> PortalError:
    """`doing` fits into "could not … “path”". `look`: what to look for behind a bare "Failure"."""
    words: dict[str, Any] = {
        "path": paths.shown(path),
        "doing": doing,
        "have": have,
        "name": disk.name,
        "login": disk.login,
        "home": paths.shown(disk.home),
    }
    if is_gone(error):
        return PortalError("remote:lost", outcome="retry", detail=_words(error), **words)
    known = next((id for kind, id in _BY_TYPE.items() if isinstance(error, kind)), None)
    text = _words(error).lower()
    known = known or next((id for part, id in _BY_WORDS.items() if part in text), None)
    if known is None and isinstance(error, asyncssh.SFTPBadMessage):
        known = "remote:name-refused"
    if known is None and look:
        known = await _looked(disk, path, look)
    return PortalError(known or "remote:file-failed", detail=_words(error), **words)


async def _looked(disk: Disk, path: bytes, look: str) -> str | None:
    try:
        if look == "room":
            return await _about_writing(disk, path)
        if look == "exists":
            return "remote:file-exists" if await disk.sftp.lexists(path) else None
        names = [entry.filename async for entry in disk.sftp.scandir(path)]
        return "remote:not-empty" if len(names) > 2 else None
    except (asyncssh.Error, OSError):
        return None


async def _about_writing(disk: Disk, path: bytes) -> str | None:
    if await disk.sftp.isdir(path):
        return "remote:is-folder"
    room = await disk.sftp.statvfs(paths.parent(path))
    left = (room.bavail or 0) * (room.frsize or room.bsize or 0)
    return "remote:disk-full" if left < _NO_ROOM or room.favail == 0 else None


def _words(error: Exception) -> str:
    """The machine's own words, cut and on one line."""
    text = getattr(error, "reason", "") or str(error)
    return "".join(letter if letter.isprintable() else " " for letter in str(text))[:300]


@asynccontextmanager
async def told(disk: Disk, path: bytes, doing: str, *, look: str = "") -> AsyncIterator[None]:
    """Whatever SFTP says inside comes out as a PortalError."""
    try:
        yield
    except (asyncssh.Error, OSError) as error:
        raise await explained(disk, error, path, doing, look=look) from error
