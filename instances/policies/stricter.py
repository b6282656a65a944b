"""Whether a machine's own rules ask at least as much as its allocation's. Pure."""

from datetime import datetime, timedelta

from instances.policies.rules import AnyRules, IdleRules, LeaseRules, ScheduleRules
from instances.policies.schedule import outside

# Shelving gives the host back, stopping keeps it, suspending keeps the memory too.
_SAVES = {"suspend": 0, "stop": 1, "shelve": 2, "delete": 3}
# A year has each holiday and both changes of the clocks in it.
_LOOKED_AT = timedelta(days=366)


def looser(own: AnyRules, default: AnyRules, now: datetime, default_until: datetime | None = None) -> str:
    """In what `own` asks less than the default, in words; empty: in nothing. `default_until`: of a lease."""
    if isinstance(own, ScheduleRules) and isinstance(default, ScheduleRules):
        return _action(own.action, default.action) or _hours(own, default, now)
    if isinstance(own, IdleRules) and isinstance(default, IdleRules):
        return _action(own.action, default.action) or _idle(own, default)
    until = own.until if isinstance(own, LeaseRules) else None
    if until is not None and default_until is not None and until > default_until:
        return f"it would end later than {default_until:%Y-%m-%d %H:%M} UTC, as the allocation has it"
    return ""


def _action(own: str, default: str) -> str:
    return f"“{own}” saves less than “{default}”" if _SAVES[own] < _SAVES[default] else ""


def _hours(own: ScheduleRules, default: ScheduleRules, now: datetime) -> str:
    """Whenever the default has the machine away, its own hours have to, too."""
    closed = outside(default.hours, now, now + _LOOKED_AT)
    away = outside(own.hours, now, now + _LOOKED_AT)
    place = 0
    for start, end in closed:
        while place < len(away) and away[place][1] < end:
            place += 1
        if place == len(away) or away[place][0] > start:
            return f"it would run on {start:%Y-%m-%d} when the allocation's hours are over"
    return ""


def _idle(own: IdleRules, default: IdleRules) -> str:
    if own.hours > default.hours:
        return f"{own.hours} hours of quiet are more than the allocation's {default.hours}"
    if own.warn_minutes > default.warn_minutes:
        return (
            f"a warning of {own.warn_minutes} minutes is longer than the allocation's {default.warn_minutes}"
        )
    return ""
