"""Budgets in words: whose they are, until when, whom to ask."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from allocations.budgets.models import Budget, Subject
from allocations.budgets.periods import Period
from allocations.keepers import MANAGING
from allocations.models import Allocation, Grant, Membership
from portal.cloud.config import clouds
from portal.core.templatetags.portal import su as _su

_IN = {"grant": "in this grant", "month": "this month", "week": "this week", "day": "today"}
_EACH = {"grant": "for the whole grant", "month": "each month", "week": "each week", "day": "each day"}
_MOST_NAMES = 3


def su(number: Decimal) -> str:
    return _su(number)


def whose(budget: Budget) -> str:
    """As it is told to whom it binds."""
    match budget.subject:
        case Subject.DEFAULT:
            kind = "The budget that each member has"
        case Subject.MEMBER:
            kind = f"The budget of {budget.user}"
        case Subject.GROUP:
            kind = f"The budget of the group “{budget.group}”"
        case _:
            kind = f"The budget of the machine {budget.name}"
    return f"{kind} ({resource(budget.resource)})" if budget.resource else kind


def resource(name: str) -> str:
    """The resource as people call it; all of them, where none is named."""
    return str(Grant.Resource(name).label) if name in Grant.Resource.values else "all resources"


def in_period(period: str) -> str:
    return _IN[period]


def each_period(period: str) -> str:
    return _EACH[period]


def until(period: Period) -> str:
    """When it is full again, or ends."""
    return f"until {moment(period.end)}" if period.end else "until the budget is changed"


def moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def whom_to_ask(allocation: Allocation) -> str:
    """Those who can change it, by name. One query."""
    live = Membership.objects.filter(allocation=allocation, ended_at=None, role__in=MANAGING)
    people = sorted(live.select_related("user"), key=lambda one: (MANAGING.index(one.role), str(one.user)))
    names = [str(one.user) for one in people[:_MOST_NAMES]]
    return joined(names, "or") or allocation.pi_name or "the PI"


def joined(names: Iterable[str], word: str = "and") -> str:
    *first, last = list(names) or [""]
    return f"{', '.join(first)} {word} {last}" if first else last


def flavor_groups(allocation: Allocation, names: Iterable[str]) -> str:
    cloud = clouds().clouds.get(allocation.cloud)
    titles = {group.name: group.title for group in cloud.portal.flavor_groups} if cloud else {}
    return joined(titles.get(name, name) for name in names)


def span(left: timedelta) -> str:
    """How long that is, as people say it."""
    minutes = int(left.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} minute{'' if minutes == 1 else 's'}"
    if minutes < 48 * 60:
        return (
            f"{minutes // 60} h"
            if minutes % 60 == 0 or minutes >= 600
            else f"{minutes // 60} h {minutes % 60} min"
        )
    return f"{minutes // 1440} days"


def minutes(number: int) -> str:
    return span(timedelta(minutes=number))
