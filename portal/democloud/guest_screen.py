"""What a guest's screen shows: its name, the time, its load, and what was typed and pointed at."""

from dataclasses import dataclass
from datetime import UTC, datetime

from portal.democloud.guest_font import ADVANCE, LINE, text_rows
from portal.democloud.guest_host import Host

WIDTH, HEIGHT = 640, 400
MARGIN = 24
BAR_X, BAR_WIDTH, BAR_HEIGHT = 200, 320, 14
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
BACKSPACE, RETURN = 0xFF08, 0xFF0D
MAX_TYPED = 40


@dataclass
class Screen:
    """One guest's screen, shared by all who look at it."""

    host: Host
    typed: str = ""
    pointer: tuple[int, int] | None = None

    def key(self, keysym: int) -> None:
        if 0x20 <= keysym <= 0x7E:
            self.typed = (self.typed + chr(keysym))[-MAX_TYPED:]
        elif keysym == BACKSPACE:
            self.typed = self.typed[:-1]
        elif keysym == RETURN:
            self.typed = ""

    def draw(self) -> bytearray:
        """The frame as palette indices, row by row."""
        host, now = self.host, self.host.now()
        usage = host.load.usage(now)
        frame = bytearray([PAPER]) * (WIDTH * HEIGHT)
        _box(frame, 0, 0, WIDTH, 44, BAND)
        _text(frame, MARGIN, 14, host.spec.hostname[:32], INK, BAND)
        clock = datetime.fromtimestamp(now, UTC).strftime("%H:%M:%S")
        _text(frame, WIDTH - MARGIN - len(clock) * ADVANCE, 14, clock, INK, BAND)
        _text(frame, MARGIN, 60, host.system[:48], DIM, PAPER)
        _text(
            frame, MARGIN, 60 + LINE, f"{host.spec.vcpus} CPUs, up {int(host.uptime) // 60} min", DIM, PAPER
        )
        meters = [("CPU", usage.cpu), ("RAM", usage.ram), ("Disk", usage.disk)]
        meters += [(f"GPU {index}", gpu.util) for index, gpu in enumerate(usage.gpus[:4])]
        for index, (label, percent) in enumerate(meters):
            _meter(frame, 120 + index * 30, label, percent)
        _text(frame, MARGIN, HEIGHT - 36, f"> {self.typed}_", INK, PAPER)
        if self.pointer:
            _cross(frame, *self.pointer)
        return frame


def _meter(frame: bytearray, y: int, label: str, percent: float) -> None:
    colour = GREEN if percent < 70 else AMBER if percent < 90 else RED
    _text(frame, MARGIN, y, label, INK, PAPER)
    _box(frame, BAR_X, y, BAR_WIDTH, BAR_HEIGHT, BAND)
    _box(frame, BAR_X, y, int(BAR_WIDTH * percent / 100), BAR_HEIGHT, colour)
    _text(frame, BAR_X + BAR_WIDTH + 12, y, f"{percent:3.0f}%", INK, PAPER)


def _box(frame: bytearray, x: int, y: int, width: int, height: int, colour: int) -> None:
    row = bytes([colour]) * max(0, min(width, WIDTH - x))
    for line in range(y, min(y + height, HEIGHT)):
        frame[line * WIDTH + x : line * WIDTH + x + len(row)] = row


def _text(frame: bytearray, x: int, y: int, text: str, ink: int, paper: int) -> None:
    room = max(0, WIDTH - x)
    for offset, row in enumerate(text_rows(text, ink, paper)):
        start = (y + offset) * WIDTH + x
        frame[start : start + min(len(row), room)] = row[:room]


def _cross(frame: bytearray, x: int, y: int) -> None:
    x, y = max(4, min(x, WIDTH - 5)), max(4, min(y, HEIGHT - 5))
    _box(frame, x - 4, y, 9, 1, BLUE)
    _box(frame, x, y - 4, 1, 9, BLUE)
