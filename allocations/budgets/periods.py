"""The stretches of time that budgets count: days, weeks from Monday, months, whole grants; all in UTC. Pure.

UTC, because days of the ledger, of rates and of the provider's accounting are; nothing is counted twice or left out when
clocks change.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta


@dataclass(frozen=True, slots=True)
class Span:
    """Days on which something holds, both included; None: open."""

    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """`end` None: not in sight. `key` names it among the periods of one budget."""

    key: str
    start: datetime
    end: datetime | None

    @property
    def last_day(self) -> date | None:
        return None if self.end is None else (self.end - timedelta(microseconds=1)).date()


def period_at(kind: str, now: datetime, *, grant: Span, valid: Span, since: datetime) -> Period | None:
    """The period of that kind around `now`, cut to the days on which the budget holds; None outside of these.

    `since`: where a whole grant begins whose first day is not known.
    """
    today = now.astimezone(UTC).date()
    if (valid.first and today < valid.first) or (valid.last and today > valid.last):
        return None
    key, start, end = _whole(kind, today, grant, since)
    if valid.first:
        start = max(start, _midnight(valid.first))
    if valid.last:
        after = _midnight(valid.last + timedelta(days=1))
        end = after if end is None else min(end, after)
    return Period(key, start, end)


def _whole(kind: str, today: date, grant: Span, since: datetime) -> tuple[str, datetime, datetime | None]:
    match kind:
        case "day":
            first, after = today, today + timedelta(days=1)
        case "week":
            first = today - timedelta(days=today.weekday())
            after = first + timedelta(days=7)
        case "month":
            first = today.replace(day=1)
            after = (first + timedelta(days=31)).replace(day=1)
        case _:
            return _grant(grant, since)
    return f"{kind}:{first}", _midnight(first), _midnight(after)


def _grant(grant: Span, since: datetime) -> tuple[str, datetime, datetime | None]:
    start = _midnight(grant.first) if grant.first else since
    end = _midnight(grant.last + timedelta(days=1)) if grant.last else None
    return f"grant:{grant.first or 'open'}", start, end


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
