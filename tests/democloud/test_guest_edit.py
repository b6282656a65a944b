"""Line editing, seen on a small terminal that knows what the editor uses."""

from __future__ import annotations

import re

import pytest

from portal.democloud.guest_edit import LineEditor, cells, remember, shown, split_keys, width

_STEP = re.compile(r"\x1b\[(\d*)([A-DHJKm])|\x1b\[2J|[\r\n\b\x07]|[^\x1b]")


class Screen:
    """Rows and columns with wide letters, wrapping late as xterm does."""

    def __init__(self, columns: int) -> None:
        self.columns, self.row, self.column = columns, 0, 0
        self.lines: dict[int, dict[int, str]] = {}

    def show(self, text: str) -> None:
        for step in _STEP.finditer(text):
            self._step(step.group(), int(step[1] or 1), step[2])

    def _step(self, text: str, count: int, letter: str | None) -> None:
        if letter == "A":
            self.row -= count
        elif letter == "B":
            self.row += count
        elif letter == "C":
            self.column = min(self.column + count, self.columns - 1)
        elif letter == "J":
            kept = self.lines.get(self.row, {})
            self.lines = {n: line for n, line in self.lines.items() if n < self.row}
            self.lines[self.row] = {n: one for n, one in kept.items() if n < self.column}
        elif text == "\r":
            self.column = 0
        elif text == "\n":
            self.row += 1
        elif text == "\b":
            self.column = max(0, min(self.column, self.columns - 1) - 1)
        elif text.startswith("\x1b") or text == "\x07":
            return
        else:
            self._put(text)

    def _put(self, letter: str) -> None:
        if width(letter) == 0:
            return
        if self.column + width(letter) > self.columns:
            self.row, self.column = self.row + 1, 0
        self.lines.setdefault(self.row, {})[self.column] = letter
        self.column += width(letter)

    def text(self) -> str:
        return "".join(
            "".join(
                line.get(n, "" if line.get(n - 1, " ") in "日本語" else " ") for n in range(self.columns)
            ).rstrip()
            for _, line in sorted(self.lines.items())
        )


def typed(
    keys: str, *, columns: int = 40, history: tuple[str, ...] = (), names: tuple[str, ...] = ()
) -> tuple[LineEditor, Screen]:
    def complete(before: str) -> tuple[str, list[str]]:
        part = before.rpartition(" ")[2]
        return part, [name for name in names if name.startswith(part)]

    editor, screen = LineEditor("\x1b[1m$\x1b[0m ", columns, list(history), complete), Screen(columns)
    screen.show(editor.prompt)
    for key in split_keys(keys)[0]:
        screen.show(editor.key(key))
    return editor, screen


LEFT, RIGHT, UP, DOWN, HOME, END, DELETE = (
    "\x1b[D",
    "\x1b[C",
    "\x1b[A",
    "\x1b[B",
    "\x1b[H",
    "\x1b[F",
    "\x1b[3~",
)


@pytest.mark.parametrize(
    ("keys", "text", "at"),
    [
        ("hello", "hello", 5),
        ("helo" + LEFT + "l", "hello", 4),
        ("hello" + HOME + DELETE + "J", "Jello", 1),
        ("hello" + LEFT * 9 + RIGHT * 2 + "\x7f", "hllo", 1),
        ("one two\x17three", "one three", 9),
        ("one two" + HOME + "\x1bf\x0b" + END + "\x19\x19", "one two two", 11),
        ("one two\x15x", "x", 1),
        ("one two\x1b[1;5D\x1b[1;5D>" + END + "<", ">one two<", 9),
        ("a\x01\x02\x05\x06b", "ab", 2),
        ("x\x1b[99~y\x1b[200~z", "xyz", 3),
        ("日本語" + LEFT + "\x7f", "日語", 1),
        ("one two\x1b\x7f", "one ", 4),
    ],
)
def test_keys_do_what_readline_does(keys: str, text: str, at: int) -> None:
    editor, screen = typed(keys)
    assert (editor.text, editor.at) == (text, at)
    assert screen.text() == f"$ {text}".rstrip()
    assert screen.column == 2 + cells(text[:at])


def test_a_line_longer_than_the_screen_is_drawn_over_several_rows() -> None:
    text = "0123456789" * 3
    editor, screen = typed(text + HOME + RIGHT * 5 + "X" + END + "\x7f", columns=12)
    assert editor.text == "01234X567890123456789012345678"
    assert screen.text() == "$ " + editor.text
    wide, drawn = typed("日本語" * 5 + LEFT * 3 + "\x7f", columns=12)
    assert drawn.text() == "$ " + wide.text


def test_history_goes_back_and_forth_and_keeps_what_was_being_typed() -> None:
    past = ("first", "second line")
    assert typed("now" + UP, history=past)[0].text == "second line"
    assert typed("now" + UP + UP, history=past)[1].text() == "$ first"
    assert typed("now" + UP * 9 + DOWN, history=past)[0].text == "second line"
    assert typed("now" + UP * 2 + DOWN * 2, history=past)[0].text == "now"
    assert typed("echo \x1b.", history=past)[0].text == "echo line"


def test_searching_backwards_finds_the_last_that_fits() -> None:
    past = ("make test", "ls", "make demo")
    editor, screen = typed("\x12mak", history=past)
    assert editor.text == "make demo"
    assert "reverse-i-search" in screen.text()
    assert typed("\x12test\r", history=past)[0].done == "make test"
    assert typed("typed\x12test\x07", history=past)[0].text == "typed"


def test_completion_goes_as_far_as_all_agree_and_lists_at_the_second_tab() -> None:
    names = ("report-1.txt", "report-2.txt", "other/")
    assert typed("cat rep\t", names=names)[0].text == "cat report-"
    assert typed("cat oth\t", names=names)[0].text == "cat other/"
    assert typed("cat report-1\t", names=names)[0].text == "cat report-1.txt "
    assert "report-2.txt" in typed("cat rep\t\t\t", names=names)[1].text()
    assert typed("cat zzz\t", names=names)[0].text == "cat zzz"


def test_how_a_line_ends() -> None:
    assert typed("ls\r")[0].done == "ls"
    assert typed("ls\x03")[0].interrupted
    assert typed("\x04")[0].ended
    assert (typed("ls\x04")[0].ended, typed("ls" + HOME + "\x04")[0].text) == (False, "s")


def test_a_key_in_pieces_waits_for_its_end() -> None:
    assert split_keys("a\x1b[") == (["a"], "\x1b[")
    assert split_keys("\x1b[1;5") == ([], "\x1b[1;5")
    assert split_keys("\x1b[A日") == (["\x1b[A", "日"], "")


def test_widths_are_those_of_terminals() -> None:
    assert [width(letter) for letter in ("a", "日", "\u0301", "\x07", "🚀")] == [1, 2, 0, 2, 2]
    assert shown("a\x07b") == "a^Gb"


def test_history_remembers_no_line_twice_in_a_row_and_not_for_ever() -> None:
    history: list[str] = []
    for line in ["a", "a", "", "  ", "b", *map(str, range(600))]:
        remember(history, line)
    assert len(history) == 500
    assert history[-1] == "599"
