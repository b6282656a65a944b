"""A picture as palette indices, row by row: boxes and letters."""

from dataclasses import dataclass, field

from portal.democloud.guest_font import text_rows

PAPER, BAND, INK, DIM, GREEN, AMBER, RED, BLUE = range(8)
PALETTE = (
    (0x1B, 0x24, 0x30),
    (0x2B, 0x3A, 0x4D),
    (0xE8, 0xEC, 0xF1),
    (0x8A, 0x97, 0xA6),
    (0x4C, 0xB9, 0x6E),
    (0xE5, 0xA5, 0x3A),
    (0xE0, 0x5A, 0x4E),
    (0x4A, 0x90, 0xD9),
)


@dataclass
class Canvas:
    width: int
    height: int
    frame: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        self.frame = bytearray([PAPER]) * (self.width * self.height)

    def box(self, x: int, y: int, width: int, height: int, colour: int) -> None:
        row = bytes([colour]) * max(0, min(width, self.width - x))
        for line in range(max(0, y), min(y + height, self.height)):
            self.frame[line * self.width + x : line * self.width + x + len(row)] = row

    def text(self, x: int, y: int, text: str, ink: int, paper: int) -> None:
        room = max(0, self.width - x)
        for offset, row in enumerate(text_rows(text, ink, paper)):
            if 0 <= y + offset < self.height:
                start = (y + offset) * self.width + x
                self.frame[start : start + min(len(row), room)] = row[:room]

    def cross(self, x: int, y: int, colour: int) -> None:
        x, y = max(4, min(x, self.width - 5)), max(4, min(y, self.height - 5))
        self.box(x - 4, y, 9, 1, colour)
        self.box(x, y - 4, 1, 9, colour)
