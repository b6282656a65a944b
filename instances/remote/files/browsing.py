"""Looking into folders, and the small changes: making, renaming, permissions."""

import asyncio
import stat
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import replace

import asyncssh

from instances.remote.files import paths
from instances.remote.files.disk import Disk
from instances.remote.files.entries import Entry, Page, kind_of, owner_of
from instances.remote.files.failures import told
from portal.core.errors import PortalError

# How many links of a page are asked at a time where they lead.
_LINKS_AT_ONCE = 32
_LONGEST_TARGET = 1024


def entry_of(name: bytes, attrs: asyncssh.SFTPAttrs, longname: bytes = b"") -> Entry:
    owner, group = owner_of(longname)
    return Entry(
        name=name,
        kind=kind_of(attrs.permissions),
        size=attrs.size or 0,
        changed=attrs.mtime,
        mode=attrs.permissions or 0,
        owner=owner,
        group=group,
    )


async def scan(disk: Disk, folder: bytes) -> AsyncGenerator[Entry, None]:
    """All entries of a folder but `.` and `..`; names that no folder can hold are the machine's lies and left out."""
    async for found in disk.sftp.scandir(folder):
        name, longname = found.filename, found.longname
        if isinstance(name, bytes) and paths.is_name(name):
            yield entry_of(name, found.attrs, longname if isinstance(longname, bytes) else b"")


async def fill(disk: Disk, folder: bytes, page: Page) -> list[Entry]:
    """Read the folder into `page`; the entries to show, links with where they lead."""
    async with told(disk, folder, "open"):
        if not await disk.sftp.isdir(folder):
            await disk.sftp.stat(folder)
            raise PortalError("remote:not-folder", path=paths.shown(folder), name=disk.name)
        async for entry in scan(disk, folder):
            page.feed((entry,))
    return await followed(disk, folder, page.entries())


async def followed(disk: Disk, folder: bytes, entries: list[Entry]) -> list[Entry]:
    gate = asyncio.Semaphore(_LINKS_AT_ONCE)

    async def one(entry: Entry) -> Entry:
        if entry.kind != "link":
            return entry
        async with gate:
            return await _followed(disk, paths.join(folder, entry.name), entry)

    return await asyncio.gather(*(one(entry) for entry in entries))


async def _followed(disk: Disk, path: bytes, entry: Entry) -> Entry:
    target, leads_to, size = b"", None, entry.size
    with suppress(asyncssh.SFTPError):
        target = (await disk.sftp.readlink(path))[:_LONGEST_TARGET]
    with suppress(asyncssh.SFTPError):
        there = await disk.sftp.stat(path)
        leads_to, size = kind_of(there.permissions), there.size or 0
    return replace(entry, target=target, leads_to=leads_to, size=size)


async def look(disk: Disk, path: bytes) -> Entry:
    """What is at a path, not following a link. PortalError `remote:no-file`."""
    async with told(disk, path, "read"):
        return entry_of(paths.last(path), await disk.sftp.lstat(path))


async def look_if(disk: Disk, path: bytes) -> Entry | None:
    async with told(disk, path, "read"):
        try:
            return entry_of(paths.last(path), await disk.sftp.lstat(path))
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
            return None


async def make_folder(disk: Disk, path: bytes, *, may_be_there: bool = False) -> None:
    async with told(disk, path, "make", look="exists"):
        try:
            await disk.sftp.mkdir(path)
        except asyncssh.SFTPError:
            if not (may_be_there and await disk.sftp.isdir(path)):
                raise


async def make_folders(disk: Disk, base: bytes, path: bytes) -> None:
    """All folders from `base`, which is there, down to `path`."""
    if path == base:
        return
    async with told(disk, path, "open"):
        if await disk.sftp.isdir(path):
            return
    missing = [name for name in path[len(base) :].split(b"/") if name]
    for count in range(len(missing)):
        await make_folder(disk, paths.join(base, *missing[: count + 1]), may_be_there=True)


async def rename(disk: Disk, path: bytes, name: bytes) -> None:
    """Never over something that is there."""
    to = paths.join(paths.parent(path), name)
    if to == path:
        return
    if await look_if(disk, to) is not None:
        raise PortalError("remote:file-exists", path=paths.shown(name), name=disk.name)
    async with told(disk, path, "rename"):
        await disk.sftp.rename(path, to)


async def set_mode(disk: Disk, path: bytes, mode: int) -> None:
    """The nine permissions; what else is set (sticky, set-user-id) stays. A link is not followed out of sight."""
    now = await look(disk, path)
    if now.kind == "link":
        raise PortalError("remote:not-regular", path=paths.shown(path), name=disk.name)
    async with told(disk, path, "change"):
        await disk.sftp.chmod(path, (stat.S_IMODE(now.mode) & 0o7000) | (mode & 0o777))
