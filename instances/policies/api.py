"""Policies for programs, over the same services as the pages."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema

from allocations.access import allocation_for
from allocations.roles import Need
from instances.access import governed, instance_for, instances_of
from instances.models import Instance
from instances.policies import dryrun, services, shown
from instances.policies.dues import Times, coming
from instances.policies.effective import held, held_one, rules_of
from instances.policies.models import Policy, PolicyRun
from instances.policies.rules import KINDS, Kind
from portal.accounts.views_profile import person

router = Router(tags=["policies"])
MOST = 500


class PolicyOut(Schema):
    """`origin`: machine, allocation, off (switched off for this machine) or none. `says`: in a sentence."""

    policy: Kind
    origin: str
    says: str
    now: str
    rules: dict[str, Any] | None


class NextOut(Schema):
    policy: Kind
    action: str
    at: datetime


class RunOut(Schema):
    """What a policy did. `state`: waiting, acting, done, failed or left (alone)."""

    policy: str
    action: str
    due_at: datetime
    state: str
    reason: str


class MachineOut(Schema):
    instance: UUID
    name: str
    policies: list[PolicyOut]
    next: list[NextOut]
    keep_until: datetime | None
    busy_until: datetime | None
    idle: dict[str, Any]
    runs: list[RunOut]


class RulesIn(Schema):
    """`rules` null: switched off. What rules there are is in docs/configuration.md ("Policies")."""

    rules: dict[str, Any] | None


class DefaultIn(RulesIn):
    may_loosen: bool = True


class DefaultOut(Schema):
    policy: Kind
    rules: dict[str, Any] | None
    may_loosen: bool
    set_at: datetime | None


class AllocationOut(Schema):
    policies: list[DefaultOut]
    machines: list[dict[str, Any]]


class UntilIn(Schema):
    """Null: no longer."""

    until: datetime | None


class DryRunOut(Schema):
    """What rules would have done in the last seven days. `note`: why nobody can tell."""

    instance: UUID
    name: str
    spent_su: Decimal
    saved_su: Decimal
    times: int
    note: str


@router.get("/instances/{uuid:instance_id}/policies", response=MachineOut, url_name="get_policies")
def get_policies(request: HttpRequest, instance_id: UUID) -> dict[str, Any]:
    return _machine(request, instance_for(request.user, instance_id, Need.SEE))


@router.put("/instances/{uuid:instance_id}/policies/{policy}", response=MachineOut, url_name="set_policy")
def set_policy(request: HttpRequest, instance_id: UUID, policy: Kind, given: RulesIn) -> dict[str, Any]:
    instance, user = governed(request.user, instance_id), person(request)
    if given.rules is None:
        services.switch_off(instance=instance, by=user, kind=policy)
    else:
        rules = services.parse(policy, given.rules)
        services.set_own(instance=instance, by=user, kind=policy, rules=rules)
    return _machine(request, instance)


@router.delete("/instances/{uuid:instance_id}/policies/{policy}", response=MachineOut, url_name="drop_policy")
def drop_policy(request: HttpRequest, instance_id: UUID, policy: Kind) -> dict[str, Any]:
    """The machine follows its allocation again."""
    instance = governed(request.user, instance_id)
    services.follow(instance=instance, by=person(request), kind=policy)
    return _machine(request, instance)


@router.post("/instances/{uuid:instance_id}/extend-lease", response=MachineOut, url_name="extend_lease")
def extend_lease(request: HttpRequest, instance_id: UUID) -> dict[str, Any]:
    instance = instance_for(request.user, instance_id, Need.ACT)
    services.extend(instance=instance, by=person(request))
    return _machine(request, instance)


@router.post("/instances/{uuid:instance_id}/put-off/{what}", response=MachineOut, url_name="put_off_policy")
def put_off_policy(
    request: HttpRequest, instance_id: UUID, what: Literal["keep", "busy"], given: UntilIn
) -> dict[str, Any]:
    """`keep`: the schedule puts nothing away before then; `busy`: nor does the idle rule."""
    instance = instance_for(request.user, instance_id, Need.ACT)
    change = services.keep_running if what == "keep" else services.busy_until
    change(instance=instance, by=person(request), until=given.until)
    return _machine(request, instance)


@router.get("/allocations/{slug}/policies", response=AllocationOut, url_name="list_policies")
def list_policies(request: HttpRequest, slug: str) -> dict[str, Any]:
    """The allocation's own, and what comes next for its machines, soonest first."""
    allocation = allocation_for(request.user, slug, Need.SEE)
    known = {one.kind: one for one in Policy.objects.filter(allocation=allocation, instance=None)}
    times = Times(timezone.now())
    machines = instances_of(request.user, allocation).exclude(server_id="").order_by("name")[:MOST]
    ahead = [(one, coming(one, times)) for one in held(list(machines)).values()]
    return {
        "policies": [_default(kind, known.get(kind)) for kind in KINDS],
        "machines": [
            {"instance": str(one.instance.pk), "name": one.instance.name, "next": _next(dues[0])}
            for one, dues in sorted(
                ahead, key=lambda pair: (not pair[1], pair[1][0].at if pair[1] else times.now)
            )
            if dues
        ],
    }


