"""A class list as somebody types, pastes or uploads it → who is meant, line by line. Pure; all of it is hostile input.

A table has a line of headings in any order. A plain list has a person per line: `Ada Lovelace <ada@example.edu>`, an
e-mail address, an id, or a name with one of them beside it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from instances.workshops.roster import headings
from portal.core import csv_in
from portal.core.csv_in import Bad

MOST = 1000
LONGEST = 512 * 1024
_LONGEST_NAME = 150
_MAIL = re.compile(
    r"(?=.{3,254}$)[A-Za-z0-9._%+'&/=?^`{|}~#$*!-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
_ID = re.compile(r"[A-Za-z0-9](?:[\w.+-]{0,126}[A-Za-z0-9_])?", re.ASCII)
_ANGLE = re.compile(r"(?P<name>[^<>]*)<(?P<mail>[^<>]+)>\s*")


@dataclass(frozen=True, slots=True)
class Entry:
    """A person on line `line`. An e-mail address, an id, or both; `name` is never empty."""

    line: int
    name: str
    email: str = ""
    access_id: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Those who can be added, and the lines that cannot be read or say again what another said."""

    entries: tuple[Entry, ...]
    bad: tuple[Bad, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """What the operator calls the id, and how one looks with what the identity provider adds to it."""

    id_title: str = "user id"
    id_pattern: "re.Pattern[str] | None" = None

    def bare(self, given: str) -> str:
        """`ada@access-ci.org` → `ada`; empty for what is no id of that kind."""
        match = self.id_pattern.fullmatch(given) if self.id_pattern else None
        return (match.groupdict().get("name") or given) if match else ""


def read_bytes(data: bytes, words: Words) -> Sheet:
    if len(data) > LONGEST:
        return Sheet((), (Bad(0, "", f"The file is larger than {LONGEST // 1024} KiB."),))
    return read(csv_in.decoded(data), words)


def read(text: str, words: Words) -> Sheet:
    """Each person once: of several lines about one the first counts, and the others are told of."""
    text = csv_in.tidy(text)
    first = next((line for line in csv_in.lines(text) if line.strip()), "")
    mark = csv_in.separator(first)
    heads = headings.meanings((cell.strip().strip('"') for cell in first.split(mark)), words.id_title)
    if {"email", "access_id"} & set(heads):
        _, *rows = csv_in.table(text, mark)
        found = [row if isinstance(row, Bad) else _row(*row, heads, words) for row in rows]
    else:
        found = [
            row if isinstance(row, Bad) else _free(*row, words) for row in csv_in.table(text, _mark(text))
        ]
    return _once(found)


def _mark(text: str) -> str:
    """A comma parts a plain list too, unless semicolons or tabs do."""
    return next((mark for mark in (";", "\t") if mark in text), ",")


def _row(line: int, cells: Sequence[str], heads: Sequence[str], words: Words) -> Entry | Bad:
    given = {head: csv_in.shown(cell.strip(), 400) for head, cell in zip(heads, cells, strict=False) if head}
    parts = f"{given.get('given', '')} {given.get('family', '')}".strip()
    return _entry(
        line,
        name=given.get("name", "") or parts,
        email=given.get("email", ""),
        access_id=given.get("access_id", ""),
        words=words,
    )


def _free(line: int, cells: Sequence[str], words: Words) -> Entry | Bad:
    """Cells in any order: the one with an @ is the address, what has several words the name, the other the id."""
    name = email = access_id = ""
    for cell in (csv_in.shown(cell.strip(), 400) for cell in cells):
        angle = _ANGLE.fullmatch(cell)
        if angle:
            name, email = angle["name"].strip(' "') or name, angle["mail"].strip()
        elif "@" in cell and not email:
            email = cell.removeprefix("mailto:")
        elif cell and (" " in cell or not _ID.fullmatch(cell)):
            name = f"{name} {cell}".strip()
        elif cell and not access_id:
            access_id = cell
    if access_id and email and not name:
        # Of one word beside an address nobody can tell whether it is a name: it is shown as one, and identifies nobody.
        name, access_id = access_id, ""
    return _entry(line, name=name, email=email, access_id=access_id, words=words)


def _entry(line: int, *, name: str, email: str, access_id: str, words: Words) -> Entry | Bad:
    if not access_id and (bare := words.bare(email)):
        # What looks like an address and is an id of this portal.
        email, access_id = "", bare
    access_id = words.bare(access_id) or access_id
    shown = csv_in.shown(name or email or access_id)
    if not email and not access_id:
        return Bad(line, shown, f"There is no e-mail address and no {words.id_title} on this line.")
    if email and not _MAIL.fullmatch(email):
        return Bad(line, shown, f"“{csv_in.shown(email, 60)}” is no e-mail address.")
    if access_id and not _is_id(access_id):
        return Bad(line, shown, f"“{csv_in.shown(access_id, 60)}” is no {words.id_title}.")
    if len(name) > _LONGEST_NAME:
        return Bad(line, shown, f"The name is longer than {_LONGEST_NAME} letters.")
    tidy = _turned(" ".join(name.split())) or (access_id or email.partition("@")[0])
    return Entry(line, tidy[:_LONGEST_NAME], email.lower(), access_id.lower())


def _is_id(given: str) -> bool:
    """Bare, or with the domain that some identity providers add."""
    return bool(_ID.fullmatch(given) or (_MAIL.fullmatch(given) and len(given) <= 150))


def _turned(name: str) -> str:
    """“Lovelace, Ada” → “Ada Lovelace”, as learning systems write it."""
    family, comma, given = (part.strip() for part in name.partition(","))
    return f"{given} {family}" if comma and family and given and "," not in given else name.strip(" ,")


def _once(found: Iterable[Entry | Bad]) -> Sheet:
    entries: list[Entry] = []
    bad: list[Bad] = []
    lines: dict[str, int] = {}
    for one in found:
        if isinstance(one, Bad):
            bad.append(one)
            continue
        before = next((lines[key] for key in keys(one) if key in lines), None)
        if before is not None:
            bad.append(Bad(one.line, one.name, f"Named on line {before} already."))
        elif len(entries) >= MOST:
            bad.append(Bad(one.line, one.name, f"At most {MOST} people at once: this one is too many."))
        else:
            entries.append(one)
            lines |= dict.fromkeys(keys(one), one.line)
    return Sheet(tuple(entries), tuple(bad[:MOST]))


def keys(entry: Entry) -> list[str]:
    """By which two lines are about one person."""
    found = [f"mail {entry.email}" if entry.email else "", f"id {entry.access_id}" if entry.access_id else ""]
    return [key for key in found if key]


def together(*found: Sheet) -> Sheet:
    """Several lists as one."""
    merged = _once(entry for sheet in found for entry in sheet.entries)
    return Sheet(merged.entries, (*(bad for sheet in found for bad in sheet.bad), *merged.bad)[:MOST])


def against(sheet: Sheet, known: Mapping[str, str]) -> tuple[Sheet, tuple[Entry, ...]]:
    """Without those whom the roster has already; and those who were removed from it, whom a list lets in again.

    `known`: what `keys` gives of the roster's people → their state.
    """
    new: list[Entry] = []
    again: list[Entry] = []
    bad = list(sheet.bad)
    for entry in sheet.entries:
        state = next((known[key] for key in keys(entry) if key in known), None)
        if state is None:
            new.append(entry)
        elif state == "out":
            again.append(entry)
        else:
            bad.append(Bad(entry.line, entry.name, "On the roster already."))
    return Sheet(tuple(new), tuple(sorted(bad, key=lambda one: one.line))), tuple(again)


def lines(entries: Iterable[Entry]) -> str:
    """The same people as a table that `read` reads again: what a preview sends on."""
    rows = ["name\temail\tusername"]
    rows += ["\t".join(_quoted(cell) for cell in (e.name, e.email, e.access_id)) for e in entries]
    return "\n".join(rows)


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'
