"""What a guest's screen shows: its name, the time, its load, what was typed, pressed, pointed at, copied and pasted."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from portal.democloud.guest_canvas import AMBER, BAND, BLUE, DIM, GREEN, INK, PALETTE, PAPER, RED, Canvas
from portal.democloud.guest_font import ADVANCE, LINE
from portal.democloud.guest_host import Host
from portal.democloud.guest_keys import Keyboard

__all__ = ["HEIGHT", "PALETTE", "WIDTH", "Screen"]
WIDTH, HEIGHT = 640, 400
LEAST, MOST = (320, 200), (3840, 2400)
MARGIN = 24
BAR_X, BAR_HEIGHT = 200, 14
COPY_BOX = (MARGIN, 84, 150, 26)  # click it: the guest puts a text on the clipboard
FOOT = 36
MOST_SHOWN = 40


@dataclass
class Screen:
    """One guest's screen, shared by all who look at it; `told` are called when something is on its clipboard."""

    host: Host
    width: int = WIDTH
    height: int = HEIGHT
    keyboard: Keyboard = field(default_factory=Keyboard)
    pointer: tuple[int, int] | None = None
    buttons: int = 0
    pasted: str = ""
    copies: int = 0
    told: list[Callable[[str], None]] = field(default_factory=list)
    resized: list[Callable[[], None]] = field(default_factory=list)

    @property
    def typed(self) -> str:
        return self.keyboard.typed

    def key(self, keysym: int, *, down: bool = True) -> None:
        self.keyboard.key(keysym, down=down)

    def point(self, x: int, y: int, buttons: int) -> None:
        pressed = buttons & 1 and not self.buttons & 1
        self.pointer, self.buttons = (x, y), buttons
        left, top, width, height = COPY_BOX
        if pressed and left <= x < left + width and top <= y < top + height:
            self.copies += 1
            for tell in list(self.told):
                tell(f"copied from {self.host.spec.hostname}, time {self.copies}")

    def paste(self, text: str) -> None:
        self.pasted = text

    def resize(self, width: int, height: int) -> bool:
        """False where a screen cannot have that size."""
        if not (LEAST[0] <= width <= MOST[0] and LEAST[1] <= height <= MOST[1]):
            return False
        if (width, height) != (self.width, self.height):
            self.width, self.height = width, height
            for tell in list(self.resized):
                tell()
        return True

    def draw(self) -> bytearray:
        """The frame as palette indices, row by row."""
        canvas = Canvas(self.width, self.height)
        self._head(canvas)
        self._meters(canvas)
        self._foot(canvas)
        if self.pointer:
            canvas.cross(*self.pointer, BLUE)
        return canvas.frame

    def _head(self, canvas: Canvas) -> None:
        host, now = self.host, self.host.now()
        canvas.box(0, 0, self.width, 44, BAND)
        canvas.text(MARGIN, 14, host.spec.hostname[:32], INK, BAND)
        clock = datetime.fromtimestamp(now, UTC).strftime("%H:%M:%S")
        canvas.text(self.width - MARGIN - len(clock) * ADVANCE, 14, clock, INK, BAND)
        canvas.text(MARGIN, 60, host.system[:48], DIM, PAPER)
        left, top, width, height = COPY_BOX
        canvas.box(left, top, width, height, BLUE)
        canvas.text(left + 10, top + 6, "copy text", INK, BLUE)
        size = f"{self.width} x {self.height}, {host.spec.vcpus} CPUs"
        canvas.text(left + width + 16, top + 6, size, DIM, PAPER)

    def _meters(self, canvas: Canvas) -> None:
        usage = self.host.load.usage(self.host.now())
        meters = [("CPU", usage.cpu), ("RAM", usage.ram), ("Disk", usage.disk)]
        meters += [(f"GPU {index}", gpu.util) for index, gpu in enumerate(usage.gpus[:4])]
        wide = max(60, min(320, self.width - BAR_X - 100))
        for index, (label, percent) in enumerate(meters):
            y = 124 + index * 26
            colour = GREEN if percent < 70 else AMBER if percent < 90 else RED
            canvas.text(MARGIN, y, label, INK, PAPER)
            canvas.box(BAR_X, y, wide, BAR_HEIGHT, BAND)
            canvas.box(BAR_X, y, int(wide * percent / 100), BAR_HEIGHT, colour)
            canvas.text(BAR_X + wide + 12, y, f"{percent:3.0f}%", INK, PAPER)

    def _foot(self, canvas: Canvas) -> None:
        pasted = " ".join(self.pasted.split())[:MOST_SHOWN]
        canvas.text(MARGIN, self.height - FOOT - 2 * LINE, f"clipboard: {pasted or '-'}", DIM, PAPER)
        keys = " ".join(self.keyboard.last)[-MOST_SHOWN:]
        canvas.text(MARGIN, self.height - FOOT - LINE, f"keys: {keys or '-'}", DIM, PAPER)
        canvas.text(MARGIN, self.height - FOOT, f"> {self.typed}_", INK, PAPER)
