"""The jump host of a project: made by the portal, or a machine of the project that somebody chose for it."""

import logging

from django.db import transaction
from django.utils import timezone

from allocations.access import allocation_by_id
from allocations.models import Allocation
from allocations.roles import Need
from instances import services, trail
from instances.access import instance_for, may
from instances.models import Instance
from instances.principals import JUMP_LOGIN
from instances.remote.jump_offer import offer
from instances.remote.jump_states import state_of
from instances.remote.models import JumpHost, MachineTrust
from instances.services.portal_acts import lender
from instances.statuses import ACTIVE
from portal.accounts.models import User
from portal.core import events
from portal.core.errors import PortalError
from portal.operations import services as operations

logger = logging.getLogger(__name__)
INSTALL, REMOVE = "remote.jump-install", "remote.jump-remove"
How = JumpHost.How


def jump_of(allocation: Allocation) -> JumpHost | None:
    """The allocation came through its door: its viewer's role is known to the machine, too."""
    found = JumpHost.objects.filter(allocation=allocation).select_related("instance__owner").first()
    if found is not None:
        found.instance.allocation = allocation
    return found


def jump_for(instance: Instance) -> JumpHost | None:
    """Through which this machine is reached; none for one with a public address, and for the jump host itself."""
    if instance.public_address or not instance.private_address:
        return None
    found = jump_of(instance.allocation)
    return None if found is None or found.instance_id == instance.pk else found


def may_change(user: User, jump: JumpHost) -> bool:
    """Who acts on the machine decides; where it is lost, whoever may launch another."""
    need = Need.LAUNCH if state_of(jump).lost else Need.ACT
    return may(user, jump.instance, need)


@transaction.atomic
def make(*, allocation: Allocation, by: User, behind: Instance | None = None) -> JumpHost:
    """A small machine that is nothing else. A second click, or a second person, gets the one that is being made.

    One that is lost is replaced, and what the cloud still has of it is deleted.
    """
    allocation = _locked(by, allocation)
    old = jump_of(allocation)
    if old is not None and not state_of(old).lost:
        return old
    if old is not None:
        _let_go(old, by, delete_machine=False)
    wanted = offer(allocation=allocation, by=by, behind=behind)
    [operation] = services.launch(allocation=allocation, by=by, request=wanted.request, role="jump")
    machine = Instance.objects.get(pk=operation.target_id)
    return _put(allocation, machine, by, How.MADE, su_per_hour=str(wanted.preview.su_per_hour))


@transaction.atomic
def make_for_portal(
    *, allocation: Allocation, owner: User | None, reason: str, network_id: str = ""
) -> JumpHost:
    """As `make`, where nobody is there to click: the owner's machine, made with a credential of the allocation.

    `reason` is read as "asked for by {reason}". PortalError as for people who launch.
    """
    allocation = Allocation.objects.select_for_update().get(pk=allocation.pk)
    old = jump_of(allocation)
    if old is not None and not state_of(old).lost:
        return old
    lends = lender(
        allocation,
        owner_id=owner.pk if owner else None,
        name=f"{allocation.project_name}'s jump host",
        need=Need.LAUNCH,
    )
    if old is not None and old.how == How.MADE and old.instance.deleted_at is None and old.instance.server_id:
        # Its broken rest would keep the name, the quota and an address.
        _delete_rest(old, reason)
    wanted = offer(allocation=allocation, by=owner or lends, network_id=network_id, lender=lends)
    [operation] = services.launch_for_portal(
        allocation=allocation,
        owner=owner,
        request=wanted.request,
        names=[wanted.request.name],
        reason=reason,
        role="jump",
    )
    machine = Instance.objects.get(pk=operation.target_id)
    return _put(allocation, machine, None, How.MADE, su_per_hour=str(wanted.preview.su_per_hour), why=reason)


def _delete_rest(old: JumpHost, reason: str) -> None:
    try:
        with transaction.atomic():
            services.act_for_portal(
                instance=old.instance, action="delete", reason=reason, params={"release_address": True}
            )
    except PortalError as error:
        # It is being deleted already, or is locked by somebody: the new one is made all the same.
        logger.info("the lost jump host %s stays: %s", old.instance_id, error)