@router.put("/allocations/{slug}/policies/{policy}", response=DefaultOut, url_name="set_default_policy")
def set_default_policy(request: HttpRequest, slug: str, policy: Kind, given: DefaultIn) -> dict[str, Any]:
    allocation = allocation_for(request.user, slug, Need.MANAGE)
    rules = None if given.rules is None else services.parse(policy, given.rules)
    made = services.set_default(
        allocation=allocation, by=person(request), kind=policy, rules=rules, may_loosen=given.may_loosen
    )
    return _default(policy, made)


@router.post(
    "/instances/{uuid:instance_id}/policies/{policy}/dry-run", response=list[DryRunOut], url_name="dry_run"
)
def dry_run(request: HttpRequest, instance_id: UUID, policy: Kind, given: RulesIn) -> list[dict[str, Any]]:
    """Changes nothing."""
    instance = governed(request.user, instance_id)
    rules = services.parse(policy, given.rules or {})
    return [_seen(one) for one in dryrun.dry_run([held_one(instance)], rules, timezone.now())]


def _machine(request: HttpRequest, instance: Instance) -> dict[str, Any]:
    now, one = timezone.now(), held_one(instance)
    zone = shown.zone_for(person(request), instance.allocation)
    return {
        "instance": instance.pk,
        "name": instance.name,
        "policies": [_policy(line) for line in shown.lines(one, now, zone)],
        "next": [_next(due) for due in coming(one, Times(now))],
        "keep_until": one.standing.keep_until,
        "busy_until": one.standing.busy_until,
        "idle": one.standing.verdict,
        "runs": [_run(run) for run in PolicyRun.objects.filter(instance=instance)[:20]],
    }


def _policy(line: shown.Line) -> dict[str, Any]:
    rules = line.effective.rules
    return {
        "policy": line.kind,
        "origin": line.effective.origin,
        "says": line.rule,
        "now": line.now,
        "rules": rules.model_dump(mode="json") if rules else None,
    }


def _next(due: Any) -> dict[str, Any]:
    return {"policy": due.kind, "action": due.action, "at": due.at}


def _run(run: PolicyRun) -> dict[str, Any]:
    return {
        "policy": run.kind,
        "action": run.action,
        "due_at": run.due_at,
        "state": run.state,
        "reason": run.reason,
    }


def _default(kind: Kind, policy: Policy | None) -> dict[str, Any]:
    rules = rules_of(policy) if policy is not None else None
    return {
        "policy": kind,
        "rules": rules.model_dump(mode="json") if rules else None,
        "may_loosen": policy is None or policy.may_loosen,
        "set_at": policy.set_at if policy else None,
    }


def _seen(one: dryrun.Seen) -> dict[str, Any]:
    return {
        "instance": one.instance.pk,
        "name": one.instance.name,
        "spent_su": one.looked.spent,
        "saved_su": one.looked.saved,
        "times": len(one.looked.deeds),
        "note": one.looked.note,
    }
