"""Judging what is idle, and telling people before anything happens to their machines."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from instances.models import Instance
from instances.policies import telling
from instances.policies.dues import doable
from instances.policies.effective import Held, held_one
from instances.policies.idle import Verdict
from instances.policies.judging import verdicts
from instances.policies.models import Standing
from instances.statuses import ACTIVE
from portal.cloud.config import clouds
from portal.core import bulk

JUDGED_EACH = timedelta(minutes=5)
DAYS_BEFORE = (1, 3, 7)
_FIELDS = ("verdict", "judged_at", "warned_at", "idle_due_at")


def idle_machines(these: Sequence[Held], now: datetime) -> int:
    """Judge those whose turn it is; warn of those that are idle, and take back what is no longer true."""
    asked = [held for held in these if held.idle is not None and _turn(held, now)]
    found = verdicts(asked, now)
    warn: list[Held] = []
    rows: list[Standing] = []
    for held in asked:
        standing, verdict = held.standing, found[held.instance.pk]
        standing.verdict, standing.judged_at = _kept(verdict), now
        if verdict.state != "quiet":
            standing.warned_at = standing.idle_due_at = None
        elif standing.idle_due_at is None and held.idle is not None:
            warn.append(held)
        rows.append(standing)
    bulk.insert([one for one in rows if one.pk is None])
    bulk.update([one for one in rows if one.pk is not None], _FIELDS)
    return sum(_warn(held, now) for held in warn)


def _turn(held: Held, now: datetime) -> bool:
    judged = held.standing.judged_at
    if held.instance.status != ACTIVE:
        # What was warned of while it ran is over.
        return held.standing.idle_due_at is not None
    # Just before it would be put away it is looked at again.
    near = held.standing.idle_due_at is not None and held.standing.idle_due_at <= now
    return judged is None or near or now - judged >= JUDGED_EACH


def _kept(verdict: Verdict) -> dict[str, object]:
    return {
        "state": verdict.state,
        "reason": verdict.reason,
        "signals": [
            {"name": one.name, "title": one.title, "state": one.state, "words": one.words}
            for one in verdict.signals
        ],
    }


@transaction.atomic
def _warn(held: Held, now: datetime) -> int:
    """The countdown and the notice together. Whoever has put it off meanwhile is not warned."""
    Instance.objects.select_for_update(of=("self",)).filter(pk=held.instance.pk).first()
    fresh = Standing.objects.filter(instance=held.instance).first()
    rules = held_one(held.instance).idle
    if fresh is None or rules is None or fresh.idle_due_at is not None:
        return 0
    if fresh.busy_until is not None and fresh.busy_until > now:
        return 0
    fresh.warned_at, fresh.idle_due_at = now, now + timedelta(minutes=rules.warn_minutes)
    fresh.save(update_fields=["warned_at", "idle_due_at"])
    held.standing.warned_at, held.standing.idle_due_at = fresh.warned_at, fresh.idle_due_at
    group = clouds().cloud(held.instance.allocation.cloud).portal.flavor_group(held.instance.flavor_name)
    action = doable(rules.action, group.disallowed_actions if group else frozenset())
    telling.idle(held, fresh.idle_due_at, action or rules.action)
    return 1


def ending_leases(these: Sequence[Held], now: datetime) -> int:
    """Seven, three and one day before the end; each once, however often this runs."""
    return sum(_ending(held, now) for held in these if held.lease is not None)


def _ending(held: Held, now: datetime) -> int:
    end = held.lease_end
    if end is None or (end <= now and not _unwarned_delete(held, end)):
        return 0
    days = next((number for number in DAYS_BEFORE if end - now <= timedelta(days=number)), None)
    if days is None:
        return 0
    mark = f"{days}@{end.isoformat()}"
    standing = held.standing
    if standing.lease_warned == mark:
        return 0
    return _warn_of_end(held, mark, end, days, now)


def _unwarned_delete(held: Held, end: datetime) -> bool:
    """Nobody was told, because no worker ran: it is told now, and the machine deleted a day later."""
    warned = held.standing.lease_warned.endswith(f"@{end.isoformat()}")
    return held.lease is not None and held.lease.action == "delete" and not warned


@transaction.atomic
def _warn_of_end(held: Held, mark: str, end: datetime, days: int, now: datetime) -> int:
    Instance.objects.select_for_update(of=("self",)).filter(pk=held.instance.pk).first()
    fresh = held_one(held.instance)
    if fresh.lease is None or fresh.lease_end != end:
        return 0
    standing, _ = Standing.objects.get_or_create(instance=held.instance)
    if not standing.lease_warned.endswith(f"@{end.isoformat()}"):
        standing.lease_warned_at = now
    standing.lease_warned = mark
    standing.save(update_fields=["lease_warned", "lease_warned_at"])
    held.standing.pk, held.standing.lease_warned = standing.pk, mark
    held.standing.lease_warned_at = standing.lease_warned_at
    policy = held.kinds["lease"].policy
    # Of an end that somebody chose for the next day nobody needs to be told at once.
    if policy is not None and policy.instance_id is not None and now - policy.set_at < timedelta(minutes=5):
        return 0
    telling.lease(fresh, end, days)
    return 1
