"""Who spends now: machines, dearest first, and the people behind them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from allocations.hooks import Spender

_ZERO = Decimal(0)
# More machines than anybody ticks; the list of machines has them all.
MOST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Machine:
    spender: Spender
    ticked: bool

    @property
    def saves(self) -> Decimal:
        return self.spender.per_hour - self.spender.per_hour_shelved


@dataclass(frozen=True, slots=True)
class Person:
    """`name` empty: those whom the viewer may not tell apart."""

    name: str
    machines: int
    per_hour: Decimal
    share: int
    viewer: bool = False


def machines(spenders: Sequence[Spender], resource: str, chosen: frozenset[str]) -> list[Machine]:
    """Those that cost something now, of one resource; ticked ones stay in sight however many there are."""
    spending = [one for one in spenders if one.resource == resource and one.per_hour > 0]
    picked = [Machine(one, one.instance_id in chosen and one.shelvable) for one in spending]
    return [one for place, one in enumerate(picked) if place < MOST_SHOWN or one.ticked]


def people(spenders: Sequence[Spender], viewer: str, *, all_of_them: bool) -> list[Person]:
    """By what they spend per hour. `all_of_them` False: the viewer, and the others together."""
    total = sum((one.per_hour for one in spenders), _ZERO)
    found: dict[str, list[Spender]] = {}
    for one in spenders:
        if one.per_hour > 0:
            known = all_of_them or one.owner_key == viewer
            found.setdefault(one.owner_key if known else "", []).append(one)
    rows = [_person(key, mine, total, viewer) for key, mine in found.items()]
    return sorted(rows, key=lambda row: (not row.name, -row.per_hour, row.name))


def _person(key: str, mine: Sequence[Spender], total: Decimal, viewer: str) -> Person:
    spent = sum((one.per_hour for one in mine), _ZERO)
    share = int(spent * 100 / total) if total else 0
    name = (mine[0].owner or "somebody whom the cloud does not name") if key else ""
    return Person(name, len(mine), spent, share, viewer=key == viewer)
