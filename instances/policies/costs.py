"""What office hours make of a week's cost, said before they are switched on."""

from datetime import datetime
from decimal import Decimal

from instances.actions import ACTIONS
from instances.policies.rules import AnyRules, ScheduleRules
from instances.policies.schedule import on_share
from instances.policies.words import weekly
from instances.rows import Row
from instances.statuses import ACTIVE


def of_machine(row: Row, rules: AnyRules, now: datetime) -> str:
    """Empty where it cannot be said: for other kinds of rules, and sizes without a rate."""
    running = row.su_in(ACTIVE)
    if not isinstance(rules, ScheduleRules) or running is None:
        return ""
    return of_rates(running, row.su_in(ACTIONS[rules.action].leads_to) or Decimal(0), rules, now)


def of_rates(running: Decimal, away: Decimal, rules: ScheduleRules, now: datetime) -> str:
    """`away`: SUs per hour while it is put away, as stopped and suspended machines cost."""
    open_share = Decimal(str(round(on_share(rules.hours, now), 6)))
    per_hour = running * open_share + away * (1 - open_share)
    return weekly(running, float(per_hour / running)) if running else ""
