"""How each resource of an allocation stands now: what all the parts of its page begin with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from django.utils import timezone

from allocations import hooks
from allocations.hooks import Spender
from allocations.ledger import Balance, balances_of_periods, current
from allocations.models import Allocation, Grant
from allocations.overview.outlook import Spending, saved_by, soonest

_ZERO = Decimal(0)
_LABELS = {str(value): str(label) for value, label in Grant.Resource.choices}
# Disks are granted by the gigabyte: they do not burn.
_STILL = frozenset({Grant.Resource.STORAGE.value})
_WARN, _BAD = 80, 95


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """`tone`: warn, bad or nothing. `share`: of the award that is used, 0 to 100; `percent` may be more."""

    key: str
    label: str
    balance: Balance
    spending: Spending
    burns: bool

    @property
    def percent(self) -> int:
        awarded = self.balance.awarded
        return int(self.balance.used * 100 / awarded) if awarded > 0 else 100

    @property
    def percent_left(self) -> int:
        return 100 - self.percent

    @property
    def share(self) -> int:
        return max(0, min(100, self.percent))

    @property
    def tone(self) -> str:
        # Of what does not burn all may be in use: that is what it is for.
        if not self.burns or self.spending.state in ("not-started", "ended"):
            return ""
        if self.percent >= _BAD:
            return "bad"
        runs_out = self.spending.as_is.runs_out_at is not None
        return "warn" if self.percent >= _WARN or runs_out else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`project`: the same project's allocations in all regions, which draw on one grant, this one among them."""

    allocation: Allocation
    project: Sequence[int]
    spenders: Sequence[Spender]
    periods: Sequence[Balance]
    resources: Sequence[Resource]
    now: datetime

    @property
    def burning(self) -> Sequence[Resource]:
        return [found for found in self.resources if found.burns]

    def resource(self, key: str) -> Resource | None:
        """That one, if it is there; else the one that runs out first. None where nothing is awarded."""
        known = {found.key: found for found in self.resources}
        if key in known:
            return known[key]
        burning = self.burning
        return burning[soonest([found.spending for found in burning])] if burning else None

    @property
    def burn(self) -> Decimal:
        """SUs per hour in all regions, also of what no grant covers."""
        return sum((spender.per_hour for spender in self.spenders), _ZERO)


def standing(
    allocation: Allocation, *, chosen: frozenset[str] = frozenset(), at: datetime | None = None
) -> Standing:
    """`chosen`: machines that one thinks of shelving. A fixed number of queries."""
    now = at or timezone.now()
    project = _project(allocation)
    spenders = hooks.spenders(*project)
    periods = balances_of_periods([allocation.pk], now).get(allocation.pk, [])
    held = current(periods, now.astimezone(UTC).date())
    return Standing(
        allocation=allocation,
        project=project,
        spenders=spenders,
        periods=periods,
        resources=[_resource(key, held[key], spenders, chosen, now) for key in _LABELS if key in held],
        now=now,
    )


def label_of(resource: str) -> str:
    return _LABELS.get(resource, resource)


def labels() -> Mapping[str, str]:
    return _LABELS


def _project(allocation: Allocation) -> list[int]:
    same = Allocation.objects.filter(cloud=allocation.cloud, project_id=allocation.project_id)
    return sorted(same.order_by().values_list("pk", flat=True))


def _resource(
    key: str, balance: Balance, spenders: Sequence[Spender], chosen: frozenset[str], now: datetime
) -> Resource:
    mine = [spender for spender in spenders if spender.resource == key]
    spending = Spending(
        label=label_of(key),
        remaining=balance.remaining,
        burn=sum((spender.per_hour for spender in mine), _ZERO),
        saved=saved_by(mine, chosen),
        chosen=sum(spender.instance_id in chosen and spender.shelvable for spender in mine),
        starts_on=balance.starts_on,
        ends_on=balance.ends_on,
        now=now,
    )
    burns = key not in _STILL
    return Resource(
        key=key,
        label=label_of(key),
        balance=balance,
        spending=spending if burns else replace(spending, burn=_ZERO, saved=_ZERO, chosen=0),
        burns=burns,
    )
