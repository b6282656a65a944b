"""Line editing as readline does it, on what is typed: pure. Each key gives the bytes that put the screen right."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

BELL = "\x07"
_KEY = re.compile(r"\x1b\[[0-9;?<>=]*[@-~]|\x1bO[A-Za-z]|\x1b[^\[O]|[^\x1b]", re.DOTALL)
_PARTIAL = re.compile(r"\x1b(?:\[[0-9;?<>=]*|O)?\Z")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")
_WORD = re.compile(r"\w+")
MOST_HISTORY = 500
MOST_LINE = 16_384

Complete = Callable[[str], tuple[str, list[str]]]  # before the cursor -> (what is completed, candidates)


def width(letter: str) -> int:
    """Cells of one letter on a terminal."""
    if ord(letter) < 32 or ord(letter) == 127:
        return 2  # shown as ^X
    if unicodedata.category(letter) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def cells(text: str) -> int:
    return len(text) if text.isascii() and text.isprintable() else sum(map(width, text))


def shown(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(f"^{chr(ord(one) ^ 64)}" if ord(one) < 32 or ord(one) == 127 else one for one in text)


def split_keys(text: str) -> tuple[list[str], str]:
    """Whole keys, and the beginning of one whose rest has not come yet."""
    partial = _PARTIAL.search(text)
    rest = partial.group() if partial else ""
    return _KEY.findall(text[: len(text) - len(rest)]), rest


@dataclass
class LineEditor:
    prompt: str
    columns: int
    history: list[str]
    complete: Complete
    text: str = ""
    at: int = 0
    done: str | None = None
    ended: bool = False  # Ctrl-D on an empty line
    interrupted: bool = False
    killed: str = ""
    back: int = 0
    kept: str = ""
    search: str | None = None
    tabs: int = 0
    row: int = field(default=0)  # of the cursor, below the prompt's first

    def __post_init__(self) -> None:
        self.indent = cells(_ESCAPES.sub("", self.prompt))

    def key(self, key: str) -> str:
        """What goes to the screen. Nothing more is taken once `done`, `ended` or `interrupted`."""
        self.tabs = self.tabs + 1 if key == "\t" else 0
        if self.search is not None:
            return self._searching(key)
        action = _KEYS.get(key)
        if action is not None:
            return action(self)
        if key.startswith("\x1b") or ord(key) < 32:
            return ""
        return self.insert(key)

    def insert(self, text: str) -> str:
        if len(self.text) + len(text) > MOST_LINE:
            return BELL
        appended = self.at == len(self.text)
        before = (self.indent + cells(self.text)) % self.columns
        self.text = self.text[: self.at] + text + self.text[self.at :]
        self.at += len(text)
        if appended and before + cells(text) < self.columns:
            return shown(text)
        return self.redraw()

    def redraw(self) -> str:
        up = f"\x1b[{self.row}A" if self.row else ""
        total = self.indent + cells(self.text)
        wrap = " \r" if total and total % self.columns == 0 else ""
        drawn = f"\r{up}\x1b[J{self.prompt}{shown(self.text)}{wrap}"
        self.row = total // self.columns
        return drawn if self.at == len(self.text) else drawn + self._move(self.at)

    def _move(self, at: int) -> str:
        """From where the cursor is drawn (`row`) to the letter `at`."""
        place = self.indent + cells(self.text[:at])
        row, column = divmod(place, self.columns)
        drawn = (
            f"\x1b[{self.row - row}A"
            if row < self.row
            else f"\x1b[{row - self.row}B"
            if row > self.row
            else ""
        )
        self.row = row
        return drawn + "\r" + (f"\x1b[{column}C" if column else "")

    def to(self, at: int) -> str:
        at = max(0, min(at, len(self.text)))
        if at == self.at:
            return ""
        self.at = at
        total = self.indent + cells(self.text)
        self.row = min(self.row, total // self.columns)
        return self._move(at)

    def cut(self, start: int, end: int, *, keep: bool = False) -> str:
        start, end = max(0, start), min(end, len(self.text))
        if start >= end:
            return BELL
        if keep:
            self.killed = self.text[start:end]
        last_plain = end == len(self.text) == self.at and end - start == 1 and width(self.text[-1]) == 1
        self.text = self.text[:start] + self.text[end:]
        self.at = start
        if last_plain and (self.indent + cells(self.text) + 1) % self.columns:
            return "\b \b"
        return self.redraw()

    def replace(self, text: str) -> str:
        self.text, self.at = text, len(text)
        return self.redraw()

    def _past(self, step: int) -> str:
        back = self.back + step
        if not 0 <= back <= len(self.history):
            return BELL
        if self.back == 0:
            self.kept = self.text
        self.back = back
        return self.replace(self.history[-back] if back else self.kept)

    def word_left(self) -> int:
        return max(
            (found.start() for found in _WORD.finditer(self.text) if found.start() < self.at), default=0
        )

    def word_right(self) -> int:
        ends = (found.end() for found in _WORD.finditer(self.text) if found.end() > self.at)
        return next(ends, len(self.text))

    def blank_left(self) -> int:
        return (
            len(self.text[: self.at].rstrip().rpartition(" ")[0] + " ")
            if " " in self.text[: self.at].rstrip()
            else 0
        )

    def _enter(self) -> str:
        end = self.to(len(self.text))
        self.done = self.text
        return end + "\r\n"

    def _interrupt(self) -> str:
        self.interrupted = True
        return self.to(len(self.text)) + "^C\r\n"

    def _end_or_delete(self) -> str:
        if not self.text:
            self.ended = True
            return "\r\n"
        return self.cut(self.at, self.at + 1)

    def _clear(self) -> str:
        self.row = 0
        return "\x1b[H\x1b[2J" + self.redraw()

    def _tab(self) -> str:
        part, found = self.complete(self.text[: self.at])
        if not found:
            return BELL
        common = _common(found)
        more = common[len(part) :]
        if len(found) == 1 and not common.endswith("/"):
            more += " "
        if more:
            return self.insert(more)
        if self.tabs < 2:
            return BELL
        return self._listed(
            [name.rstrip("/").rpartition("/")[2] + "/" * name.endswith("/") for name in found]
        )

    def _listed(self, names: list[str]) -> str:
        names = [shown(name) for name in names[:200]]
        wide = max(map(cells, names)) + 2
        each = max(1, self.columns // wide)
        rows = [names[at : at + each] for at in range(0, len(names), each)]
        lines = ["".join(name + " " * (wide - cells(name)) for name in row).rstrip() for row in rows]
        below = self.to(len(self.text))
        self.row = 0
        return below + "\r\n" + "\r\n".join(lines) + "\r\n" + self.redraw()

    def _begin_search(self) -> str:
        self.search, self.kept = "", self.text
        return self._search_line()

    def _search_line(self) -> str:
        found = next((line for line in reversed(self.history) if self.search and self.search in line), "")
        self.text = found or (self.kept if not self.search else "")
        up = f"\x1b[{self.row}A" if self.row else ""
        label = f"(reverse-i-search)`{shown(self.search or '')}': "
        self.row = (len(label) + cells(self.text)) // self.columns
        return f"\r{up}\x1b[J{label}{shown(self.text)}"

    def _searching(self, key: str) -> str:
        assert self.search is not None
        if key in {"\x7f", "\x08"}:
            self.search = self.search[:-1]
        elif key == "\x12" or (len(key) == 1 and ord(key) >= 32):
            self.search += "" if key == "\x12" else key
        else:
            self.search = None
            drawn = self.replace(self.kept if key in {"\x07", "\x1b"} else self.text)
            return drawn if key in {"\x07", "\x1b"} else drawn + self.key(key)
        return self._search_line()


def _common(names: list[str]) -> str:
    low, high = min(names), max(names)
    for at, letter in enumerate(low):
        if at >= len(high) or high[at] != letter:
            return low[:at]
    return low


def remember(history: list[str], line: str) -> None:
    if line.strip() and (not history or history[-1] != line):
        history.append(line)
        del history[:-MOST_HISTORY]


def _last_argument(editor: LineEditor) -> str:
    return editor.insert(editor.history[-1].split()[-1]) if editor.history else BELL


_KEYS: dict[str, Callable[[LineEditor], str]] = {
    "\r": LineEditor._enter,
    "\n": LineEditor._enter,
    "\x03": LineEditor._interrupt,
    "\x04": LineEditor._end_or_delete,
    "\t": LineEditor._tab,
    "\x0c": LineEditor._clear,
    "\x12": LineEditor._begin_search,
    "\x7f": lambda e: e.cut(e.at - 1, e.at),
    "\x08": lambda e: e.cut(e.at - 1, e.at),
    "\x1b[3~": lambda e: e.cut(e.at, e.at + 1),
    "\x0b": lambda e: e.cut(e.at, len(e.text), keep=True),
    "\x15": lambda e: e.cut(0, e.at, keep=True),
    "\x17": lambda e: e.cut(e.blank_left(), e.at, keep=True),
    "\x1b\x7f": lambda e: e.cut(e.word_left(), e.at, keep=True),
    "\x1bd": lambda e: e.cut(e.at, e.word_right(), keep=True),
    "\x19": lambda e: e.insert(e.killed) if e.killed else BELL,
    "\x1b.": _last_argument,
}
for _names, _action in (
    (("\x02", "\x1b[D", "\x1bOD"), lambda e: e.to(e.at - 1)),
    (("\x06", "\x1b[C", "\x1bOC"), lambda e: e.to(e.at + 1)),
    (("\x01", "\x1b[H", "\x1bOH", "\x1b[1~"), lambda e: e.to(0)),
    (("\x05", "\x1b[F", "\x1bOF", "\x1b[4~"), lambda e: e.to(len(e.text))),
    (("\x1b[1;5D", "\x1bb"), lambda e: e.to(e.word_left())),
    (("\x1b[1;5C", "\x1bf"), lambda e: e.to(e.word_right())),
    (("\x10", "\x1b[A", "\x1bOA"), lambda e: e._past(1)),
    (("\x0e", "\x1b[B", "\x1bOB"), lambda e: e._past(-1)),
):
    _KEYS |= dict.fromkeys(_names, _action)
