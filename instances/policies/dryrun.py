"""Looking back at last week: what rules would have done to machines, before they are switched on."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from allocations import accrual
from allocations.models import LedgerEntry
from instances.models import Instance
from instances.policies import saving
from instances.policies.dues import doable
from instances.policies.effective import Held
from instances.policies.idle import quiet_runs
from instances.policies.judging import limits_of, quarters_of, visits_of
from instances.policies.rules import AnyRules, IdleRules, LeaseRules, ScheduleRules
from instances.policies.saving import Charged, Looked
from portal.cloud.config import clouds

SPAN = timedelta(days=7)
_NOT_MEASURED = "Too little was measured on it to tell when it was idle."


@dataclass(frozen=True, slots=True)
class Seen:
    """One machine of a dry run."""

    instance: Instance
    looked: Looked
    action: str


def dry_run(these: Sequence[Held], rules: AnyRules, now: datetime) -> list[Seen]:
    """What these rules would have done to each in the last seven days. Four queries, whatever the number."""
    if isinstance(rules, LeaseRules):
        return []
    start = now - SPAN
    charges = _charges([held.instance for held in these], start, now)
    away = _closed(rules, these, start, now) if isinstance(rules, ScheduleRules) else {}
    if isinstance(rules, IdleRules):
        away = _idle(rules, these, start, now)
    return [_one(held, rules, charges[held.instance.pk], away, (start, now)) for held in these]


def _one(
    held: Held,
    rules: AnyRules,
    charges: Sequence[Charged],
    away: dict[UUID, list[saving.Stretch]],
    span: saving.Stretch,
) -> Seen:
    instance = held.instance
    cloud = clouds().cloud(instance.allocation.cloud).portal
    group = cloud.flavor_group(instance.flavor_name)
    action = doable(rules.action, group.disallowed_actions if group else frozenset())
    if not action:
        note = "The operators of this cloud do not allow it for this size."
        return Seen(instance, Looked(*span, Decimal(0), (), note), "")
    looked = saving.look_back(charges, away.get(instance.pk, []), action, cloud.state_fraction, span)
    if isinstance(rules, IdleRules) and instance.pk not in away:
        looked = Looked(*span, looked.spent, (), _NOT_MEASURED)
    return Seen(instance, looked, action)


def _closed(
    rules: ScheduleRules, these: Sequence[Held], start: datetime, now: datetime
) -> dict[UUID, list[saving.Stretch]]:
    found = saving.closed(rules, start, now)
    return {held.instance.pk: found for held in these}


def _idle(
    rules: IdleRules, these: Sequence[Held], start: datetime, now: datetime
) -> dict[UUID, list[saving.Stretch]]:
    """Of machines on which enough was measured to tell at all."""
    ids = [held.instance.pk for held in these]
    quarters, visits = quarters_of(ids, start, now), visits_of(ids, start, now)
    found = {}
    for held in these:
        pk, gpus = held.instance.pk, held.instance.gpus
        measured = [one for one in quarters.get(pk, []) if _tells(one.values, gpus)]
        if measured:
            runs = quiet_runs(measured, visits.get(pk, []), gpus=gpus, limits=limits_of(held))
            found[pk] = saving.idle(rules, runs)
    return found


def _tells(values: object, gpus: int) -> bool:
    names = set(values) if isinstance(values, dict) else set()
    return "cpu" in names and bool(names & {"network", "disk", "logins"}) and (not gpus or "gpu" in names)


def _charges(instances: Sequence[Instance], start: datetime, now: datetime) -> dict[UUID, list[Charged]]:
    """What the ledger has, and what runs since its last entry."""
    found: dict[UUID, list[Charged]] = defaultdict(list)
    ids = {str(instance.pk): instance.pk for instance in instances}
    entries = LedgerEntry.objects.filter(
        instance_id__in=ids, kind=LedgerEntry.Kind.CHARGE, ends_at__gt=start, starts_at__lt=now
    )
    for key, begins, ends, status, su in entries.values_list(
        "instance_id", "starts_at", "ends_at", "status", "su"
    ):
        found[ids[key]].append(Charged(begins, ends, status, su))
    for one in accrual.accrued({instance.allocation_id for instance in instances}, now):
        if one.instance_id in ids:
            found[ids[one.instance_id]].append(Charged(one.starts_at, one.ends_at, one.status, one.su))
    return found
