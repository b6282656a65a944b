"""A folder, or some names of it, as one archive that is made while it is sent."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Protocol

from instances.remote.files import paths
from instances.remote.files.disk import Disk
from instances.remote.files.entries import Entry
from instances.remote.files.members import REPORT, Member, Report, members
from instances.remote.files.reading import Shrank
from instances.remote.files.tar_stream import Tar
from instances.remote.files.zip_stream import Zip

# A zip's directory comes at its end and is kept until then, about 150 bytes a file.
MOST_IN_ZIP = 400_000
# Less than this is packed on the spot, more in a thread: packing must not hold up other people's keystrokes.
_SMALL = 16 * 1024
# What is sent at a time, at least.
_SENT = 64 * 1024
# A file that became shorter is filled up with zeros in a tar, where its size is written first; not beyond reason.
_MOST_FILLED = 64 * 1024 * 1024


class Packer(Protocol):
    media_type: str
    ending: str
    takes_links: bool

    @property
    def owed(self) -> int: ...

    def folder(self, name: bytes, entry: Entry) -> bytes: ...

    def link(self, name: bytes, entry: Entry, target: bytes) -> bytes: ...

    def begin(self, name: bytes, entry: Entry, size: int) -> bytes: ...

    def data(self, data: bytes) -> bytes: ...

    def finish(self) -> bytes: ...

    def end(self) -> bytes: ...


def packer(form: str) -> Packer:
    return Zip() if form == "zip" else Tar()


async def packed(
    disk: Disk, folder: bytes, names: Sequence[bytes], into: Packer
) -> AsyncGenerator[bytes, None]:
    """Raises what a lost connection raises: the archive then ends in the middle, and browsers say so."""
    held = bytearray()
    async with aclosing(_pieces(disk, folder, names, into)) as pieces:
        async for piece in pieces:
            held += piece
            if len(held) >= _SENT:
                yield bytes(held)
                held.clear()
    yield bytes(held)


async def _pieces(
    disk: Disk, folder: bytes, names: Sequence[bytes], into: Packer
) -> AsyncGenerator[bytes, None]:
    report = Report()
    count = 0
    async with aclosing(members(disk, folder, names, report)) as everything:
        async for member in everything:
            count += 1
            if isinstance(into, Zip) and count > MOST_IN_ZIP:
                report.add(member.found.relative, f"a zip takes {MOST_IN_ZIP} files here; choose tar.gz")
                break
            async with aclosing(_member(member, into, report)) as pieces:
                async for piece in pieces:
                    yield piece
    if report.count:
        yield _report(report, into, names)
    yield into.end()


async def _member(member: Member, into: Packer, report: Report) -> AsyncGenerator[bytes, None]:
    name, entry = member.found.relative, member.found.entry
    if member.missing:
        report.add(name, member.missing)
    elif entry.kind == "folder":
        yield into.folder(name, entry)
    elif entry.kind == "link":
        if into.takes_links:
            yield into.link(name, entry, member.target)
        else:
            report.add(name, f"a link to {paths.shown(member.target)}; links are kept by tar.gz only")
    else:
        yield into.begin(name, entry, member.size)
        async with aclosing(_content(member, into, report)) as pieces:
            async for piece in pieces:
                yield piece
        yield into.finish()


async def _content(member: Member, into: Packer, report: Report) -> AsyncGenerator[bytes, None]:
    try:
        async with aclosing(member.content()) as content:
            async for data in content:
                yield into.data(data) if len(data) < _SMALL else await asyncio.to_thread(into.data, data)
    except Shrank as error:
        if into.owed > _MOST_FILLED:
            raise
        report.add(member.found.relative, f"became shorter while it was read, at byte {error.at}")
        while into.owed > 0:
            yield await asyncio.to_thread(into.data, bytes(min(into.owed, 256 * 1024)))


def _report(report: Report, into: Packer, names: Sequence[bytes]) -> bytes:
    name = REPORT
    while name in names:
        name = b"_" + name
    text = report.text()
    entry = Entry(name, "file", len(text), int(time.time()), 0o644)
    return into.begin(name, entry, len(text)) + into.data(text) + into.finish()
