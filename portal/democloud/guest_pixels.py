"""Pixels as an RFB client wants them: its format, and the frame plain or as ZRLE (RFC 6143, 7.7)."""

import struct
import zlib
from dataclasses import dataclass, field

from portal.democloud.guest_canvas import PALETTE

NATIVE = struct.pack(">BBBBHHHBBB3x", 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)
RAW, ZRLE = 0, 16
TILE = 64


@dataclass
class PixelFormat:
    """True colour only, as this server's own format is."""

    bytes_per_pixel: int
    tables: list[bytes]  # for each byte of a pixel, palette index -> byte
    compact: list[bytes]  # likewise, without the byte that says nothing

    @classmethod
    def parse(cls, data: bytes) -> "PixelFormat":
        bits, _, big, true_colour, *channels = struct.unpack(">BBBBHHHBBB3x", data)
        if bits not in (8, 16, 32) or not true_colour:
            raise ValueError("this screen has 8, 16 or 32 bits of true colour")
        maxima, shifts = channels[:3], channels[3:]
        if max(shifts) >= bits:
            raise ValueError("a colour shift lies outside the pixel")
        pixels = [
            sum(
                (value * top // 255) << shift
                for value, top, shift in zip(colour, maxima, shifts, strict=True)
            ).to_bytes(8, "big" if big else "little")
            for colour in PALETTE
        ]
        size = bits // 8
        trimmed = [pixel[-size:] if big else pixel[:size] for pixel in pixels]
        padding = bytes(256 - len(PALETTE))
        tables = [bytes(pixel[i] for pixel in trimmed) + padding for i in range(size)]
        used = [top << shift for top, shift in zip(maxima, shifts, strict=True)]
        return cls(size, tables, _compact(tables, used, big=bool(big)))

    def encode(self, indices: bytes) -> bytes:
        return _woven(indices, self.tables)


def _compact(tables: list[bytes], used: list[int], *, big: bool) -> list[bytes]:
    """CPIXEL: three bytes of four where the fourth is never used."""
    if len(tables) != 4:
        return tables
    if max(used) < 1 << 24:
        return tables[1:] if big else tables[:3]
    if all(one & 0xFF == 0 for one in used):
        return tables[:3] if big else tables[1:]
    return tables


def _woven(indices: bytes, tables: list[bytes]) -> bytes:
    pixels = bytearray(len(indices) * len(tables))
    for position, table in enumerate(tables):
        pixels[position :: len(tables)] = indices.translate(table)
    return bytes(pixels)


@dataclass
class Encoder:
    """One client's: the compression goes on from frame to frame."""

    pixels: PixelFormat = field(default_factory=lambda: PixelFormat.parse(NATIVE))
    kind: int = RAW
    _stream: "zlib._Compress" = field(default_factory=lambda: zlib.compressobj(1))

    def rectangle(self, frame: bytes, width: int, first: int, last: int) -> bytes:
        """Rows `first` to `last`, with their head."""
        head = struct.pack(">HHHHi", 0, first, width, last - first + 1, self.kind)
        rows = frame[first * width : (last + 1) * width]
        if self.kind == RAW:
            return head + self.pixels.encode(rows)
        tiles = b"".join(self._tiles(rows, width, last - first + 1))
        data = self._stream.compress(tiles) + self._stream.flush(zlib.Z_SYNC_FLUSH)
        return head + struct.pack(">I", len(data)) + data

    def _tiles(self, rows: bytes, width: int, height: int) -> list[bytes]:
        found = []
        for top in range(0, height, TILE):
            for left in range(0, width, TILE):
                wide = min(TILE, width - left)
                starts = range(top * width + left, min(top + TILE, height) * width + left, width)
                found.append(self._tile(b"".join([rows[at : at + wide] for at in starts])))
        return found

    def _tile(self, tile: bytes) -> bytes:
        if tile.count(tile[0]) == len(tile):
            return b"\x01" + _woven(tile[:1], self.pixels.compact)
        return b"\x00" + _woven(tile, self.pixels.compact)
