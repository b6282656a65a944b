"""The burn-down of one resource for a page: history, today's burn, where it leads, and who burns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from allocations import usage
from allocations.forecast import Projection, last_moment, project
from allocations.models import LedgerEntry
from allocations.overview import outlook, people
from allocations.overview.burndown import Burndown, Pace, Point, burndown, midnight
from allocations.overview.charts import figure
from allocations.overview.standing import Resource, Standing

TABLE_ROWS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    on: date
    spent: Decimal
    left: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """One resource as the page draws it. `days`: the newest first.

    `if_shelved` is empty where nothing is ticked, `likely` where the days of late say nothing more.
    """

    resource: Resource
    projection: Projection
    as_is: str
    likely: str
    if_shelved: str
    figure: Mapping[str, Any]
    days: Sequence[Day]
    machines: Sequence[people.Machine]
    more_machines: int

    @property
    def ticked(self) -> int:
        return sum(machine.ticked for machine in self.machines)


def forecast_of(standing: Standing, resource: Resource, chosen: frozenset[str], machine: str) -> Forecast:
    """`machine`: the cloud's word for one. A fixed number of queries."""
    spent, first = spent_by_day(standing, resource), metered_from(standing, resource)
    projection = projected(standing, resource, spent, first)
    drawn = figure(_drawn(resource, projection, spent, first, standing.now))
    shown = people.machines(standing.spenders, resource.key, chosen)
    spending = sum(one.resource == resource.key and one.per_hour > 0 for one in standing.spenders)
    return Forecast(
        resource=resource,
        projection=projection,
        as_is=outlook.as_is(resource.spending, machine),
        likely=outlook.likely(resource.spending, projection),
        if_shelved=outlook.if_shelved(resource.spending, machine),
        figure=drawn,
        days=_days(resource.spending.remaining, spent),
        machines=shown,
        more_machines=spending - len(shown),
    )


def spent_by_day(standing: Standing, resource: Resource) -> dict[date, Decimal]:
    """What went in this period so far, in all regions of the project, by UTC day."""
    balance = resource.balance
    end = min(standing.now, last_moment(balance.ends_on))
    start = midnight(balance.starts_on)
    if end <= start:
        return {}
    lines = usage.totals(standing.project, start=start, end=end, by=("day",), resource=resource.key)
    return {date.fromisoformat(line.keys[0]): line.su for line in lines}


def metered_from(standing: Standing, resource: Resource) -> date | None:
    """The first day of the period for which machines explain what was spent, not the provider's figure alone."""
    since = midnight(resource.balance.starts_on)
    mine = LedgerEntry.objects.filter(
        allocation__in=standing.project, resource=resource.key, starts_at__gte=since
    )
    return mine.exclude(instance_id="").order_by("starts_at").values_list("day", flat=True).first()


def projected(
    standing: Standing, resource: Resource, spent: Mapping[date, Decimal], first: date | None
) -> Projection:
    """From whole days that were metered: what the provider's figure alone tells is spread over the days by guess."""
    spending = resource.spending
    history = sorted((day, su) for day, su in spent.items() if first is not None and day >= first)
    return project(history, spending.remaining, spending.burn, spending.ends_on, standing.now)


def _drawn(
    resource: Resource,
    projection: Projection,
    spent: Mapping[date, Decimal],
    first: date | None,
    now: datetime,
) -> Burndown:
    balance, spending = resource.balance, resource.spending
    reported = None
    if balance.used_reported is not None:
        reported = Point(balance.as_of, balance.awarded - balance.used_reported)
    return burndown(
        awarded=balance.awarded,
        left=spending.remaining,
        reported=reported,
        starts_on=balance.starts_on,
        ends_on=balance.ends_on,
        spent=spent,
        metered_from=first,
        pace=Pace(
            now=spending.burn,
            likely=projection.pace_per_hour,
            slow=projection.slow_per_hour,
            fast=projection.fast_per_hour,
        ),
        now=now,
    )


def _days(left: Decimal, spent: Mapping[date, Decimal]) -> list[Day]:
    """What the chart shows of late, as figures: what each day took, and what was left at its end, or is now."""
    rows = []
    for on in sorted(spent, reverse=True)[:TABLE_ROWS]:
        rows.append(Day(on=on, spent=spent[on], left=left))
        left += spent[on]
    return rows
