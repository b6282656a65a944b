"""Accepting actions on machines: role, rule, conflict and parameters, then the operation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from pydantic import ValidationError

from allocations.roles import Need
from instances import live, trail
from instances.access import instance_for
from instances.models import Instance
from instances.rows import Row, describe
from instances.rows import row as row_of
from instances.services import affording
from instances.services.params import checked
from instances.specs import Spec, params_of
from instances.states import ACTIONS, ruling
from portal.accounts import credentials
from portal.accounts.models import User
from portal.cloud.config import clouds
from portal.core.errors import PortalError
from portal.core.ids import uuid7
from portal.operations import idempotency
from portal.operations import services as operations
from portal.operations.models import Operation

Params = Spec | dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class ActResult:
    """One machine of a bulk action: the operation, or the problem that stood in the way."""

    instance: Instance
    operation: Operation | None
    problem: PortalError | None


@transaction.atomic
def act(
    *, instance: Instance, by: User, action: str, params: Params = None, idempotency_key: str = ""
) -> Operation:
    """Ask for one action. PortalError says in a sentence what is in the way."""
    affording.lock(instance, action)
    # The row is locked, so that of two people the second sees the first one's operation.
    Instance.objects.select_for_update().filter(pk=instance.pk).first()
    instance = instance_for(by, instance.pk, Need.ACT)
    wanted = params_for(action, params)
    found = idempotency.once(
        user=by,
        key=idempotency_key,
        request={"instance": str(instance.pk), "action": action, **wanted.model_dump(mode="json")},
        submit=lambda: [accept(instance, by, action, wanted)],
    )
    return found[0]


def act_many(
    *, instances: Sequence[Instance], by: User, action: str, params: Params = None
) -> list[ActResult]:
    """The same action on each, each on its own: what cannot be done is reported beside what was accepted."""
    batch = uuid7()
    return [_try(instance, by, action, params, batch) for instance in instances]


def _try(instance: Instance, by: User, action: str, params: Params, batch: UUID) -> ActResult:
    try:
        with transaction.atomic():
            affording.lock(instance, action)
            Instance.objects.select_for_update().filter(pk=instance.pk).first()
            found = instance_for(by, instance.pk, Need.ACT)
            return ActResult(found, accept(found, by, action, params_for(action, params), batch=batch), None)
    except PortalError as problem:
        return ActResult(instance, None, problem)


def params_for(action: str, params: Params) -> Spec:
    """The parameters of an action, checked for their shape."""
    if action not in ACTIONS:
        raise PortalError("portal:not-found")
    if isinstance(params, Spec):
        return params
    try:
        return params_of(action).model_validate(params or {})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = ".".join(map(str, first["loc"])) or action
        raise PortalError("portal:bad-input", reason=f"{name}: {first['msg']}.") from None


def accept(
    instance: Instance,
    by: User,
    action: str,
    params: Spec,
    *,
    batch: UUID | None = None,
    asked_by: str = "",
    urgency: int | None = None,
) -> Operation:
    """For the service layer alone, with the machine's row locked and the right to it settled.

    `asked_by`: what of the portal wants it ("its schedule"), where no person does: then `by` lends the credential.
    """
    row = row_of(instance)
    _require_credential(instance, by)
    _require_free(row, action)
    found = ruling(action, row.state)
    if not found.allowed:
        raise PortalError(
            "instances:not-now", name=instance.name, label=ACTIONS[action].label, reason=found.reason
        )
    spec = {"action": action, **checked(instance, by, action, params)}
    affording.require(row, action, params)
    if asked_by:
        spec["asked_by"] = asked_by
    if action == "delete":
        _supersede(instance, by)
    operation = operations.submit(
        kind=f"instance.{action}",
        by=by,
        cloud=instance.allocation.cloud,
        region=instance.allocation.region,
        project_id=instance.allocation.project_id,
        target_type="instance",
        target_id=instance.pk,
        target_name=instance.name,
        spec=spec,
        batch=batch,
        urgency=urgency,
    )
    trail.record(
        f"instance.{action}",
        instance,
        by=None if asked_by else by,
        server=instance.server_id,
        params=spec,
        **({"acting_as": str(by)} if asked_by else {}),
    )
    live.push_on_commit([instance.pk])
    return operation


def _require_credential(instance: Instance, by: User) -> None:
    allocation = instance.allocation
    credential = credentials.live(by, allocation.cloud, allocation.project_id)
    if credential is None or not credential.usable():
        raise PortalError("instances:not-connected", cloud=clouds().cloud(allocation.cloud).title)


def _require_free(row: Row, action: str) -> None:
    """Of two people acting on one machine the second is told who is at it, and with what."""
    op = row.operation
    if op is None or not row.state.operation or ACTIONS[action].beside_operation:
        return
    raise PortalError(
        "instances:busy",
        name=row.instance.name,
        label=ACTIONS[action].label,
        what=describe(op),
        stage=op.stage,
    )


def _supersede(instance: Instance, by: User) -> None:
    """What was going on ends, for there will be no machine left; a second delete is the first one."""
    live_ones = Operation.objects.filter(
        target_type="instance", target_id=str(instance.pk), state__in=Operation.LIVE
    )
    for op in live_ones:
        if op.kind == "instance.delete":
            raise PortalError(
                "instances:busy", name=instance.name, label="Delete", what=describe(op), stage=op.stage
            )
        try:
            operations.cancel(op=op, by=by)
        except PortalError as error:
            if error.id != "operations:over":
                raise  # over by itself, just now, is what was wanted
