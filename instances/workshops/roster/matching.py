"""Which line of the roster somebody who signed in is. Pure.

By the id that the identity provider vouches for, or by an e-mail address that it has verified; by no other address, and
never by a name. A link that was mailed to a line's address proves that line to whoever opens it first.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

_WAITS = frozenset({"invited"})


@dataclass(frozen=True, slots=True)
class Line:
    """One learner as the roster has them. `user_id`: who joined as them."""

    id: UUID
    name: str
    email: str
    access_id: str
    state: str
    user_id: int | None


@dataclass(frozen=True, slots=True)
class Comer:
    """Somebody who signed in. `ids`: theirs, with and without what the provider adds; `email`: verified, or empty.

    `proved`: the line to whose address the link was mailed by which they came.
    """

    user_id: int
    name: str
    ids: frozenset[str]
    email: str
    proved: UUID | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """`line`: who they are, None: nobody on the roster. `twins`: further lines of the same person that nobody joined as."""

    line: Line | None = None
    twins: tuple[Line, ...] = ()


def match(lines: Iterable[Line], comer: Comer) -> Match:
    """What they joined as goes before the mailed link, that before the id, that before the address."""
    theirs = [line for line in lines if line.user_id in (None, comer.user_id)]
    own = next((line for line in theirs if line.user_id == comer.user_id), None)
    fitting = [line for line in theirs if line.user_id is None and _fits(line, comer)]
    fitting.sort(key=lambda line: (_strength(line, comer), line.state == "out"))
    found = own or (fitting[0] if fitting else None)
    twins = tuple(line for line in fitting if line is not found and line.state in _WAITS)
    return Match(found, twins)


def _fits(line: Line, comer: Comer) -> bool:
    return line.id == comer.proved or _by_id(line, comer) or _by_mail(line, comer)


def _by_id(line: Line, comer: Comer) -> bool:
    return bool(line.access_id) and line.access_id.casefold() in comer.ids


def _by_mail(line: Line, comer: Comer) -> bool:
    """An address that somebody else's id stands beside is a shared one: it says nothing about who they are."""
    if not comer.email or line.email.casefold() != comer.email.casefold():
        return False
    return not line.access_id or not comer.ids or line.access_id.casefold() in comer.ids


def _strength(line: Line, comer: Comer) -> int:
    if line.id == comer.proved:
        return 0
    return 1 if _by_id(line, comer) else 2


def differs(on_roster: str, signed_in: str) -> bool:
    """Whether the two names have no word in common: worth a look, and no reason to refuse anybody."""
    return bool(_words(on_roster) and _words(signed_in)) and not _words(on_roster) & _words(signed_in)


def _words(name: str) -> set[str]:
    parts = "".join(letter if letter.isalnum() else " " for letter in name.casefold()).split()
    return {part for part in parts if len(part) > 1}
