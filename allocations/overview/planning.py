"""What a plan costs: machines × hours × weeks → SUs per resource, quota, and which grant that takes. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from allocations.hooks import Size
from allocations.rates import charges, resource_of, su_per_hour
from portal.cloud.schema import PortalCloud
from portal.cloud.schema_planning import Planning, Tier

_ZERO = Decimal(0)
HOURS_A_WEEK = Decimal(168)
STORAGE = "storage"


@dataclass(frozen=True, slots=True)
class Line:
    """So many machines of one size, on so many times a week for so many hours, for so many weeks."""

    size: Size
    count: int
    times: Decimal
    hours: Decimal
    weeks: int

    @property
    def hours_a_week(self) -> Decimal:
        return min(HOURS_A_WEEK, self.times * self.hours)


@dataclass(frozen=True, slots=True)
class Cost:
    """`su` None: no rate is known. `left_on`: were the machines never shelved. `changes`: the rate does, on the way."""

    line: Line
    resource: str | None
    per_hour: Decimal | None
    su: Decimal | None
    left_on: Decimal | None
    changes: bool


@dataclass(frozen=True, slots=True)
class Need:
    """SUs of one resource. `remaining` None: no allocation to compare with, or it has none of this."""

    resource: str
    su: Decimal
    with_spare: Decimal
    credits: Decimal | None
    remaining: Decimal | None

    @property
    def after(self) -> Decimal | None:
        return None if self.remaining is None else self.remaining - self.with_spare


@dataclass(frozen=True, slots=True)
class QuotaNeed:
    """`limit` None: unlimited; `known` False: there is nothing to compare with."""

    resource: str
    needed: int
    used: int = 0
    limit: int | None = None
    known: bool = False

    @property
    def lacking(self) -> int:
        free = None if not self.known or self.limit is None else self.limit - self.used
        return 0 if free is None else max(0, self.needed - free)


@dataclass(frozen=True, slots=True)
class TierFit:
    """`fits` None: this tier is not given in credits. `at_first`: what of it comes at once."""

    tier: Tier
    fits: bool | None
    at_first: Decimal | None
    enough_at_first: bool
    smallest: bool


@dataclass(frozen=True, slots=True)
class Plan:
    costs: Sequence[Cost]
    needs: Sequence[Need]
    quota: Sequence[QuotaNeed]
    tiers: Sequence[TierFit]
    credits: Decimal | None
    unpriced: Sequence[str] = field(default=())

    @property
    def su(self) -> Decimal:
        return sum((need.with_spare for need in self.needs), _ZERO)

    @property
    def left_on(self) -> Decimal:
        return sum((cost.left_on for cost in self.costs if cost.left_on is not None), _ZERO)


def plan(
    lines: Sequence[Line],
    *,
    begins: date,
    spare_percent: int,
    storage_gb: int,
    rates: PortalCloud,
    remaining: Mapping[str, Decimal] | None = None,
    quota: Mapping[str, Mapping[str, int | None]] | None = None,
) -> Plan:
    """`remaining` and `quota` are those of the allocation that it would be spent from."""
    costs = [cost(line, begins, rates) for line in lines]
    needs = _needs(costs, storage_gb, spare_percent, rates.planning, remaining or {})
    credits = _credits(needs)
    return Plan(
        costs=costs,
        needs=needs,
        quota=quota_needs(lines, storage_gb, quota or {}),
        tiers=_tiers(rates.planning, credits),
        credits=credits,
        unpriced=sorted({cost.line.size.name for cost in costs if cost.su is None}),
    )


def cost(line: Line, begins: date, rates: PortalCloud) -> Cost:
    """The hours are spread evenly over the weeks, so that each rate holds for its part of them."""
    start = datetime.combine(begins, time(), UTC)
    name, vcpus = line.size.name, line.size.vcpus
    found = charges(name, vcpus, "ACTIVE", start, start + timedelta(weeks=line.weeks), rates)
    resource, hourly = resource_of(name, start, rates), su_per_hour(name, vcpus, "ACTIVE", start, rates)
    if not found or hourly is None or resource is None:
        return Cost(line, resource, None, None, None, changes=False)
    left_on = sum((charge.su for charge in found), _ZERO) * line.count
    return Cost(
        line,
        resource,
        hourly * line.count,
        left_on * line.hours_a_week / HOURS_A_WEEK,
        left_on,
        changes=len({rates.rate(name, charge.starts_at.date()) for charge in found}) > 1,
    )


def quota_needs(
    lines: Sequence[Line], storage_gb: int, quota: Mapping[str, Mapping[str, int | None]]
) -> list[QuotaNeed]:
    """What all lines need together while all of their machines are on."""
    needed = {
        "instances": sum(line.count for line in lines),
        "cores": sum(line.count * line.size.vcpus for line in lines),
        "ram_mb": sum(line.count * line.size.ram_mb for line in lines),
        "volume_gb": storage_gb,
    }
    return [_quota_need(name, number, quota.get(name)) for name, number in needed.items() if number]


def _quota_need(name: str, needed: int, found: Mapping[str, int | None] | None) -> QuotaNeed:
    if found is None:
        return QuotaNeed(name, needed)
    return QuotaNeed(name, needed, found.get("used") or 0, found.get("limit"), known=True)


def _needs(
    costs: Sequence[Cost], storage_gb: int, spare: int, planning: Planning, remaining: Mapping[str, Decimal]
) -> list[Need]:
    total: dict[str, Decimal] = {}
    for found in costs:
        if found.su is not None and found.resource is not None:
            total[found.resource] = total.get(found.resource, _ZERO) + found.su
    needs = [(name, su, su * (100 + spare) / 100) for name, su in total.items()]
    if storage_gb and planning.storage_per_gb is not None:
        # A disk that is kept is as large as it is: nothing is added to it.
        needs.append((STORAGE, storage_gb * planning.storage_per_gb, storage_gb * planning.storage_per_gb))
    return [_need(name, su, more, planning, remaining) for name, su, more in needs]


def _need(
    name: str, su: Decimal, with_spare: Decimal, planning: Planning, remaining: Mapping[str, Decimal]
) -> Need:
    rate = {str(kind): price for kind, price in planning.exchange.items()}.get(name)
    credits = None if rate is None else with_spare * rate
    return Need(name, su, with_spare, credits, remaining.get(name))


def _credits(needs: Sequence[Need]) -> Decimal | None:
    """None where one of them has no price in credits: a sum without it would mislead."""
    known = [need.credits for need in needs if need.credits is not None]
    return sum(known, _ZERO) if known and len(known) == len(needs) else None


def _tiers(planning: Planning, credits: Decimal | None) -> list[TierFit]:
    if credits is None:
        return []
    found: list[TierFit] = []
    for tier in planning.tiers:
        fits = None if tier.credits is None else credits <= tier.credits
        at_first = None if tier.credits is None else tier.credits * tier.at_first
        first = bool(fits) and not any(one.smallest for one in found)
        found.append(TierFit(tier, fits, at_first, at_first is not None and credits <= at_first, first))
    return found
