"""Follows a tar as it arrives: how much of it is whole files, so that it can be cut between two. Pure.

What arrives is a learner's: a stream that is no tar is refused, and nothing in it is believed but lengths.
"""

import tarfile
from dataclasses import dataclass, field

_BLOCK = tarfile.BLOCKSIZE
_END = b"\0" * _BLOCK
# Headers that say something of the next one.
_BEFORE = {tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE, b"X"}
_WITH_CONTENT = {tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE, tarfile.GNUTYPE_SPARSE, *_BEFORE}
# Of a header that only names something: no name is longer.
_LONGEST_NAME = 1 << 20
CLOSING = _END * 2


class NotATar(ValueError):
    pass


@dataclass
class Walk:
    """`feed` returns what of the data belongs to whole files so far and still fits; `full` says that something did not."""

    most: int
    kept: int = 0
    files: int = 0
    full: bool = False
    ended: bool = False
    _held: bytearray = field(default_factory=bytearray)
    _left: int = 0
    _begun: int = 0
    _names_next: bool = False
    _complete: bool = False

    def feed(self, data: bytes) -> bytes:
        """Of a file that would not fit nothing is returned, nor of what comes after it."""
        if self.full or self.ended:
            return b""
        self._held += data
        out = bytearray()
        while not self.full and not self.ended and self._step(out):
            pass
        return bytes(out)

    def _step(self, out: bytearray) -> bool:
        if self._left:
            return self._content(out)
        if len(self._held) - self._begun < _BLOCK:
            return False
        block = bytes(self._held[self._begun : self._begun + _BLOCK])
        if block == _END:
            self.ended = True
            return False
        self._header(block)
        if self._complete:
            self._complete = False
            self._release(out, self._begun)
        return True

    def _header(self, block: bytes) -> None:
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            raise NotATar(str(error)) from None
        size = info.size if info.type in _WITH_CONTENT else 0
        names_next = info.type in _BEFORE
        if size < 0 or (names_next and size > _LONGEST_NAME):
            raise NotATar("a length that cannot be")
        padded = -(-size // _BLOCK) * _BLOCK
        self._begun += _BLOCK
        if self.kept + self._begun + padded > self.most:
            self.full = True
            return
        self._left, self._names_next = padded, names_next
        self._complete = not names_next
        self.files += info.type in (tarfile.REGTYPE, tarfile.AREGTYPE)

    def _content(self, out: bytearray) -> bool:
        there = len(self._held) - self._begun
        if self._names_next:
            # It goes with what it names: nothing of them is let out before all of it is known to fit.
            if there < self._left:
                return False
            self._begun, self._left = self._begun + self._left, 0
            return True
        part = min(self._left, there)
        self._left -= part
        self._release(out, self._begun + part)
        return bool(part)

    def _release(self, out: bytearray, count: int) -> None:
        out += self._held[:count]
        del self._held[:count]
        self.kept += count
        self._begun = 0
