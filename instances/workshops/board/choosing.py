"""Which seats a form or a call of the API means: named one by one (`12`, `s1`), or by a word (`broken`)."""

from collections.abc import Sequence
from dataclasses import dataclass

from instances.workshops.board.facts import Placed, Room
from instances.workshops.board.tiles import STATES, belongs
from portal.core.errors import PortalError

# What people pick by a word, besides ticking.
WORDS = {
    "all": "all seats",
    "broken": "all that are broken",
    "idle": "all that are idle",
    "not-joined": "all not joined yet",
    "help": "all who need help",
    "away": "all that are put away",
    "spares": "all spares",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """`which` is one of WORDS or a state, and then `keys` do not count."""

    keys: tuple[str, ...] = ()
    which: str = ""

    @classmethod
    def read(cls, keys: Sequence[str], which: str) -> "Asked":
        return cls(tuple(dict.fromkeys(key[:8] for key in keys[:2000])), which[:20])


def chosen(room: Room, asked: Asked) -> list[Placed]:
    """In the board's order. `workshops:nobody-chosen` where that is none."""
    if asked.which:
        known = asked.which in WORDS or asked.which in STATES
        found = [one for one in room.placed if known and belongs(one.facts, asked.which, room.now)]
    else:
        wanted = set(asked.keys)
        found = [one for one in room.placed if one.key in wanted]
    if not found:
        raise PortalError("workshops:nobody-chosen")
    return found
