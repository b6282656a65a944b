"""What people upload for seats, as a tar that a seat unpacks: one file, or a folder that came as a zip. Pure.

Only files and folders with plain names get through, with modes of ours: no links, no devices, no owners.
"""

import io
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from typing import IO

from instances.workshops.runs.wanted import Refused, archive_path, shown

MOST_FILES = 2000
# The last in each tar: a seat that has it has all of it. Nobody else's file is called so (`wanted`).
WHOLE = ".heliosphere-whole"
_PIECE = 256 * 1024
_MODES = {True: 0o755, False: 0o644}


def one_file(name: str, file: IO[bytes], size: int) -> Iterator[bytes]:
    yield from _member(name, size, executable=False)
    yield from _content(file, size)
    yield from end()


def unzipped(file: IO[bytes]) -> Iterator[bytes]:
    """What is in a zip, for which `look` found nothing wrong. Sizes that it told wrongly end it."""
    with zipfile.ZipFile(file) as archive:
        for info in _files(archive):
            executable = bool((info.external_attr >> 16) & 0o111)
            yield from _member(archive_path(info.filename), info.file_size, executable=executable)
            try:
                with archive.open(info) as content:
                    yield from _content(content, info.file_size)
            except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
                raise Refused(f"“{shown(info.filename)}” in it is damaged, or locked: {error}") from None
    yield from end()


def look(file: IO[bytes], most: int) -> tuple[int, int]:
    """How many files a zip has, and how large they are together. Refused with what is wrong."""
    try:
        with zipfile.ZipFile(file) as archive:
            infos = list(_files(archive))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        if isinstance(error, Refused):
            raise
        raise Refused("it is no zip that can be read") from None
    if len(infos) > MOST_FILES:
        raise Refused(f"it holds {len(infos)} files, and {MOST_FILES} at most are taken")
    if not infos:
        raise Refused("there is no file in it")
    size = sum(info.file_size for info in infos)
    if size > most:
        raise Refused(f"unpacked it is {size / 2**20:.0f} MB, and {most / 2**20:.0f} MB at most are taken")
    paths = [archive_path(info.filename) for info in infos]
    if len({path.casefold() for path in paths}) < len(paths):
        raise Refused("two of its files have the same name")
    return len(infos), size


def _files(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    for info in archive.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise Refused(f"“{shown(info.filename)}” in it is a link or a device")
        if info.flag_bits & 0x1:
            raise Refused(f"“{shown(info.filename)}” in it is locked by a password")
        if not info.is_dir() and not info.filename.startswith("__MACOSX/"):
            yield info


def _content(file: IO[bytes], size: int) -> Iterator[bytes]:
    left = size
    while left:
        piece = file.read(min(_PIECE, left))
        if not piece:
            raise Refused("it ends before its end")
        left -= len(piece)
        yield piece
    yield b"\0" * (-size % tarfile.BLOCKSIZE)


def _member(name: str, size: int, *, executable: bool) -> Iterator[bytes]:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, _MODES[executable]
    yield info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def end() -> Iterator[bytes]:
    yield from _member(WHOLE, 0, executable=False)
    yield b"\0" * (2 * tarfile.BLOCKSIZE)


def upload_size(file: IO[bytes]) -> int:
    at = file.tell()
    size = file.seek(0, io.SEEK_END)
    file.seek(at)
    return size