@transaction.atomic
def choose(*, instance: Instance, by: User) -> JumpHost:
    """Its owner, or who acts on others' machines, lends a machine: a login that may only pass on is put there."""
    instance = instance_for(by, instance.pk, Need.ACT)
    allocation = _locked(by, instance.allocation)
    _suits(instance)
    old = jump_of(allocation)
    if old is not None and old.instance_id != instance.pk:
        _let_go(old, by, delete_machine=False)
    made = old is not None and old.instance_id == instance.pk and old.how == How.MADE
    jump = _put(allocation, instance, by, How.MADE if made else How.CHOSEN)
    _submit(INSTALL, instance, by)
    return jump


@transaction.atomic
def remove(*, allocation: Allocation, by: User, delete_machine: bool = False) -> None:
    """Machines without a public address are then reached by nobody. A chosen machine becomes an ordinary one again."""
    allocation = _locked(by, allocation, Need.SEE)
    jump = jump_of(allocation)
    if jump is None:
        raise PortalError("remote:jump-none")
    _let_go(jump, by, delete_machine=delete_machine)
    jump.delete()
    _record("remote.jump-removed", by, jump, deleted=delete_machine)
    _tell(allocation)


def installed(instance: Instance) -> None:
    """The login is there, as the machine itself said."""
    JumpHost.objects.filter(instance=instance).update(ready_at=timezone.now(), error_id="", error_params={})
    _tell(instance.allocation)


def not_installed(instance: Instance, error_id: str, params: dict[str, object]) -> None:
    JumpHost.objects.filter(instance=instance, ready_at=None).update(error_id=error_id, error_params=params)
    _tell(instance.allocation)


def _locked(by: User, allocation: Allocation, need: Need = Need.LAUNCH) -> Allocation:
    """Two who make one at the same moment: the second waits here, and then finds the first one's."""
    Allocation.objects.select_for_update().get(pk=allocation.pk)
    return allocation_by_id(by, allocation.pk, need)


def _suits(instance: Instance) -> None:
    if instance.status != ACTIVE or not instance.public_address:
        raise PortalError("remote:jump-unsuited", name=instance.name)
    if not MachineTrust.objects.filter(instance=instance).exists():
        raise PortalError("remote:jump-no-trust", name=instance.name)


def _let_go(jump: JumpHost, by: User, *, delete_machine: bool) -> None:
    """What is left of the old one: its login on a chosen machine, or the broken rest of one that was made."""
    if not may_change(by, jump):
        raise PortalError("remote:jump-not-yours", name=jump.instance.name)
    machine, made = jump.instance, jump.how == How.MADE
    if machine.deleted_at is not None:
        return
    broken = state_of(jump).lost and bool(machine.server_id) and may(by, machine, Need.ACT)
    if made and (delete_machine or broken):
        services.act(instance=machine, by=by, action="delete", params={"release_address": True})
    elif not made and machine.status == ACTIVE:
        _submit(REMOVE, machine, by)


def _put(allocation: Allocation, machine: Instance, by: User | None, how: str, **detail: object) -> JumpHost:
    values = {
        "instance": machine,
        "login": JUMP_LOGIN,
        "how": how,
        "chosen_by": by,
        "at": timezone.now(),
        "ready_at": None,
        "error_id": "",
        "error_params": {},
    }
    jump, _ = JumpHost.objects.update_or_create(allocation=allocation, defaults=values)
    jump.instance = machine
    _record(f"remote.jump-{how}", by, jump, **detail)
    _tell(allocation)
    return jump


def _submit(kind: str, machine: Instance, by: User) -> None:
    allocation = machine.allocation
    operations.submit(
        kind=kind,
        by=by,
        cloud=allocation.cloud,
        region=allocation.region,
        project_id=allocation.project_id,
        target_type="instance",
        target_id=machine.pk,
        target_name=machine.name,
        spec={},
    )


def _record(action: str, by: User | None, jump: JumpHost, **detail: object) -> None:
    trail.record(action, jump.instance, by=by, **detail)


def _tell(allocation: Allocation) -> None:
    """Pages that show the jump host fetch it again."""
    events.publish([f"allocation.{allocation.pk}"], events.Changed("jump:changed", {"slug": allocation.slug}))
