"""Who changed budgets, limits and groups, from what to what: for those concerned."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allocations.budgets import words
from allocations.budgets.applies import Who
from allocations.budgets.models import Budget
from allocations.models import Allocation
from portal.core.models import AuditEvent

ACTIONS = {
    "budget.create": "set the budget of",
    "budget.change": "changed the budget of",
    "budget.delete": "took away the budget of",
    "limits.set": "set the limits of",
    "group.save": "saved the group",
    "group.delete": "deleted the group",
}
_LABELS = {
    "su": "SU",
    "resource": "resource",
    "period": "period",
    "valid_from": "first day",
    "valid_to": "last day",
    "hard": "hard",
    "at_80": "at 80 %",
    "at_90": "at 90 %",
    "at_100": "at 100 %",
    "grace_minutes": "minutes of grace",
    "tell_managers": "managers are told",
    "max_vcpus": "vCPUs in one machine",
    "max_ram_gb": "GB of RAM in one machine",
    "flavor_groups": "groups of sizes",
    "max_machines": "machines",
    "max_gpus": "GPUs at a time",
    "lifetime_hours": "hours a machine lives",
    "shelve_at_end": "shelved at its end",
    "name": "name",
    "people": "people",
}
_PERIODS = {period.value: str(period.label).lower() for period in Budget.Period}
_STEPS = {"": "nothing", "tell": "tell", "block": "block", "shelve": "shelve"}
_NAMED = {"period", "at_80", "at_90", "at_100"}
_MOST, _LOOKED_AT = 30, 300


@dataclass(frozen=True, slots=True)
class Change:
    """`details`: (what, before, after)."""

    at: datetime
    who: str
    did: str
    target: str
    details: list[tuple[str, str, str]]


def history(allocation: Allocation, who: Who | None) -> list[Change]:
    """The latest changes; with `who` only those that concern that person. One query."""
    events = AuditEvent.objects.filter(scope=f"allocation.{allocation.pk}", action__in=ACTIONS)[:_LOOKED_AT]
    return [_change(event) for event in events if who is None or _concerns(event, who)][:_MOST]


def _concerns(event: AuditEvent, who: Who) -> bool:
    return event.target_id in {"default", f"member:{who.user_id}", *(f"group:{pk}" for pk in who.groups)}


def _change(event: AuditEvent) -> Change:
    before, after = event.detail.get("before") or {}, event.detail.get("after") or {}
    return Change(
        at=event.at,
        who=event.actor_name,
        did=ACTIONS[event.action],
        target=event.target_name,
        details=_differences(before, after),
    )


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What is different; of something new or gone only what says something."""
    return [
        (label, _shown(name, before.get(name)), _shown(name, after.get(name)))
        for name, label in _LABELS.items()
        if before.get(name) != after.get(name)
        and not (_says_nothing(before, name) and _says_nothing(after, name))
    ]


def _says_nothing(values: Mapping[str, Any], name: str) -> bool:
    value = values.get(name)
    return value is None or value is False or value in ("", [])


def _shown(name: str, value: Any) -> str:
    """Empty where there was nothing, or is nothing any more."""
    if value is None or value == []:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if name == "resource":
        return words.resource(str(value))
    return str({**_PERIODS, **_STEPS}.get(str(value), value) if name in _NAMED else value)
