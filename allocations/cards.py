"""What a card on the home page shows of an allocation. A fixed number of queries, whatever their number."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from allocations import hooks
from allocations.forecast import Forecast, days_left, forecast
from allocations.ledger import Balance, balances
from allocations.models import Allocation, Grant, Membership
from allocations.roles import Need, allows
from portal.cloud.config import CloudConfig, clouds

_ZERO = Decimal(0)
# From here on a meter asks for attention, and from there on for action.
_WARN, _BAD = 80, 95
_SOON_DAYS, _LAST_DAYS = 30, 7
_ROLES = {value: str(label) for value, label in Membership.Role.choices}
_QUOTAS = (("instances", "Instances"), ("cores", "Cores"), ("ram_mb", "RAM"), ("volumes", "Volumes"))


@dataclass(frozen=True, slots=True)
class ResourceLine:
    """SUs of one resource: what is spent (in all regions of the project), and where spending leads."""

    label: str
    balance: Balance
    burn: Decimal
    forecast: Forecast
    tone: str


@dataclass(frozen=True, slots=True)
class QuotaLine:
    """`limit` None: unlimited. `used` and `limit` are in the unit shown."""

    label: str
    used: int
    limit: int | None
    unit: str
    share: int
    tone: str


@dataclass(frozen=True, slots=True)
class Card:
    allocation: Allocation
    role: str
    may_launch: bool
    cloud_title: str
    region_title: str
    resources: Sequence[ResourceLine]
    quotas: Sequence[QuotaLine]
    burn: Decimal
    ends_on: date | None
    days_left: int | None
    tone: str


def cards(allocations: Sequence[Allocation]) -> list[Card]:
    now = timezone.now()
    ids = [allocation.pk for allocation in allocations]
    held, burning = balances(ids, now.date()), hooks.burn(ids)
    of_project = _by_project(allocations, burning)
    return [
        _card(
            allocation,
            held.get(allocation.pk, {}),
            sum(burning.get(allocation.pk, {}).values(), _ZERO),
            of_project[allocation.cloud, allocation.project_id],
            now,
        )
        for allocation in allocations
    ]


def _by_project(
    allocations: Sequence[Allocation], burning: Mapping[int, Mapping[str, Decimal]]
) -> dict[tuple[str, str], dict[str, Decimal]]:
    """What is spent per resource in all regions of a project: they draw on one grant."""
    total: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for allocation in allocations:
        mine = total[allocation.cloud, allocation.project_id]
        for resource, rate in burning.get(allocation.pk, {}).items():
            mine[resource] += rate
    return total


def _card(
    allocation: Allocation,
    held: Mapping[str, Balance],
    burn: Decimal,
    of_project: Mapping[str, Decimal],
    now: datetime,
) -> Card:
    ends_on = max((balance.ends_on for balance in held.values()), default=None)
    left = days_left(ends_on, now) if ends_on else None
    cloud = _cloud(allocation)
    return Card(
        allocation=allocation,
        role=_ROLES.get(allocation.viewer_role, ""),
        may_launch=allows(allocation.viewer_role, Need.LAUNCH),
        cloud_title=cloud.title if cloud else allocation.cloud,
        region_title=cloud.region_title(allocation.region) if cloud else allocation.region,
        resources=[
            _resource(label, held[name], of_project.get(name, _ZERO), now)
            for name, label in Grant.Resource.choices
            if name in held and name not in {Grant.Resource.STORAGE, Grant.Resource.OTHER}
        ],
        quotas=[line for line in (_quota(allocation.quota, *entry) for entry in _QUOTAS) if line],
        burn=burn,
        ends_on=ends_on,
        days_left=left,
        tone="" if left is None or left > _SOON_DAYS else "bad" if left <= _LAST_DAYS else "warn",
    )


def _resource(label: str, balance: Balance, burn: Decimal, now: datetime) -> ResourceLine:
    found = forecast(balance.remaining, burn, balance.ends_on, now)
    tone = _tone(balance.percent)
    if not tone and found.runs_out_at is not None:
        tone = "warn"
    return ResourceLine(label=str(label), balance=balance, burn=burn, forecast=found, tone=tone)


def _quota(quota: Mapping[str, Any], resource: str, label: str) -> QuotaLine | None:
    """None for what the cloud did not tell."""
    found = quota.get(resource)
    if not found:
        return None
    used, limit = found["used"], found["limit"]
    share = min(100, round(used * 100 / limit)) if limit else 0
    unit = ""
    if resource == "ram_mb":
        used, limit, unit = round(used / 1024), None if limit is None else round(limit / 1024), "GB"
    return QuotaLine(label, used, limit, unit, share, "" if limit is None else _tone(share))


def _tone(percent: int) -> str:
    return "bad" if percent >= _BAD else "warn" if percent >= _WARN else ""


def _cloud(allocation: Allocation) -> CloudConfig | None:
    """None for an allocation of a cloud that the operators have since taken out of the configuration."""
    return clouds().clouds.get(allocation.cloud)
