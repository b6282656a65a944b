"""Sealed files: course files, learners' work, homes. Frame by frame, each numbered, one line each.

A frame is the number of the frame, then packed content, sealed with the file's own key. What is missing, damaged or in
another order ends the reading with `workshops:file-damaged`: nobody takes half of their work for all of it.
"""

import hashlib
import logging
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from instances.workshops.runs.models import Stored
from portal.core import seal
from portal.core.claims import claim
from portal.core.errors import PortalError

logger = logging.getLogger(__name__)
FRAME_BYTES = 512 * 1024
# Fast: what is large is packed already, and the rest is text.
_LEVEL = 1
ENDING = ".sealed"


def begin() -> Stored:
    """A row first, so that no file is without one."""
    return Stored.objects.create(created_at=timezone.now(), sealed_key=seal.seal(seal.new_key()))


def path_of(stored: Stored) -> Path:
    at = stored.created_at
    return Path(settings.WORK_DIR) / f"{at:%Y}" / f"{at:%m}" / f"{stored.pk}{ENDING}"


class Writer:
    """Takes content in order. `done` makes it whole; without that it is removed by the sweep."""

    def __init__(self, stored: Stored) -> None:
        self.stored = stored
        self.size, self._count = 0, 0
        self._sum, self._held = hashlib.sha256(), bytearray()
        self._key = seal.unseal(stored.sealed_key)
        path = path_of(stored)
        for folder in (path.parent.parent.parent, path.parent.parent, path.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        self._file = os.fdopen(os.open(path, flags, 0o600), "wb", buffering=0)

    def write(self, data: bytes) -> None:
        """OSError when the disk takes no more."""
        self._held += data
        while len(self._held) >= FRAME_BYTES:
            self._frame(bytes(self._held[:FRAME_BYTES]))
            del self._held[:FRAME_BYTES]

    def _frame(self, content: bytes) -> None:
        self._sum.update(content)
        self.size += len(content)
        packed = self._count.to_bytes(8, "big") + zlib.compress(content, _LEVEL)
        line = seal.enclose(self._key, packed) + b"\n"
        while line:
            line = line[self._file.write(line) :]
        self._count += 1

    def done(self) -> Stored:
        """On the disk, and told in the row."""
        if self._held:
            self._frame(bytes(self._held))
            self._held.clear()
        os.fsync(self._file.fileno())
        self.close()
        self.stored.size_bytes, self.stored.sha256 = self.size, self._sum.hexdigest()
        Stored.objects.filter(pk=self.stored.pk).update(
            size_bytes=self.stored.size_bytes, sha256=self.stored.sha256
        )
        return self.stored

    def close(self) -> None:
        self._file.close()


def keep(pieces: Iterable[bytes]) -> Stored:
    """All of it, or an error and nothing."""
    writer, whole = Writer(begin()), False
    try:
        for piece in pieces:
            writer.write(piece)
        stored, whole = writer.done(), True
        return stored
    finally:
        writer.close()
        if not whole:
            remove(writer.stored)


def require(stored: Stored | None) -> Stored:
    """PortalError `workshops:file-gone`, unless it can be read."""
    if stored is None or stored.removed_at is not None or not stored.sha256 or not path_of(stored).is_file():
        raise PortalError("workshops:file-gone")
    return stored


def content(stored: Stored | None) -> Iterator[bytes]:
    """Piece by piece. PortalError `workshops:file-gone` at once, `workshops:file-damaged` at the place."""
    found = require(stored)
    return _frames(found, path_of(found), seal.unseal(found.sealed_key))


def _frames(stored: Stored, path: Path, key: str) -> Iterator[bytes]:
    size, found = 0, hashlib.sha256()
    with path.open("rb") as file:
        for number, line in enumerate(file):
            packed = seal.disclose(key, line.strip())
            if packed is None or packed[:8] != number.to_bytes(8, "big"):
                raise PortalError("workshops:file-damaged")
            piece = zlib.decompressobj().decompress(packed[8:], FRAME_BYTES)
            size += len(piece)
            found.update(piece)
            yield piece
    if (size, found.hexdigest()) != (stored.size_bytes, stored.sha256):
        raise PortalError("workshops:file-damaged")


def remove(stored: Stored | None) -> None:
    """Erase the key, then the file. Twice is once."""
    if stored is None:
        return
    live = Stored.objects.filter(pk=stored.pk, removed_at=None)
    if claim(live, removed_at=timezone.now(), sealed_key=""):
        transaction.on_commit(lambda: unlink(path_of(stored)), robust=True)


def unlink(path: Path) -> bool:
    """What is left behind is found by the sweep."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        logger.warning("a sealed file was not removed: %s", error)
        return False
    return True


def files_before(moment: float) -> Iterator[tuple[Path, UUID]]:
    """Files of ours that nobody has written to since then."""
    for path in Path(settings.WORK_DIR).glob(f"[0-9]*/[0-9]*/*{ENDING}"):
        try:
            if path.stat().st_mtime < moment:
                yield path, UUID(path.stem)
        except (OSError, ValueError):
            continue
