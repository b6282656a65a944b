"""A zip as it grows: each file's sizes come behind it, and of what went by only a line for the directory is kept."""

import stat
import struct
import time
import zlib

from instances.remote.files import paths
from instances.remote.files.entries import Entry

_LEVEL = 1
_LARGE = 0xFFFFFFFF
# From this size on a file's sizes are written with eight bytes; a little less than four can hold, since packing may add.
_WIDE_FROM = 0xF0000000
_UTF8, _SIZES_BEHIND = 0x0800, 0x0008
_FROM_UNIX = 3 << 8
_PLAIN, _WIDE = 20, 45
_EARLIEST, _LATEST = (1980, 1, 1, 0, 0, 0), (2107, 12, 31, 23, 59, 58)


class Zip:
    media_type = "application/zip"
    ending = ".zip"
    takes_links = False
    # Nothing has to be made up for: the sizes come last.
    owed = 0

    def __init__(self) -> None:
        self._directory = bytearray()
        self._count = 0
        self._at = 0
        self._name = b""
        self._moment = (0, 0)
        self._attributes = 0
        self._began = 0
        self._wide = False
        self._crc = self._size = self._packed = 0
        self._deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15)

    def folder(self, name: bytes, entry: Entry) -> bytes:
        self._open(name_of(name) + b"/", entry, stat.S_IFDIR, 0x10)
        header = self._local(flags=_UTF8, method=0, version=_PLAIN)
        self._note(flags=_UTF8, method=0)
        return self._out(header)

    def link(self, name: bytes, entry: Entry, target: bytes) -> bytes:
        raise NotImplementedError("zips hold no links")

    def begin(self, name: bytes, entry: Entry, size: int) -> bytes:
        self._open(name_of(name), entry, stat.S_IFREG, 0)
        self._wide = size >= _WIDE_FROM
        self._deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15)
        extra = struct.pack("<HHQQ", 1, 16, 0, 0) if self._wide else b""
        version = _WIDE if self._wide else _PLAIN
        return self._out(self._local(flags=_UTF8 | _SIZES_BEHIND, method=8, version=version, extra=extra))

    def data(self, data: bytes) -> bytes:
        self._crc = zlib.crc32(data, self._crc)
        self._size += len(data)
        return self._content(self._deflate.compress(data))

    def finish(self) -> bytes:
        rest = self._content(self._deflate.flush())
        form = "<IIQQ" if self._wide else "<IIII"
        sizes = struct.pack(form, 0x08074B50, self._crc, self._packed, self._size)
        self._note(flags=_UTF8 | _SIZES_BEHIND, method=8)
        return rest + self._out(sizes)

    def end(self) -> bytes:
        begin, length = self._at, len(self._directory)
        out = bytes(self._directory)
        if self._count > 0xFFFE or begin >= _LARGE or length >= _LARGE:
            out += struct.pack(
                "<IQHHIIQQQQ",
                0x06064B50,
                44,
                _FROM_UNIX | _WIDE,
                _WIDE,
                0,
                0,
                self._count,
                self._count,
                length,
                begin,
            )
            out += struct.pack("<IIQI", 0x07064B50, 0, begin + length, 1)
        count = min(self._count, 0xFFFF)
        ends = (min(length, _LARGE), min(begin, _LARGE))
        return out + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, *ends, 0)

    def _open(self, name: bytes, entry: Entry, kind: int, dos: int) -> None:
        self._name = name
        self._moment = _moment(entry.changed)
        self._attributes = (kind | (stat.S_IMODE(entry.mode) & 0o777)) << 16 | dos
        self._began = self._at
        self._crc = self._size = self._packed = 0
        self._wide = False

    def _local(self, *, flags: int, method: int, version: int, extra: bytes = b"") -> bytes:
        sizes = (_LARGE, _LARGE) if extra else (0, 0)
        head = struct.pack(
            "<IHHHHHIIIHH",
            0x04034B50,
            version,
            flags,
            method,
            *self._moment,
            0,
            *sizes,
            len(self._name),
            len(extra),
        )
        return head + self._name + extra

    def _note(self, *, flags: int, method: int) -> None:
        """The line for the directory at the end."""
        numbers = (self._size, self._packed, self._began)
        wide = [number for number in numbers if number >= _LARGE]
        extra = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
        size, packed, began = (min(number, _LARGE) for number in numbers)
        version = _WIDE if wide or self._wide else _PLAIN
        self._directory += struct.pack(
            "<IHHHHHHIIIHHHHHII",
            *(0x02014B50, _FROM_UNIX | version, version, flags, method, *self._moment),
            *(self._crc, packed, size, len(self._name), len(extra), 0, 0, 0, self._attributes, began),
        )
        self._directory += self._name + extra
        self._count += 1

    def _content(self, packed: bytes) -> bytes:
        self._packed += len(packed)
        return self._out(packed)

    def _out(self, data: bytes) -> bytes:
        self._at += len(data)
        return data


def name_of(name: bytes) -> bytes:
    """As any system unpacks it below the folder it was meant for: a backslash is a separator to some."""
    return paths.text_of(name).replace("\\", "_").replace(":", "_").encode()


def _moment(changed: int | None) -> tuple[int, int]:
    """Time and date as zips have them, in UTC: seconds by two, years from 1980 to 2107."""
    at = time.gmtime(max(0, min(changed or 0, 2**32 - 1)))
    year, month, day, hour, minute, second = max(_EARLIEST, min(_LATEST, at[:6]))
    return hour << 11 | minute << 5 | second // 2, (year - 1980) << 9 | month << 5 | day
