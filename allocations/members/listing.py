"""The list of members: search, filters, order and pages of rows that are there already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

from allocations.members import rules
from allocations.members.rows import STATES, ZERO, Row
from allocations.roles import rank
from portal.core.listed import Address

PAGE_SIZE = 50
LONGEST = 200
SORTS = ("name", "role", "state", "active", "machines", "week", "month", "period")
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query(Address):
    """What the address of the list says. Unknown values fall back: people keep and share addresses."""

    USUAL: ClassVar[Mapping[str, str]] = {"sort": "role"}
    q: str = ""
    role: str = ""
    state: str = ""
    sort: str = "role"
    page: str = ""

    @classmethod
    def read(cls, params: Mapping[str, Any]) -> Self:
        given = {name: _plain(str(params.get(name, "")))[:LONGEST] for name in cls.names()}
        if given["role"] not in rules.ORDER:
            given["role"] = ""
        if given["state"] not in STATES:
            given["state"] = ""
        if given["sort"].removeprefix("-") not in SORTS:
            given["sort"] = "role"
        return cls(**given)

    @property
    def filtered(self) -> bool:
        return bool(self.q or self.role or self.state)

    @property
    def number(self) -> int:
        known = self.page.isascii() and self.page.isdigit() and len(self.page) < 6
        return max(1, int(self.page)) if known else 1

    def sorted_by(self, order: str) -> str:
        """Figures begin with the largest; the second click turns the order round."""
        first = order if order in ("name", "role", "state") else f"-{order}"
        turned = first.removeprefix("-") if first.startswith("-") else f"-{first}"
        return self.address(sort=turned if self.sort == first else first, page="")


@dataclass(frozen=True, slots=True)
class Listed:
    """`rows`: one page of what matches; `matched`, `total`: how many in all. `counts`: by state."""

    rows: Sequence[Row]
    matched: int
    total: int
    counts: Mapping[str, int]
    period_starts: datetime | None
    number: int
    pages: int


def listed(rows: Sequence[Row], starts: datetime | None, query: Query) -> Listed:
    counts = {state: sum(1 for row in rows if row.state == state) for state in STATES}
    found = [row for row in rows if _matches(row, query)]
    found.sort(key=_order(query.sort.removeprefix("-")), reverse=query.sort.startswith("-"))
    pages = max(1, -(-len(found) // PAGE_SIZE))
    number = min(query.number, pages)
    shown = found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    return Listed(shown, len(found), len(rows) - counts["removed"], counts, starts, number, pages)


def _matches(row: Row, query: Query) -> bool:
    if query.role and row.role != query.role:
        return False
    if query.state and row.state != query.state:
        return False
    text = f"{row.name} {row.person.username} {row.person.organization}".casefold()
    return all(word in text for word in query.q.casefold().split()[:8])


def _order(by: str) -> Any:
    """Who is equal is in the order of names."""
    values: dict[str, Any] = {
        "name": lambda row: "",
        "role": lambda row: rank(row.role),
        "state": lambda row: list(STATES).index(row.state),
        "active": lambda row: row.last_active or _NEVER,
        "machines": lambda row: row.machines,
        "week": lambda row: row.spent.week if row.spent else ZERO,
        "month": lambda row: row.spent.month if row.spent else ZERO,
        "period": lambda row: row.spent.period if row.spent else ZERO,
    }
    return lambda row: (values[by](row), row.name.casefold())


def _plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()
