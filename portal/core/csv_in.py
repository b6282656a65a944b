"""Tables and lists as people paste and upload them → lines of cells. Pure; all of it is hostile input."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# A cell whose quotation mark is closed only lines later is read; one that is still open after so many is a mistake.
_MOST_LINES = 20
_SEPARATORS = (";", "\t", ",")


@dataclass(frozen=True, slots=True)
class Bad:
    """A line that names nobody, as far as it can be shown, and why."""

    line: int
    text: str
    why: str


def decoded(data: bytes) -> str:
    """UTF-8 with or without its mark, UTF-16 with one, else as Windows writes it."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def tidy(text: str) -> str:
    """Without a mark at its beginning and zero bytes, which no database takes."""
    return text.removeprefix("\ufeff").replace("\0", "")


def separator(line: str) -> str:
    """What parts the headings: whichever there is most of."""
    return max(_SEPARATORS, key=line.count)


def shown(text: str, most: int = 80) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:most]


def lines(text: str) -> list[str]:
    """As people count them in their editor."""
    return re.split(r"\r\n|\r|\n", text)


def table(text: str, mark: str) -> Iterator[tuple[int, Sequence[str]] | Bad]:
    """Each line that holds something, with the number at which it begins; a line that is none does not spoil the rest."""
    given = lines(text)
    at = 0
    while at < len(given):
        held = _record(given, at)
        if held:
            found = _cells(held, mark)
            if found is None:
                yield Bad(at + 1, shown(given[at]), "This is no line of a table.")
            elif any(cell.strip() for cell in found):
                yield at + 1, found
        else:
            yield Bad(at + 1, shown(given[at]), "A quotation mark on this line is never closed.")
        at += max(1, len(held))


def _record(given: Sequence[str], at: int) -> list[str]:
    """The lines that one record takes; none where its quotation mark stays open."""
    quotes = 0
    for number, line in enumerate(given[at : at + _MOST_LINES], start=1):
        quotes += line.count('"')
        if quotes % 2 == 0:
            return list(given[at : at + number])
    return []


def _cells(held: list[str], mark: str) -> list[str] | None:
    try:
        return next(csv.reader(["\n".join(held)], delimiter=mark), [])
    except csv.Error:
        return None
