"""People as somebody types, pastes or uploads them → who is meant, line by line. Pure; all of it is hostile input.

A plain list has a name per line (or several, with commas). A table has a line of headings, such as
`username;role;resources`, in any order; what else it has is passed over.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portal.core import csv_in
from portal.core.csv_in import Bad as Bad

MOST = 500
LONGEST = 512 * 1024
_NAME = re.compile(r"[\w.@+-]{2,200}", re.ASCII)
_HEADS = {
    "username": "username",
    "access id": "username",
    "access_id": "username",
    "accessid": "username",
    "access username": "username",
    "user": "username",
    "login": "username",
    "id": "username",
    "role": "role",
    "resources": "resources",
    "resource": "resources",
}
_ROLES = {
    "pi": "pi",
    "co-pi": "co_pi",
    "copi": "co_pi",
    "co pi": "co_pi",
    "co_pi": "co_pi",
    "manager": "manager",
    "allocation manager": "manager",
    "allocation_manager": "manager",
    "ta": "ta",
    "teaching assistant": "ta",
    "member": "member",
    "user": "member",
    "student": "member",
    "": "",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A person on line `line`. An empty role, or no resources: as chosen for all."""

    line: int
    username: str
    role: str = ""
    resources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    entries: tuple[Entry, ...]
    bad: tuple[Bad, ...]


def read_bytes(data: bytes) -> Sheet:
    """An uploaded file: UTF-8 with or without its mark, UTF-16 with one, else as Windows writes it."""
    if len(data) > LONGEST:
        return Sheet((), (Bad(0, "", f"The file is larger than {LONGEST // 1024} KiB."),))
    return read(csv_in.decoded(data))


def read(text: str) -> Sheet:
    """Each person once: of several lines about one the first counts, and the others are told of."""
    text = csv_in.tidy(text)
    first = next((line for line in text.splitlines() if line.strip()), "")
    mark = csv_in.separator(first)
    heads = _heads(first, mark)
    found = _table(text, mark, heads) if heads else _list(text)
    return _once(found)


def _heads(line: str, mark: str) -> list[str] | None:
    """What each column holds; None where the first line is no line of headings."""
    names = [_HEADS.get(cell.strip().strip('"').lower(), "") for cell in line.split(mark)]
    return names if "username" in names else None


def _table(text: str, mark: str, heads: Sequence[str]) -> list[Entry | Bad]:
    """Below its headings."""
    _, *rows = csv_in.table(text, mark)
    return [row if isinstance(row, Bad) else _row(*row, heads) for row in rows]


def _row(line: int, cells: Sequence[str], heads: Sequence[str]) -> Entry | Bad:
    given: dict[str, str] = {}
    for head, cell in zip(heads, cells, strict=False):
        if head:
            given.setdefault(head, cell.strip())
    resources = tuple(
        part.strip() for part in re.split(r"[|,+/ ]", given.get("resources", "")) if part.strip()
    )
    return _entry(line, given.get("username", ""), given.get("role", ""), resources)


def _list(text: str) -> list[Entry | Bad]:
    return [
        _entry(number, word, "", ())
        for number, line in enumerate(text.splitlines(), start=1)
        for word in re.split(r"[\s,;]+", line)
        if word
    ]


def _entry(line: int, username: str, role: str, resources: tuple[str, ...]) -> Entry | Bad:
    shown = csv_in.shown(username)
    if not username:
        return Bad(line, "", "There is no username on this line.")
    if not _NAME.fullmatch(username):
        return Bad(line, shown, "This is no username: letters, digits and . @ + - _ only, 2 to 200 of them.")
    if role.lower() not in _ROLES:
        return Bad(line, shown, f"There is no role called “{csv_in.shown(role, 40)}”.")
    return Entry(line, username.lower(), _ROLES[role.lower()], resources)


def _once(found: Iterable[Entry | Bad]) -> Sheet:
    entries: dict[str, Entry] = {}
    bad: list[Bad] = []
    for one in found:
        if isinstance(one, Bad):
            bad.append(one)
        elif one.username in entries:
            bad.append(Bad(one.line, one.username, f"Named on line {entries[one.username].line} already."))
        elif len(entries) >= MOST:
            bad.append(Bad(one.line, one.username, f"At most {MOST} people at once: this one is too many."))
        else:
            entries[one.username] = one
    return Sheet(tuple(entries.values()), tuple(bad[:MOST]))


def lines(entries: Iterable[Entry], role: str, resources: Sequence[str]) -> str:
    """The same people as a table that `read` reads again: what a preview sends on."""
    rows = ["username;role;resources"]
    rows += [f"{e.username};{e.role or role};{'|'.join(e.resources or resources)}" for e in entries]
    return "\n".join(rows)


def together(*found: Sheet) -> Sheet:
    """Several lists as one: each person once, as the first of them says."""
    merged = _once(entry for sheet in found for entry in sheet.entries)
    told = [bad for sheet in found for bad in sheet.bad]
    twice = [bad for bad in merged.bad if "already" not in bad.why]
    return Sheet(merged.entries, (*told, *twice)[:MOST])
