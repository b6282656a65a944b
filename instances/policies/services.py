"""Every change of policies: who may, what it was before and after, and what comes next because of it.

Nothing in here touches a machine: what is due is done by workers (`enforcing`).
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from allocations.access import allocation_by_id
from allocations.models import Allocation
from allocations.roles import Need, allows
from instances import trail
from instances.access import governed, instance_for
from instances.actions import ACTIONS
from instances.models import Instance
from instances.policies import upcoming, words
from instances.policies.dues import doable
from instances.policies.effective import Held, end_of, held_one, rules_of
from instances.policies.models import Policy, Standing
from instances.policies.rules import MODELS, AnyRules, IdleRules, Kind, LeaseRules
from instances.policies.stricter import looser
from instances.rows import row
from portal.accounts.models import User
from portal.core import audit, events
from portal.core.errors import PortalError

SHORTEST = timedelta(minutes=15)
# How far an exception reaches: of rules that members may not loosen, and of others.
STRICT_EXCEPTION, EXCEPTION = timedelta(days=1), timedelta(days=14)


def parse(kind: str, given: dict[str, Any]) -> AnyRules:
    """Rules out of a form or the API; PortalError `policies:bad-rules` says what is wrong with them."""
    if kind not in MODELS:
        raise PortalError("portal:not-found")
    try:
        return MODELS[kind].model_validate(given)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        raise PortalError(
            "policies:bad-rules", reason=f"{where}: {reason}." if where else f"{reason}."
        ) from None


@transaction.atomic
def set_own(*, instance: Instance, by: User, rules: AnyRules, kind: Kind) -> Policy:
    """Give a machine rules of its own. Refused where they ask less than the allocation lets its members have."""
    held = _locked(instance, by)
    now = timezone.now()
    if isinstance(rules, LeaseRules):
        rules = _lease(held, by, rules, now)
    _require_action(held, rules)
    default = held.kinds[kind].default
    if default is not None and not default.may_loosen and not _manages(held):
        asked = rules_of(default)
        if asked is not None and (reason := looser(rules, asked, now, _default_end(held, asked))):
            raise PortalError("policies:looser", reason=reason)
    return _store(held, by, kind, rules, now)


@transaction.atomic
def switch_off(*, instance: Instance, by: User, kind: Kind) -> Policy:
    """Decide that this kind does not hold for the machine, whatever its allocation has."""
    held = _locked(instance, by)
    default = held.kinds[kind].default
    if default is not None and not default.may_loosen and not _manages(held):
        raise PortalError("policies:looser", reason="its rules hold for every machine")
    return _store(held, by, kind, None, timezone.now())


@transaction.atomic
def follow(*, instance: Instance, by: User, kind: Kind) -> None:
    """Drop the machine's own decision: its allocation's holds, if there is one, from now on."""
    held = _locked(instance, by)
    own = Policy.objects.filter(instance=held.instance, kind=kind).first()
    if own is None:
        return
    before = _said(own)
    own.delete()
    _reset(held, kind)
    trail.record("policy.follow", held.instance, by=by, kind=kind, before=before, after="the allocation's")
    _changed(held.instance)


@transaction.atomic
def set_default(
    *, allocation: Allocation, by: User, kind: Kind, rules: AnyRules | None, may_loosen: bool = True
) -> Policy:
    """What holds for machines of the allocation without rules of their own; `rules` None: nothing."""
    allocation = allocation_by_id(by, allocation.pk, Need.MANAGE)
    Allocation.objects.select_for_update(no_key=True).get(pk=allocation.pk)
    if isinstance(rules, LeaseRules) and rules.days is None:
        raise PortalError("policies:bad-rules", reason="Give the lease as days from when a machine is made.")
    now = timezone.now()
    known = Policy.objects.filter(allocation=allocation, instance=None, kind=kind).first()
    before = _said(known)
    policy = known or Policy(allocation=allocation, kind=kind)
    policy.on, policy.may_loosen = rules is not None, may_loosen
    policy.rules = rules.model_dump(mode="json") if rules else {}
    policy.since, policy.set_by, policy.set_at = now, by, now
    policy.save()
    audit.record(
        "policy.default",
        by=by,
        scope=f"allocation.{allocation.pk}",
        target_type="allocation",
        target_id=allocation.pk,
        target_name=allocation.project_name,
        kind=kind,
        before=before,
        after=_said(policy),
    )
    group, detail = [f"allocation.{allocation.pk}"], {"slug": allocation.slug}
    events.publish(group, events.Changed("policies:changed", detail))
    return policy


@transaction.atomic
def extend(*, instance: Instance, by: User) -> datetime:
    """Move the end of the lease on by as much as its rules give for one click, up to the longest. The new end."""
    held = _locked(instance, by, only_acts=True)
    lease, end, now = held.lease, held.lease_end, timezone.now()
    if lease is None or end is None:
        raise PortalError("policies:no-lease")
    default = rules_of(found) if (found := held.kinds["lease"].default) else None
    step = default.extend_days if isinstance(default, LeaseRules) else lease.extend_days
    wanted = max(end, now) + timedelta(days=step)
    longest = None if _manages(held) else held.longest_lease
    if longest is not None and wanted > longest:
        wanted = longest
    if wanted <= max(end, now):
        raise PortalError("policies:lease-too-long", longest=f"{longest:%Y-%m-%d %H:%M} UTC")
    standing = _standing(held.instance)
    standing.lease_until, standing.extended = wanted, standing.extended + 1
    standing.save(update_fields=["lease_until", "extended"])
    trail.record("policy.extend", held.instance, by=by, before=end.isoformat(), after=wanted.isoformat())
    _changed(held.instance)
    return wanted


@transaction.atomic
def keep_running(*, instance: Instance, by: User, until: datetime | None) -> None:
    """The schedule puts nothing away before then; None: as the schedule has it."""
    _put_off(instance, by, "keep_until", "policy.keep", "schedule", until)


@transaction.atomic
def busy_until(*, instance: Instance, by: User, until: datetime | None) -> None:
    """Somebody works on it until then, whatever is measured; None: no more. Ends a warning that was given."""
    _put_off(instance, by, "busy_until", "policy.busy", "idle", until)


def snooze(*, instance: Instance, by: User) -> datetime:
    """One click on a warning: busy for as long as the rule looks at."""
    held = held_one(instance_for(by, instance.pk, Need.ACT))
    hours = held.idle.hours if isinstance(held.idle, IdleRules) else 4
    until = timezone.now() + timedelta(hours=hours)
    busy_until(instance=instance, by=by, until=until)
    return until


def _put_off(
    instance: Instance, by: User, field: str, action: str, kind: Kind, until: datetime | None
) -> None:
    held = _locked(instance, by, only_acts=True)
    now = timezone.now()
    default = held.kinds[kind].default
    strict = default is not None and not default.may_loosen and not _manages(held)
    latest = now + (STRICT_EXCEPTION if strict else EXCEPTION)
    if until is not None and until > latest + timedelta(minutes=1):
        raise PortalError("policies:too-far", latest=f"{latest:%Y-%m-%d %H:%M} UTC")
    standing = _standing(held.instance)
    before = getattr(standing, field)
    setattr(standing, field, until)
    if kind == "idle":
        standing.warned_at = standing.idle_due_at = None
    standing.save()
    trail.record(
        action,
        held.instance,
        by=by,
        before=before.isoformat() if before else None,
        after=until.isoformat() if until else None,
    )
    _changed(held.instance)


def _locked(instance: Instance, by: User, *, only_acts: bool = False) -> Held:
    """The machine behind its door, with its row locked: two changes, or a change and a worker, come one by one."""
    Instance.objects.select_for_update(of=("self",)).filter(pk=instance.pk).first()
    found = instance_for(by, instance.pk, Need.ACT) if only_acts else governed(by, instance.pk)
    if found.deleted_at is not None:
        raise PortalError("portal:not-found")
    return held_one(found)


def _manages(held: Held) -> bool:
    return allows(held.instance.allocation.viewer_role, Need.MANAGE)


def _lease(held: Held, by: User, rules: LeaseRules, now: datetime) -> LeaseRules:
    until = rules.until or now + timedelta(days=rules.days or 0)
    if until < now + SHORTEST:
        raise PortalError("policies:lease-past", until=f"{until:%Y-%m-%d %H:%M} UTC")
    if rules.action == "delete" and held.instance.owner_id != by.pk:
        raise PortalError("policies:delete-not-owner")
    longest = None if _manages(held) else held.longest_lease
    if longest is not None and until > longest:
        raise PortalError("policies:lease-too-long", longest=f"{longest:%Y-%m-%d %H:%M} UTC")
    changes = {"until": until, "days": None, "delete_by": by.pk if rules.action == "delete" else None}
    return rules.model_copy(update=changes)


def _default_end(held: Held, asked: AnyRules) -> datetime | None:
    """Where the allocation's lease would end, extended as far as it lets it be."""
    default = held.kinds["lease"].default
    if not isinstance(asked, LeaseRules) or default is None:
        return None
    return held.longest_lease or end_of(asked, held.instance.created_at, default.since)


