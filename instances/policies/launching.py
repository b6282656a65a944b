"""Lease and office hours chosen at launch: fields of the form, checks, and the policies of the new machines."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from pydantic import Field, ValidationError

from allocations.models import Allocation
from allocations.rates import su_per_hour
from allocations.roles import Need, allows
from instances import trail
from instances.actions import ACTIONS
from instances.hooks_launch import LaunchPart, launch_part
from instances.models import Instance
from instances.policies import costs, words
from instances.policies.effective import rules_of
from instances.policies.models import Policy
from instances.policies.rules import (
    DayHours,
    Kind,
    LeaseRules,
    Rules,
    ScheduleRules,
    usual_week,
)
from instances.policies.stricter import looser
from instances.statuses import ACTIVE
from portal.accounts.models import User
from portal.cloud.config import clouds
from portal.core import bulk
from portal.core.errors import PortalError

NAME = "policies"
# What the form offers; other hours are set on the machine's page.
WEEKS = {"weekdays": 5, "daily": 7}


class AtLaunch(Rules):
    """`schedule`, `lease_days`: null is as the allocation has it. `lease_delete`: its owner chooses so for their own."""

    schedule: ScheduleRules | None = None
    lease_days: int | None = Field(default=None, ge=1, le=730)
    lease_delete: bool = False


def read(given: Mapping[str, str]) -> dict[str, Any] | None:
    """None where nothing was chosen; what is odd stays odd, and is refused by `check` in words."""
    found: dict[str, Any] = {}
    if given.get("policy_week", "") in WEEKS:
        day = {"start": _minutes(given.get("policy_start", "")), "end": _minutes(given.get("policy_end", ""))}
        days = WEEKS[given["policy_week"]]
        week = [day] * days + [None] * (7 - days)
        found["schedule"] = {"zone": given.get("policy_zone", ""), "week": week}
    if given.get("policy_lease_days", "").strip():
        text = given["policy_lease_days"].strip()
        found["lease_days"] = int(text) if text.isdecimal() and len(text) < 6 else text
        found["lease_delete"] = given.get("policy_lease_action") == "delete"
    return found or None


def context(allocation: Allocation, by: User, given: Mapping[str, str]) -> dict[str, Any]:
    defaults = _defaults(allocation)
    schedule, lease = (
        rules_of(defaults[kind]) if kind in defaults else None for kind in ("schedule", "lease")
    )
    usual = usual_week(_zone(allocation)).week[0] or DayHours(start=480, end=1140)
    return {
        "schedule_words": words.of_schedule(schedule) if isinstance(schedule, ScheduleRules) else "",
        "lease_words": f"shelved {lease.days} days after it was made"
        if isinstance(lease, LeaseRules)
        else "",
        "week": given.get("policy_week", ""),
        "zone": given.get("policy_zone") or _zone(allocation),
        "start": given.get("policy_start") or f"{usual.start // 60:02}:00",
        "end": given.get("policy_end") or f"{usual.end // 60:02}:00",
        "lease_days": given.get("policy_lease_days", ""),
        "lease_action": given.get("policy_lease_action") or "shelve",
    }


def check(allocation: Allocation, by: User, flavor_name: str, extra: Any) -> list[PortalError]:
    try:
        wanted = AtLaunch.model_validate(extra)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = f"Policies at launch: {where}: {first['msg'].removeprefix('Value error, ')}."
        return [PortalError("policies:bad-rules", reason=reason)]
    if allows(allocation.viewer_role, Need.MANAGE):
        return []
    return [
        problem
        for problem in (_hours_problem(allocation, wanted), _lease_problem(allocation, wanted))
        if problem
    ]


def _hours_problem(allocation: Allocation, wanted: AtLaunch) -> PortalError | None:
    default = _defaults(allocation).get("schedule")
    asked = rules_of(default) if default is not None and not default.may_loosen else None
    if wanted.schedule is None or asked is None:
        return None
    reason = looser(wanted.schedule, asked, timezone.now())
    return PortalError("policies:looser", reason=reason) if reason else None


def _lease_problem(allocation: Allocation, wanted: AtLaunch) -> PortalError | None:
    default = _defaults(allocation).get("lease")
    asked = rules_of(default) if default is not None else None
    if wanted.lease_days is None or default is None or not isinstance(asked, LeaseRules):
        return None
    most = asked.longest_days if default.may_loosen else asked.longest_days or asked.days
    if most is None or wanted.lease_days <= most:
        return None
    longest = timezone.now() + timedelta(days=most)
    return PortalError("policies:lease-too-long", longest=f"{longest:%Y-%m-%d %H:%M} UTC")


def apply(allocation: Allocation, by: User, machines: Sequence[Instance], extra: Any) -> None:
    """In the transaction of the launch: a machine is never there without what was chosen for it."""
    wanted, now = AtLaunch.model_validate(extra), timezone.now()
    chosen: dict[Kind, dict[str, Any]] = {}
    if wanted.schedule is not None:
        chosen["schedule"] = wanted.schedule.model_dump(mode="json")
    if wanted.lease_days is not None:
        lease = LeaseRules(
            until=now + timedelta(days=wanted.lease_days),
            action="delete" if wanted.lease_delete else "shelve",
            delete_by=by.pk if wanted.lease_delete else None,
        )
        chosen["lease"] = lease.model_dump(mode="json")
    rows = [
        Policy(allocation=allocation, instance=one, kind=kind, rules=rules, since=now, set_by=by, set_at=now)
        for one in machines
        for kind, rules in chosen.items()
    ]
    bulk.insert(rows)
    for row in rows:
        if row.instance is not None:
            said = words.whole(rules_of(row))
            trail.record("policy.set", row.instance, by=by, kind=row.kind, before=None, after=said)


def says(allocation: Allocation, flavor_name: str, vcpus: int, extra: Any) -> str:
    """What the chosen hours make of a week's cost, or those of the allocation, where none were chosen."""
    try:
        wanted = AtLaunch.model_validate(extra or {})
    except ValidationError:
        return ""
    default = _defaults(allocation).get("schedule")
    held = rules_of(default) if default is not None else None
    schedule = wanted.schedule or (held if isinstance(held, ScheduleRules) else None)
    cloud, now = clouds().cloud(allocation.cloud).portal, timezone.now()
    running = su_per_hour(flavor_name, vcpus, ACTIVE, now, cloud) if flavor_name else None
    if schedule is None or running is None:
        return ""
    away = su_per_hour(flavor_name, vcpus, ACTIONS[schedule.action].leads_to, now, cloud) or Decimal(0)
    whose = "With these office hours" if wanted.schedule else "With the office hours that hold here"
    return f"{whose} {costs.of_rates(running, away, schedule, now)}."


def _defaults(allocation: Allocation) -> dict[str, Policy]:
    found = Policy.objects.filter(allocation=allocation, instance=None, on=True)
    return {one.kind: one for one in found}


def _zone(allocation: Allocation) -> str:
    return clouds().cloud(allocation.cloud).portal.policies.time_zone


def _minutes(text: str) -> int:
    """Minutes since midnight of 08:00; -1, which no rules take, for what is no time."""
    hours, colon, minutes = text.partition(":")
    if not (colon and hours.isdecimal() and minutes.isdecimal() and len(text) <= 5):
        return -1
    return int(hours) * 60 + int(minutes) if int(hours) < 24 and int(minutes) < 60 else -1


launch_part(
    LaunchPart(
        name=NAME,
        template="policies/_launch.html",
        read=read,
        context=context,
        check=check,
        apply=apply,
        says=says,
    )
)
