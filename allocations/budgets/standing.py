"""How a budget stands, and what it says to more spending. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

_HUNDRED = Decimal(100)
_LONGEST = Decimal(24 * 365 * 50)
# Why not: it is all spent; a share is reached at which new machines are blocked; it would not last an hour.
Answer = Literal["", "spent", "blocked", "hour"]
STOPPING = frozenset({"block", "shelve"})


@dataclass(frozen=True, slots=True)
class Standing:
    """`burning`: SUs per hour of all that counts against it, with what is asked for or being made as if it ran."""

    su: Decimal
    spent: Decimal
    burning: Decimal
    hard: bool
    steps: Mapping[int, str]

    @property
    def left(self) -> Decimal:
        return max(Decimal(0), self.su - self.spent)

    @property
    def percent(self) -> int:
        """Whole per cent, rounded down: 100 means that it is spent. A budget of nothing is spent."""
        return int(self.spent * _HUNDRED / self.su) if self.su > 0 else 100

    @property
    def blocked_at(self) -> int | None:
        """The share, already reached, at which new machines are blocked."""
        reached = [share for share, step in self.steps.items() if step in STOPPING and share <= self.percent]
        return min(reached, default=None)

    def answer(self, more_per_hour: Decimal) -> Answer:
        """What it says to so many more SUs per hour."""
        if self.hard and self.spent >= self.su:
            return "spent"
        if self.blocked_at is not None:
            return "blocked"
        if self.hard and self.left < self.burning + more_per_hour:
            return "hour"
        return ""

    def lasts_until(self, now: datetime, more_per_hour: Decimal = Decimal(0)) -> datetime | None:
        """When it is used up if so much more is spent; None: never, or out of sight."""
        pace = self.burning + more_per_hour
        if pace <= 0:
            return None
        hours = self.left / pace
        return now + timedelta(hours=float(hours)) if hours <= _LONGEST else None


def tone(percent: int, hard: bool) -> str:
    if percent >= 100:
        return "bad" if hard else "warn"
    return "warn" if percent >= 80 else ""


def reached(percent: int, steps: Mapping[int, str]) -> list[int]:
    """The shares that are reached and at which something happens, lowest first."""
    return sorted(share for share, step in steps.items() if step and share <= percent)
