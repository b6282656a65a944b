"""The last lines of what a terminal was sent, drawn plainly: letters and colours, whatever else was in it. Pure."""

import re

_STEP = re.compile(
    r"\x1b\[(?P<values>[0-9;?]*)(?P<final>[@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1bP[^\x1b]*(?:\x1b\\)?"
    r"|\x1b[()][A-Z0-9]|\x1b.|(?P<letter>.)",
    re.DOTALL,
)
MOST_COLUMNS = 1000


class Row:
    def __init__(self) -> None:
        self.cells: list[tuple[str, str]] = []  # colour, letter
        self.at = 0

    def put(self, colour: str, letter: str) -> None:
        if self.at >= MOST_COLUMNS:
            return
        while len(self.cells) < self.at:
            self.cells.append(("", " "))
        self.cells[self.at : self.at + 1] = [(colour, letter)]
        self.at += 1

    def move(self, final: str, values: str) -> None:
        count = int(values) if values.isdigit() else 1
        if final == "C":
            self.at = min(self.at + count, MOST_COLUMNS)
        elif final == "D":
            self.at = max(0, self.at - count)
        elif final in "JK" and values in {"", "0"}:
            del self.cells[self.at :]
        elif final == "G":
            self.at = max(0, count - 1)

    def drawn(self, colour: str) -> str:
        parts, now = [], ""
        for wanted, letter in self.cells:
            if wanted != now:
                parts.append("\x1b[0m" + wanted)
                now = wanted
            parts.append(letter)
        return "".join(parts) + ("\x1b[0m" + colour if now != colour else "")


def redrawn(data: bytes, *, rows: int) -> str:
    """The last `rows` lines; the cursor is left where it was, if that was on the last of them."""
    text = data.decode("utf-8", "replace")
    cleared = list(re.finditer(r"\x1b\[H\x1b\[2J|\x1b\[2J|\x1bc", text))
    text = text[cleared[-1].end() :] if cleared else text
    lines = text.split("\n")[-rows:]
    drawn, colour, row = [], "", Row()
    for line in lines:
        row = Row()
        colour = _line(row, line, colour)
        drawn.append(row.drawn(colour))
    back = len(row.cells) - row.at
    return "\r\n".join(drawn) + (f"\x1b[{back}D" if back > 0 else "")


def _line(row: Row, line: str, colour: str) -> str:
    for step in _STEP.finditer(line):
        letter, final = step["letter"], step["final"]
        if final == "m":
            colour = "" if step["values"] in {"", "0"} else colour + step.group()
        elif final is not None:
            row.move(final, step["values"])
        elif letter == "\r":
            row.at = 0
        elif letter == "\b":
            row.at = max(0, row.at - 1)
        elif letter is not None and letter >= " ":
            row.put(colour, letter)
    return colour
