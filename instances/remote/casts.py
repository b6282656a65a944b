"""A recording as a file: asciicast v2, packed and sealed in frames, one line each, so that a crash costs one frame.

https://docs.asciinema.org/manual/asciicast/v2/ says what the text is.
"""

import json
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from portal.core import seal

# Of what one frame unpacks to: frames are our own, but a file is no reason to fill the memory.
LONGEST_FRAME = 8 * 1024 * 1024


def header(*, cols: int, rows: int, timestamp: int, title: str) -> bytes:
    told = {"version": 2, "width": cols, "height": rows, "timestamp": timestamp, "title": title}
    return _line({**told, "env": {"TERM": "xterm-256color"}})


def event(seconds: float, kind: str, text: str) -> bytes:
    """`kind`: o for output, r for a new size, m for a marker."""
    return _line([round(seconds, 3), kind, text])


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


class CastFile:
    """Takes text at its end. One that is there already is gone on with."""

    def __init__(self, path: Path, key: str) -> None:
        for folder in (path.parent.parent.parent, path.parent.parent, path.parent):
            # Not by `parents=True`, which would leave those above open to others.
            folder.mkdir(mode=0o700, exist_ok=True)
        self._key = key
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.fresh = os.fstat(self._file).st_size == 0
        # What a crash left of a line must not spoil the next.
        self._pending = b"" if self.fresh else b"\n"

    def append(self, text: bytes) -> None:
        """One frame. OSError when the disk does not take it all; then nothing more can be added."""
        packed = zlib.compress(text, 6)
        content = self._pending + seal.enclose(self._key, packed) + b"\n"
        self._pending = b""
        while content:
            content = content[os.write(self._file, content) :]

    def close(self) -> None:
        os.close(self._file)


def frames(path: Path, key: str) -> Iterator[bytes]:
    """The text, frame by frame; what is damaged or cut off is left out. OSError where there is no file."""
    with path.open("rb") as file:
        for line in file:
            packed = seal.disclose(key, line.strip())
            if packed is not None:
                yield zlib.decompressobj().decompress(packed, LONGEST_FRAME)


@dataclass(frozen=True, slots=True)
class Measure:
    size_bytes: int
    seconds: float


NOTHING = Measure(0, 0.0)


def measure(path: Path, key: str) -> Measure:
    """How long a recording is, and how much text, where nobody wrote that down."""
    size, last = 0, b""
    for frame in frames(path, key):
        size += len(frame)
        last = frame.rstrip(b"\n").rpartition(b"\n")[2] or last
    return Measure(size, _time_of(last))


def _time_of(line: bytes) -> float:
    try:
        found = json.loads(line or b"null")
    except ValueError:
        return 0.0
    return float(found[0]) if isinstance(found, list) and found else 0.0
