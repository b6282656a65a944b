"""How every allocation stands, worked out afresh into one table: a fixed number of queries for any number of them."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, Q

from allocations import hooks
from allocations.hooks import Pulse
from allocations.ledger import Balance, balances
from allocations.models import Allocation, Grant, Membership
from allocations.reports.health import NAMES, Figures, fullest, troubles
from allocations.reports.models import AllocationHealth
from allocations.reports.spending import spent
from portal.accounts.models import CloudCredential
from portal.cloud.config import clouds
from portal.core import bulk

_ZERO = Decimal(0)
_THOUSANDTH = Decimal("0.001")
# What is awarded is spent by running machines; storage is held, and full when all of it is given away.
_SPENT = (Grant.Resource.CPU, Grant.Resource.GPU, Grant.Resource.LARGE_MEMORY)
_WEEK = timedelta(days=7)
# What is younger is left as it is: 1,500 allocations take a worker some seconds.
FRESH = timedelta(seconds=110)
# At once: what one statement may name.
_CHUNK = 500
# More than all of an award, many times over: more digits than a column has, nobody needs.
_MOST_PERCENT = Decimal(10**9)
_COLUMNS = ("id", "cloud", "project_id", "quota", "read_error_id", "read_error_since", "created_at")


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is known of all allocations, each part from one query or two."""

    pulses: Mapping[int, Pulse]
    burns: Mapping[int, Mapping[str, Decimal]]
    weeks: Mapping[int, Decimal]
    members: Mapping[int, int]
    connected: Mapping[tuple[str, str], int]
    ran_at: Mapping[int, datetime]


def refresh(now: datetime) -> int:
    """Work out the health of those not looked at for a while. How many they were."""
    recent = AllocationHealth.objects.filter(at__gt=now - FRESH).values("allocation_id")
    rows = list(Allocation.objects.exclude(pk__in=recent).order_by("pk").values(*_COLUMNS))
    if not rows:
        return 0
    pulses, ran_at = hooks.pulses(), _ran_at()
    for start in range(0, len(rows), _CHUNK):
        _refresh_some(rows[start : start + _CHUNK], pulses, ran_at, now)
    return len(rows)


def _refresh_some(
    rows: list[dict[str, Any]], pulses: Mapping[int, Pulse], ran_at: Mapping[int, datetime], now: datetime
) -> None:
    ids = [row["id"] for row in rows]
    known = Gathered(
        pulses=pulses,
        burns=hooks.burn(ids),
        weeks=_weeks(ids, now),
        members=_members(ids),
        connected=_connected({row["project_id"] for row in rows}, now),
        ran_at=ran_at,
    )
    held = balances(ids, now.date())
    found = [_health(row, held.get(row["id"], {}), known, now) for row in rows]
    names = [field.name for field in AllocationHealth._meta.concrete_fields if not field.primary_key]
    with transaction.atomic():
        bulk.insert([row for row in found if row.pk not in ran_at])
        bulk.update([row for row in found if row.pk in ran_at], names)


def _health(
    row: Mapping[str, Any], held: Mapping[str, Balance], known: Gathered, now: datetime
) -> AllocationHealth:
    pk: int = row["id"]
    pulse = known.pulses.get(pk, Pulse())
    awarded = [balance for name, balance in held.items() if balance.awarded > 0 and name in _SPENT]
    worst = max(awarded, key=lambda one: one.used / one.awarded, default=None)
    ran_at = now if pulse.running else known.ran_at.get(pk) or pulse.changed_at or row["created_at"]
    quota_percent, quota_name = fullest(row["quota"])
    figures = Figures(
        worst=worst.used * 100 / worst.awarded if worst else None,
        remaining=sum((balance.remaining for balance in awarded), _ZERO),
        ends_on=max((balance.ends_on for balance in held.values()), default=None),
        machines=pulse.machines,
        running=pulse.running,
        errors=pulse.errors,
        ran_at=ran_at,
        unread_since=_earlier(pulse.unread_since, _unread(row)),
        connected=known.connected.get((row["cloud"], row["project_id"]), 0),
        quota_percent=quota_percent,
    )
    wrong = troubles(figures, now, clouds().oversight)
    made = _row(pk, figures, worst, now)
    made.burn = _short(sum(known.burns.get(pk, {}).values(), _ZERO))
    made.week = _short(known.weeks.get(pk, _ZERO))
    made.members = known.members.get(pk, 0)
    made.error_id = pulse.error_id or row["read_error_id"]
    made.quota_name = quota_name
    made.troubles = len(wrong)
    for name in NAMES:
        setattr(made, name, name in wrong)
    return made


def _row(pk: int, figures: Figures, worst: Balance | None, now: datetime) -> AllocationHealth:
    return AllocationHealth(
        allocation_id=pk,
        resource=worst.resource if worst else "",
        awarded=_short(worst.awarded) if worst else _ZERO,
        used=_short(worst.used) if worst else _ZERO,
        used_percent=min(_MOST_PERCENT, max(-_MOST_PERCENT, figures.worst or _ZERO)).quantize(Decimal("0.1")),
        remaining=_short(figures.remaining),
        ends_on=figures.ends_on,
        connected=figures.connected,
        machines=figures.machines,
        running=figures.running,
        errors=figures.errors,
        ran_at=figures.ran_at,
        unread_since=figures.unread_since,
        quota_percent=figures.quota_percent,
        at=now,
    )


def _short(su: Decimal) -> Decimal:
    return su.quantize(_THOUSANDTH)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((moment for moment in (one, other) if moment), default=None)


def _unread(row: Mapping[str, Any]) -> datetime | None:
    """Since when quota and accounting are not read; that nobody is connected is a trouble of its own."""
    since: datetime | None = row["read_error_since"]
    return None if row["read_error_id"] == "allocations:nobody-connected" else since


def _ran_at() -> dict[int, datetime]:
    """When each was last seen running: kept from one time to the next."""
    return dict(AllocationHealth.objects.values_list("allocation_id", "ran_at"))


def _weeks(ids: list[int], now: datetime) -> dict[int, Decimal]:
    """SUs since this time a week ago, whole days."""
    start = (now - _WEEK).replace(hour=0, minute=0, second=0, microsecond=0)
    found: dict[int, Decimal] = defaultdict(Decimal)
    for keys, su in spent(ids, start=start, end=now, by=("allocation",)):
        found[int(keys[0])] += su
    return found


def _members(ids: list[int]) -> dict[int, int]:
    live = Membership.objects.filter(allocation__in=ids, ended_at=None)
    return dict(live.order_by().values_list("allocation_id").annotate(number=Count("pk")))


def _connected(projects: set[str], now: datetime) -> dict[tuple[str, str], int]:
    """How many people's credentials can read each project."""
    lasting = Q(expires_at=None) | Q(expires_at__gt=now)
    usable = CloudCredential.objects.filter(
        lasting, project_id__in=projects, revoked_at=None, refused_at=None
    )
    counted = (
        usable.order_by().values_list("cloud", "project_id").annotate(number=Count("user", distinct=True))
    )
    return {(cloud, project): number for cloud, project, number in counted}
