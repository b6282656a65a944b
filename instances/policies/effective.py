"""Which rules hold for a machine: its own, else its allocation's."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from django.db.models import Q
from pydantic import ValidationError

from instances.hooks_seats import kept_elsewhere
from instances.models import Instance
from instances.policies.models import Policy, Standing
from instances.policies.rules import KINDS, MODELS, AnyRules, IdleRules, Kind, LeaseRules, ScheduleRules
from instances.remote.models import JumpHost

Origin = Literal["machine", "allocation", "off", "none"]


@dataclass(frozen=True, slots=True)
class Effective:
    """One kind for one machine. `origin` off: its own decision is to have none. `default`: the allocation's, if it has one."""

    kind: Kind
    rules: AnyRules | None
    origin: Origin
    policy: Policy | None = None
    default: Policy | None = None

    @property
    def since(self) -> datetime | None:
        return self.policy.since if self.policy else None


@dataclass(frozen=True, slots=True)
class Held:
    """All that holds for one machine, and how it stands."""

    instance: Instance
    kinds: Mapping[str, Effective]
    standing: Standing = field(hash=False)

    @property
    def schedule(self) -> ScheduleRules | None:
        found = self.kinds["schedule"].rules
        return found if isinstance(found, ScheduleRules) else None

    @property
    def lease(self) -> LeaseRules | None:
        found = self.kinds["lease"].rules
        return found if isinstance(found, LeaseRules) else None

    @property
    def idle(self) -> IdleRules | None:
        found = self.kinds["idle"].rules
        return found if isinstance(found, IdleRules) else None

    @property
    def any(self) -> bool:
        return any(found.rules is not None for found in self.kinds.values())

    @property
    def lease_end(self) -> datetime | None:
        """Extended, or as the rules have it: at their moment, or so many days after the machine was made."""
        lease, since = self.lease, self.kinds["lease"].since
        if lease is None:
            return None
        return self.standing.lease_until or end_of(lease, self.instance.created_at, since)

    @property
    def longest_lease(self) -> datetime | None:
        """As far as the allocation lets a lease be extended; None: without an end."""
        default = self.kinds["lease"].default
        rules = rules_of(default) if default else self.lease
        if not isinstance(rules, LeaseRules) or rules.longest_days is None:
            return None
        since = default.since if default else self.kinds["lease"].since
        return max(self.instance.created_at, since or self.instance.created_at) + timedelta(
            days=rules.longest_days
        )


def end_of(lease: LeaseRules, created_at: datetime, since: datetime | None) -> datetime | None:
    """A default that comes later counts from then: nothing ends at once because of it."""
    if lease.days is None:
        return lease.until
    return max(created_at, since or created_at) + timedelta(days=lease.days)


def rules_of(policy: Policy) -> AnyRules | None:
    """What it says; what an older portal kept and this one cannot read says nothing."""
    if not policy.on:
        return None
    try:
        return MODELS[policy.kind].model_validate(policy.rules)
    except (ValidationError, KeyError):
        return None


def held(instances: Sequence[Instance]) -> dict[UUID, Held]:
    """For any number of machines, in five queries."""
    ids = [instance.pk for instance in instances]
    allocations = {instance.allocation_id for instance in instances}
    which = Q(instance__in=ids) | Q(instance=None, allocation__in=allocations)
    policies = list(Policy.objects.filter(which).select_related("set_by"))
    standings = {one.instance_id: one for one in Standing.objects.filter(instance__in=ids)}
    return resolve(instances, policies, standings, exempt())


def exempt() -> set[UUID]:
    """Others are reached through these, or a workshop keeps their hours: what an allocation has for all its machines does
    not hold for them."""
    return set(JumpHost.objects.values_list("instance_id", flat=True)) | kept_elsewhere()


def held_one(instance: Instance) -> Held:
    return held([instance])[instance.pk]


def resolve(
    instances: Iterable[Instance],
    policies: Iterable[Policy],
    standings: Mapping[UUID, Standing],
    exempt: Collection[UUID],
) -> dict[UUID, Held]:
    """`exempt`: machines for which only rules of their own hold."""
    own: dict[UUID, dict[str, Policy]] = defaultdict(dict)
    defaults: dict[int, dict[str, Policy]] = defaultdict(dict)
    for policy in policies:
        if policy.instance_id is None:
            defaults[policy.allocation_id][policy.kind] = policy
        else:
            own[policy.instance_id][policy.kind] = policy
    read: dict[int, AnyRules | None] = {}
    return {
        one.pk: Held(
            one,
            {
                kind: _effective(kind, own[one.pk].get(kind), _default(one, defaults, exempt).get(kind), read)
                for kind in KINDS
            },
            standings.get(one.pk) or Standing(instance=one),
        )
        for one in instances
    }


def _default(
    instance: Instance, defaults: Mapping[int, dict[str, Policy]], exempt: Collection[UUID]
) -> Mapping[str, Policy]:
    return {} if instance.pk in exempt else defaults.get(instance.allocation_id, {})


def _effective(
    kind: Kind, own: Policy | None, default: Policy | None, read: dict[int, AnyRules | None]
) -> Effective:
    """`read`: what was read already; hundreds of machines share one default."""
    for policy in (own, default):
        if policy is not None and policy.pk not in read:
            read[policy.pk] = rules_of(policy)
    kept = default if default is not None and default.on else None
    if own is not None:
        return Effective(kind, read[own.pk], "machine" if own.on else "off", own, kept)
    if kept is not None:
        return Effective(kind, read[kept.pk], "allocation", kept, kept)
    return Effective(kind, None, "none")
