"""What is the matter with an allocation, for operators. Pure: figures in, names of troubles out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from portal.cloud.schema_oversight import Oversight


@dataclass(frozen=True, slots=True)
class Kind:
    """`tone`: how loud. `means`: what it says, with the operator's numbers in it."""

    name: str
    label: str
    tone: str
    means: str


KINDS = (
    Kind("over", "Over-spent", "bad", "more SUs of a resource are used than were awarded"),
    Kind("ended", "Ended", "bad", "the period is over, and machines are still there"),
    Kind("ending", "Ending", "warn", "the period ends within {ending_days} days"),
    Kind(
        "erroring",
        "Erroring",
        "bad",
        "not read for {unread_minutes:g} minutes, or {error_machines} or more machines in an error",
    ),
    Kind("unconnected", "Nobody connected", "warn", "no member's connection lets the portal read it"),
    Kind("quota", "Quota", "warn", "more than {quota_percent} % of a quota is used"),
    Kind("idle", "Idle", "off", "nothing ran for {idle_days} days, and SUs are left"),
)
NAMES = tuple(kind.name for kind in KINDS)


@dataclass(frozen=True, slots=True)
class Figures:
    """`worst`: used of awarded, in percent, of the resource that is nearest to its end; None: nothing awarded."""

    worst: Decimal | None
    remaining: Decimal
    ends_on: date | None
    machines: int
    running: int
    errors: int
    ran_at: datetime
    unread_since: datetime | None
    connected: int
    quota_percent: int


def troubles(figures: Figures, now: datetime, limits: Oversight) -> set[str]:
    """The names of what is the matter. Empty: well."""
    left = (figures.ends_on - now.date()).days if figures.ends_on else None
    silent = figures.unread_since is not None and figures.unread_since <= now - limits.unread
    quiet = figures.running == 0 and figures.ran_at <= now - timedelta(days=limits.idle_days)
    found = {
        "over": figures.worst is not None and figures.worst > 100,
        "ended": left is not None and left < 0 and figures.machines > 0,
        "ending": left is not None and 0 <= left <= limits.ending_days,
        "erroring": silent or figures.errors >= limits.error_machines,
        "unconnected": figures.connected == 0,
        "quota": figures.quota_percent > limits.quota_percent,
        "idle": quiet and figures.remaining > 0 and left is not None and left >= 0,
    }
    return {name for name, so in found.items() if so}


def fullest(quota: Mapping[str, Any]) -> tuple[int, str]:
    """How full the fullest quota is, in percent, and which it is. Unlimited ones and those not told are never full."""
    shares = [
        (int(found["used"]) * 100 // int(found["limit"]), name)
        for name, found in quota.items()
        if isinstance(found, Mapping) and found.get("limit") and found.get("used") is not None
    ]
    return max(shares, default=(0, ""))


def means(kind: Kind, limits: Oversight) -> str:
    return kind.means.format(**limits.model_dump())