def _require_action(held: Held, rules: AnyRules) -> None:
    shown = row(held.instance)
    if rules.action == "delete":
        return
    if doable(rules.action, shown.state.vetoes) != rules.action:
        raise PortalError(
            "policies:not-for-size",
            action=ACTIONS[rules.action].label,
            size=shown.state.group_title or held.instance.flavor_name,
        )


def _store(held: Held, by: User, kind: Kind, rules: AnyRules | None, now: datetime) -> Policy:
    instance = held.instance
    known = Policy.objects.filter(instance=instance, kind=kind).first()
    before = _said(known)
    policy = known or Policy(allocation=instance.allocation, instance=instance, kind=kind)
    policy.on = rules is not None
    policy.rules = rules.model_dump(mode="json") if rules else {}
    policy.since, policy.set_by, policy.set_at = now, by, now
    policy.save()
    _reset(held, kind)
    trail.record("policy.set", instance, by=by, kind=kind, before=before, after=_said(policy))
    _changed(instance)
    return policy


def _said(policy: Policy | None) -> str | None:
    """What the record keeps of it: in words, because everybody concerned reads it."""
    if policy is None or not policy.on:
        return "switched off" if policy else None
    said = words.whole(rules_of(policy))
    if policy.instance_id is not None:
        return said
    return f"{said}; members may {'loosen it' if policy.may_loosen else 'not loosen it'}"


def _reset(held: Held, kind: Kind) -> None:
    """What was put off, extended or warned of under the old rules is over with them."""
    standing = _standing(held.instance)
    if kind == "lease":
        standing.lease_until, standing.extended, standing.lease_warned = None, 0, ""
        standing.lease_warned_at = None
    elif kind == "idle":
        standing.warned_at = standing.idle_due_at = standing.judged_at = None
        standing.verdict = {}
    else:
        standing.keep_until = None
    standing.save()


def _standing(instance: Instance) -> Standing:
    return Standing.objects.get_or_create(instance=instance)[0]


def _changed(instance: Instance) -> None:
    upcoming.refresh([instance.pk])


def of_machine(instance_id: UUID) -> list[Policy]:
    return list(Policy.objects.filter(instance=instance_id).select_related("set_by"))
