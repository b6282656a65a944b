"""Work as people take it along: a ZIP made on the way, of one learner or with a folder for each.

What a learner's archive says of names and kinds is not believed: only plain files below the folder get into it.
"""

import io
import tarfile
from collections.abc import Iterator, Sequence

from instances.remote.files.entries import Entry
from instances.remote.files.zip_stream import Zip
from instances.workshops.runs import vault
from instances.workshops.runs.models import Work
from instances.workshops.runs.naming import distinct, folder_name, inside
from portal.core.errors import PortalError

_PIECE = 256 * 1024
NOTES = "READ ME.txt"


def of_one(work: Work, title: str) -> Iterator[bytes]:
    folder = folder_name(title)
    # Now: that there is nothing is said as a page, not as half a file.
    vault.require(work.stored)
    return _zipped([(folder, work)])


def of_all(rows: Sequence[Work]) -> Iterator[bytes]:
    names = distinct([folder_name(row.learner.name) for row in rows])
    return _zipped(list(zip(names, rows, strict=True)))


def _zipped(parts: Sequence[tuple[str, Work]]) -> Iterator[bytes]:
    made, notes = Zip(), []
    for folder, work in parts:
        yield made.folder(folder.encode(), Entry(folder.encode(), "folder", mode=0o755))
        left_out, damaged = 0, ""
        try:
            for piece in _files(made, folder, work):
                if piece is None:
                    left_out += 1
                else:
                    yield piece
        except PortalError as error:
            # Others' work must not be lost with it: said in the archive itself.
            damaged = error.problem.title
        notes += _notes(folder, work, left_out, damaged)
    yield from _file(made, NOTES, "\r\n".join(notes).encode()) if notes else ()
    yield made.end()


def _files(made: Zip, folder: str, work: Work) -> Iterator[bytes | None]:
    """None: something that is no plain file was left out."""
    taken: set[str] = set()
    try:
        with tarfile.open(fileobj=_Reader(vault.content(work.stored)), mode="r|") as archive:
            for member in archive:
                path = inside(folder, member.name)
                if member.isdir():
                    continue
                if path is None or not member.isreg() or path.casefold() in taken:
                    yield None
                    continue
                taken.add(path.casefold())
                yield from _member(made, path, member, archive)
    except (tarfile.TarError, EOFError, ValueError):
        raise PortalError("workshops:file-damaged") from None


def _member(made: Zip, path: str, member: tarfile.TarInfo, archive: tarfile.TarFile) -> Iterator[bytes]:
    name = path.encode("utf-8", "surrogateescape")
    entry = Entry(name, "file", member.size, int(member.mtime), member.mode & 0o777)
    yield made.begin(name, entry, member.size)
    content = archive.extractfile(member)
    while content is not None and (piece := content.read(_PIECE)):
        yield made.data(piece)
    yield made.finish()


def _file(made: Zip, name: str, text: bytes) -> Iterator[bytes]:
    entry = Entry(name.encode(), "file", len(text), mode=0o644)
    yield made.begin(name.encode(), entry, len(text))
    yield made.data(text)
    yield made.finish()


def _notes(folder: str, work: Work, left_out: int, damaged: str) -> list[str]:
    found = []
    if damaged:
        found.append(f"{folder}: {damaged}. What is here of it ends in the middle.")
    if work.cut:
        found.append(f"{folder}: there was more than the portal keeps; the rest stayed on the machine.")
    if work.partly:
        found.append(f"{folder}: some files could not be read on the machine, and are missing.")
    if left_out:
        found.append(
            f"{folder}: {left_out} links, devices or doubled names are left out, which a ZIP cannot hold."
        )
    return found


class _Reader(io.RawIOBase):
    """Pieces as a file that is read from the beginning to the end."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._held = pieces, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._held:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._held = piece
        part, self._held = self._held[:size], self._held[size:] if size >= 0 else b""
        return part
