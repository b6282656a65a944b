"""What a machine's policies want done now, and what comes next. Reads nothing: all it needs is handed to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from instances.actions import ACTIONS
from instances.models import Instance
from instances.policies.effective import Held
from instances.policies.rules import BACK, Kind, ScheduleRules
from instances.policies.schedule import Change, Hours, last_change, next_change
from instances.statuses import ACTIVE, PAUSED, SHELVES, STOPS, SUSPENDED

# The idle rule acts on a verdict of now, not on one of before a worker was down.
FRESH = timedelta(minutes=15)
# Before a machine is deleted its owner has known for a day.
NOTICE = timedelta(days=1)


_AWAY = SHELVES | STOPS | {SUSPENDED, PAUSED}
_FURTHER = {"suspend": _AWAY, "stop": SHELVES | STOPS, "shelve": SHELVES}


@dataclass(frozen=True, slots=True)
class Due:
    """`at` with machine and kind is the key by which it is done once. `action` is one of instances.actions."""

    kind: Kind
    at: datetime
    action: str


class Times:
    """The changes of schedules around one moment, each worked out once for all machines that share the rules."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        # By the rules' identity: comparing hours for each of thousands of machines takes longer than all the rest. The
        # rules are kept, so that no others take their place.
        self._hours: dict[int, tuple[ScheduleRules, Hours]] = {}
        self._known: dict[tuple[int, datetime, bool], Change | None] = {}

    def last(self, rules: ScheduleRules) -> Change | None:
        return self._change(rules, self.now, ahead=False)

    def next(self, rules: ScheduleRules, after: datetime | None = None) -> Change | None:
        return self._change(rules, after or self.now, ahead=True)

    def _change(self, rules: ScheduleRules, at: datetime, *, ahead: bool) -> Change | None:
        key = (id(rules), at, ahead)
        if key not in self._known:
            _, hours = self._hours.setdefault(id(rules), (rules, rules.hours))
            self._known[key] = next_change(hours, at) if ahead else last_change(hours, at)
        return self._known[key]


def due_now(held: Held, times: Times) -> list[Due]:
    """The moments that have come, each of its kind. Whether they were seen to already is not asked here."""
    found = (_schedule_due(held, times), _lease_due(held, times.now), _idle_due(held, times.now))
    return [due for due in found if due is not None]


def coming(held: Held, times: Times) -> list[Due]:
    """What happens next by each policy, soonest first, as things stand: not what its state would not let it."""
    found = (_schedule_next(held, times), _lease_next(held), _idle_next(held, times.now))
    status = held.instance.status
    possible = [due for due in found if due is not None and is_possible(status, due.action)]
    return sorted(possible, key=lambda due: due.at)


def is_possible(status: str, action: str) -> bool:
    """Whether a machine in this status can be put away, or brought back; what brings it back depends on how it was."""
    if action in BACK.values():
        return status in _AWAY
    states = ACTIONS[action].states
    return states is None or status in states


def rests(instance: Instance) -> bool:
    """Whether it is put away, in whichever manner."""
    return instance.status in _AWAY


def is_away(instance: Instance, action: str) -> bool:
    """Whether the machine is already where this action puts it, or further."""
    return instance.status in _FURTHER.get(action, frozenset())


def doable(wanted: str, vetoes: frozenset[str]) -> str:
    """The wanted action, or where this size forbids it one that saves as much or more; empty: none of them."""
    order = {"suspend": ("suspend", "stop", "shelve"), "stop": ("stop", "shelve")}.get(wanted, (wanted,))
    return next((name for name in order if name not in vetoes and BACK.get(name, "") not in vetoes), "")


def _schedule_due(held: Held, times: Times) -> Due | None:
    rules, since = held.schedule, held.kinds["schedule"].since
    last = times.last(rules) if rules else None
    if rules is None or since is None or last is None:
        return None
    if last.on:
        # It brings back what it put away itself.
        wanted = rules.again and held.standing.put_away_at is not None
        action, at = (BACK[rules.action] if wanted else ""), last.at
    else:
        action, at = rules.action, _kept(held, last.at)
    before = max(since, held.instance.created_at)
    return Due("schedule", at, action) if action and before <= at <= times.now else None


def _kept(held: Held, at: datetime) -> datetime:
    """When its hours are over: later, where somebody asked to keep it running until then."""
    keep = held.standing.keep_until
    return keep if keep is not None and keep > at else at


def _schedule_next(held: Held, times: Times) -> Due | None:
    rules = held.schedule
    if rules is None:
        return None
    for change in _ahead(rules, times):
        if change.on and rules.again and rests(held.instance) and held.standing.put_away_at is not None:
            return Due("schedule", change.at, BACK[rules.action])
        if not change.on and not is_away(held.instance, rules.action):
            following = times.next(rules, change.at)
            at = _kept(held, change.at)
            if at > times.now and (following is None or at < following.at):
                return Due("schedule", at, rules.action)
    return None


def _ahead(rules: ScheduleRules, times: Times) -> Iterator[Change]:
    """The change now in force, where it was put off, and those of the next while."""
    last = times.last(rules)
    if last is not None and not last.on:
        yield last
    change = times.next(rules)
    for _ in range(40):
        if change is None:
            return
        yield change
        change = times.next(rules, change.at)


def _lease_due(held: Held, now: datetime) -> Due | None:
    """Shelved at its end; and each day after it, where somebody started it again without extending it."""
    found = _lease_next(held)
    if found is None or found.at > now:
        return None
    days = (now - found.at) // timedelta(days=1) if found.action == "shelve" else 0
    return Due("lease", found.at + timedelta(days=days), found.action)


def _lease_next(held: Held) -> Due | None:
    lease, end = held.lease, held.lease_end
    if lease is None or end is None:
        return None
    if lease.action != "delete":
        return None if is_away(held.instance, "shelve") else Due("lease", end, "shelve")
    if lease.delete_by is None or lease.delete_by != held.instance.owner_id:
        # Who owns it now never said that it may be deleted.
        return None if is_away(held.instance, "shelve") else Due("lease", end, "shelve")
    return Due("lease", _deleted_at(held, end), "delete")


def _deleted_at(held: Held, end: datetime) -> datetime:
    """A warning that came late puts it off; one who chose an end within the day has no need of one."""
    policy, standing = held.kinds["lease"].policy, held.standing
    if policy is not None and end - policy.set_at <= NOTICE:
        return end
    told = standing.lease_warned_at if standing.lease_warned.endswith(f"@{end.isoformat()}") else None
    if told is None:
        return end + NOTICE
    return max(end, told + NOTICE)


def _idle_due(held: Held, now: datetime) -> Due | None:
    rules, standing = held.idle, held.standing
    if rules is None or standing.idle_due_at is None or standing.idle_due_at > now:
        return None
    fresh = standing.judged_at is not None and now - standing.judged_at <= FRESH
    quiet = standing.verdict.get("state") == "quiet"
    put_off = standing.busy_until is not None and standing.busy_until > now
    return Due("idle", standing.idle_due_at, rules.action) if fresh and quiet and not put_off else None


def _idle_next(held: Held, now: datetime) -> Due | None:
    rules, standing = held.idle, held.standing
    if rules is None or standing.idle_due_at is None or held.instance.status != ACTIVE:
        return None
    put_off = standing.busy_until is not None and standing.busy_until > now
    # Long past: it was tried, and did not succeed.
    over = standing.idle_due_at < now - FRESH
    return None if put_off or over else Due("idle", standing.idle_due_at, rules.action)
