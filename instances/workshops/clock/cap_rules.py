"""How a workshop stands to the SUs that it may spend. Pure.

Nothing in here cuts anything: a meeting that runs is never ended by its cap, and the next one only waits for a word.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

State = Literal["ok", "near", "reached"]
NEAR = Decimal("0.8")
_MICROSECONDS_AN_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """`forecast`: spent by `until`, as everything runs now. `reached_at`: when the cap is reached at this pace."""

    state: State
    cap: Decimal | None
    spent: Decimal
    hourly: Decimal
    until: datetime | None = None
    forecast: Decimal | None = None
    reached_at: datetime | None = None
    # The word was given that it may go on, until then.
    beyond_until: datetime | None = None

    @property
    def left(self) -> Decimal | None:
        return None if self.cap is None else self.cap - self.spent

    @property
    def percent(self) -> int | None:
        if self.cap is None:
            return None
        return int(self.spent * 100 / self.cap) if self.cap else 100

    @property
    def over_by_then(self) -> bool:
        """The cap is not reached yet, and will be before the meeting's seats close."""
        return self.state != "reached" and self.reached_at is not None


def verdict_of(
    cap: Decimal | None,
    spent: Decimal,
    hourly: Decimal,
    now: datetime,
    *,
    until: datetime | None,
    beyond_until: datetime | None = None,
) -> Verdict:
    """`until`: when the seats that are on now are put away; None: nothing is on."""
    ahead = until if until is not None and until > now else None
    forecast = spent + hourly * _hours(ahead - now) if ahead else None
    if cap is None:
        return Verdict("ok", None, spent, hourly, ahead, forecast)
    beyond = beyond_until if beyond_until is not None and beyond_until > now else None
    reached_at = None
    if spent < cap and forecast is not None and forecast > cap:
        reached_at = now + timedelta(hours=float((cap - spent) / hourly))
    state: State = "ok"
    if spent >= cap:
        state = "reached"
    elif spent >= cap * NEAR or reached_at is not None:
        state = "near"
    return Verdict(state, cap, spent, hourly, ahead, forecast, reached_at, beyond)


def blocks_next(verdict: Verdict, starts_at: datetime | None, *, anything_on: bool) -> bool:
    """Whether a meeting that has not begun waits for somebody's word before its seats are built or brought back.

    What is on already was begun under the cap, and goes on.
    """
    if verdict.state != "reached" or anything_on or starts_at is None:
        return False
    return verdict.beyond_until is None or verdict.beyond_until <= starts_at


def _hours(span: timedelta) -> Decimal:
    return Decimal(span // timedelta(microseconds=1)) / _MICROSECONDS_AN_HOUR
