"""What was pressed on a guest's keyboard, as a person would say it: `Ctrl-Alt-Del`, `Alt-Tab`, `x`."""

from collections import deque
from dataclasses import dataclass, field

HELD = {
    **dict.fromkeys((0xFFE3, 0xFFE4), "Ctrl"),
    **dict.fromkeys((0xFFE9, 0xFFEA, 0xFE03), "Alt"),
    **dict.fromkeys((0xFFE1, 0xFFE2), "Shift"),
    **dict.fromkeys((0xFFEB, 0xFFEC, 0xFFE7, 0xFFE8), "Super"),
}
NAMES = {
    0xFF08: "Backspace",
    0xFF09: "Tab",
    0xFF0D: "Return",
    0xFF1B: "Esc",
    0xFF50: "Home",
    0xFF51: "Left",
    0xFF52: "Up",
    0xFF53: "Right",
    0xFF54: "Down",
    0xFF55: "PageUp",
    0xFF56: "PageDown",
    0xFF57: "End",
    0xFF61: "Print",
    0xFF63: "Insert",
    0xFFFF: "Del",
    **{0xFFBD + number: f"F{number}" for number in range(1, 13)},
}
ORDER = ("Ctrl", "Alt", "Shift", "Super")
BACKSPACE, RETURN = 0xFF08, 0xFF0D
MOST_TYPED, MOST_SHOWN = 40, 6


def letter(keysym: int) -> str:
    """What a key writes; empty for one that writes nothing."""
    if 0x20 <= keysym <= 0x7E or 0xA0 <= keysym <= 0xFF:
        return chr(keysym)
    return chr(keysym & 0xFFFFFF) if 0x01000100 <= keysym <= 0x0110FFFF else ""


@dataclass
class Keyboard:
    typed: str = ""
    last: "deque[str]" = field(default_factory=lambda: deque(maxlen=MOST_SHOWN))
    held: set[int] = field(default_factory=set)

    def key(self, keysym: int, *, down: bool = True) -> None:
        if keysym in HELD:
            (self.held.add if down else self.held.discard)(keysym)
        elif down:
            self._pressed(keysym)

    def _pressed(self, keysym: int) -> None:
        held = {HELD[one] for one in self.held}
        written = letter(keysym)
        name = NAMES.get(keysym) or written or f"{keysym:#x}"
        if name == " ":
            name = "Space"
        with_held = held - {"Shift"} if written else held
        self.last.append("-".join([one for one in ORDER if one in with_held] + [name]))
        if written and not held - {"Shift"}:
            self.typed = (self.typed + written)[-MOST_TYPED:]
        elif keysym == BACKSPACE:
            self.typed = self.typed[:-1]
        elif keysym == RETURN:
            self.typed = ""
