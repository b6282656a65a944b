"""How a machine's policies are shown: one sentence each, where it comes from, and what can be done about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from allocations.models import Allocation
from instances.policies import words
from instances.policies.dues import Due, Times, coming, is_away, rests
from instances.policies.effective import Effective, Held
from instances.policies.rules import IdleRules, Kind, LeaseRules, ScheduleRules
from portal.accounts import time_zones
from portal.accounts.models import User
from portal.cloud.config import clouds

TITLES: dict[str, str] = {"schedule": "Schedule", "lease": "Lease", "idle": "Idle rule"}
ICONS = {"schedule": "calendar", "lease": "hourglass", "idle": "moon"}
WITHOUT = {
    "schedule": "None: it runs until somebody puts it away.",
    "lease": "None: it stays until somebody deletes it.",
    "idle": "None: it runs on when nobody uses it.",
}


@dataclass(frozen=True, slots=True)
class Line:
    """`now`: how it stands at the moment. `tone` is one of the tags'."""

    kind: Kind
    title: str
    icon: str
    rule: str
    now: str
    origin: str
    tone: str
    at: datetime | None
    action: str
    effective: Effective


def zone_for(user: User, allocation: Allocation) -> ZoneInfo:
    """The person's own choice, else the clock of the cloud."""
    if user.preferences.get(time_zones.PREFERENCE):
        return time_zones.zone_of(user)
    return ZoneInfo(clouds().cloud(allocation.cloud).portal.policies.time_zone)


def lines(held: Held, now: datetime, zone: ZoneInfo) -> list[Line]:
    times = Times(now)
    ahead = {due.kind: due for due in coming(held, times)}
    return [
        _schedule(held, ahead.get("schedule"), now),
        _lease(held, ahead.get("lease"), now, zone),
        _idle(held, ahead.get("idle"), now),
    ]


def soonest(found: Sequence[Line]) -> Line | None:
    ahead = sorted((line.at, number) for number, line in enumerate(found) if line.at is not None)
    return found[ahead[0][1]] if ahead else None


def _line(held: Held, kind: Kind, rule: str, now: str, due: Due | None, tone: str = "") -> Line:
    effective = held.kinds[kind]
    return Line(
        kind=kind,
        title=TITLES[kind],
        icon=ICONS[kind],
        rule=rule,
        now=now,
        origin=_origin(effective),
        tone=tone,
        at=due.at if due else None,
        action=due.action if due else "",
        effective=effective,
    )


def _origin(effective: Effective) -> str:
    policy = effective.policy
    who = f" by {policy.set_by}" if policy and policy.set_by else ""
    return {
        "machine": f"Set for this machine{who}.",
        "allocation": f"From the allocation, set{who}.",
        "off": f"Switched off for this machine{who}.",
        "none": "",
    }[effective.origin]


def _schedule(held: Held, due: Due | None, now: datetime) -> Line:
    rules = held.schedule
    if not isinstance(rules, ScheduleRules):
        return _line(held, "schedule", WITHOUT["schedule"], "", None)
    zone, keep = ZoneInfo(rules.zone), held.standing.keep_until
    said = ""
    if keep is not None and keep > now:
        said = f"Kept running until {words.near(keep, now, zone)}."
    elif due is None and rests(held.instance):
        said = "It is put away, and stays so until somebody starts it."
    rule = words.of_schedule(rules)
    if due is not None:
        rule += f"; next: {words.DONE_WORDS[due.action]} {words.near(due.at, now, zone)}"
    return _line(held, "schedule", f"{rule}.", said, due)


def _lease(held: Held, due: Due | None, now: datetime, zone: ZoneInfo) -> Line:
    rules, end = held.lease, held.lease_end
    if not isinstance(rules, LeaseRules) or end is None:
        return _line(held, "lease", WITHOUT["lease"], "", None)
    rule = f"{words.of_lease(rules, due.at if due and due.at > end else end, zone)}."
    tone = ""
    if end <= now:
        over = "Its lease is over" + (
            "." if is_away(held.instance, "shelve") else ": it is put away again each day."
        )
        said, tone = over, "warn"
    else:
        said = f"Ends in {words.span(end - now)}."
        tone = "warn" if end - now <= timedelta(days=7) else ""
    if held.standing.extended:
        said += f" Extended {held.standing.extended} time{'s' if held.standing.extended > 1 else ''}."
    if due is not None and due.action != rules.action:
        said += " Its owner has changed since deleting was chosen, so it is shelved instead."
    return _line(held, "lease", rule, said, due, tone)


def _idle(held: Held, due: Due | None, now: datetime) -> Line:
    rules, standing = held.idle, held.standing
    if not isinstance(rules, IdleRules):
        return _line(held, "idle", WITHOUT["idle"], "", None)
    state = standing.verdict.get("state", "")
    reason = str(standing.verdict.get("reason", ""))
    rule = f"{words.of_idle(rules)}."
    if standing.busy_until is not None and standing.busy_until > now:
        return _line(
            held, "idle", rule, f"Marked as busy for {words.span(standing.busy_until - now)} more.", None
        )
    if due is not None:
        left = words.span(max(due.at - now, timedelta(0)))
        return _line(held, "idle", rule, f"Idle: {words.DONE_WORDS[due.action]} in {left}.", due, "warn")
    if rests(held.instance):
        return _line(held, "idle", rule, "It does not run.", None)
    said = {
        "quiet": "Idle.",
        "busy": f"In use: {reason}.",
        "unknown": f"Cannot tell, and does nothing: {reason}.",
    }.get(state, "Not looked at yet.")
    return _line(held, "idle", rule, said, None)
