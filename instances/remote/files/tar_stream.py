"""A tar.gz as it grows. Pure but for the clock of what is packed: bytes in, bytes out, nothing is kept."""

import stat
import tarfile
import zlib

from instances.remote.files.entries import Entry

_BLOCK = 512
# Fast: the machine's network is the measure, and most large files are packed already.
_LEVEL = 1
_TYPES = {"folder": tarfile.DIRTYPE, "file": tarfile.REGTYPE, "link": tarfile.SYMTYPE}


class Tar:
    media_type = "application/gzip"
    ending = ".tar.gz"
    takes_links = True

    def __init__(self) -> None:
        self._gzip = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
        self._left = 0
        self._pad = 0

    def folder(self, name: bytes, entry: Entry) -> bytes:
        return self._gzip.compress(_header(name, entry))

    def link(self, name: bytes, entry: Entry, target: bytes) -> bytes:
        return self._gzip.compress(_header(name, entry, target=target))

    def begin(self, name: bytes, entry: Entry, size: int) -> bytes:
        self._left, self._pad = size, -size % _BLOCK
        return self._gzip.compress(_header(name, entry, size=size))

    def data(self, data: bytes) -> bytes:
        self._left -= len(data)
        return self._gzip.compress(data)

    @property
    def owed(self) -> int:
        """Bytes that were announced and did not come: they have to be made up for."""
        return self._left

    def finish(self) -> bytes:
        return self._gzip.compress(bytes(self._pad))

    def end(self) -> bytes:
        return self._gzip.compress(bytes(2 * _BLOCK)) + self._gzip.flush()


def _header(name: bytes, entry: Entry, *, size: int = 0, target: bytes = b"") -> bytes:
    info = tarfile.TarInfo(name.decode("utf-8", "surrogateescape"))
    info.type = _TYPES[entry.kind]
    info.size = size
    info.mode = stat.S_IMODE(entry.mode) & 0o777
    info.mtime = entry.changed or 0
    info.linkname = target.decode("utf-8", "surrogateescape")
    info.uname, info.gname = entry.owner[:32], entry.group[:32]
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
