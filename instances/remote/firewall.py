"""Why nothing comes back from a machine's SSH port, from the mirror alone; and the rule that lets the portal in."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import transaction

from allocations.models import Allocation
from allocations.roles import Need
from instances import catalogue, lacking, ssh_rules, trail
from instances.access import instance_for
from instances.models import CatalogueItem, Instance
from instances.remote.firewall_rules import Finding, judge
from instances.remote.jumps import jump_for
from instances.remote.neighbours import address_towards
from portal.accounts.models import User
from portal.cloud.config import clouds
from portal.cloud.schema import SecurityGroupPreset
from portal.cloud.types import SecurityGroup
from portal.core.errors import PortalError
from portal.operations import services as operations
from portal.operations.models import Operation

LET_IN = "remote.let-in"


def instead_of(problem: PortalError, instance: Instance) -> PortalError:
    """That nothing came back, said by its cause where the mirror knows one: the machine's rules, or its jump host's."""
    if problem.id != "remote:timeout":
        return problem
    jump = jump_for(instance)
    at_jump = jump is not None and problem.params.get("address") == jump.instance.public_address
    return explain(jump.instance if jump is not None and at_jump else instance) or problem


def explain(instance: Instance) -> PortalError | None:
    """For a machine whose SSH port did not answer in time: what its firewall rules say; None: not they."""
    jump = jump_for(instance)
    finding = _finding(instance, jump.instance if jump else None)
    if finding is None or finding.verdict == "open":
        return None
    words: dict[str, Any] = {
        "name": instance.name,
        "machine": str(instance.pk),
        "groups": ", ".join(map(str, instance.security_groups)),
        "port": _port(instance.allocation) if jump is None else 22,
        "source": "the portal" if jump is None else f"the jump host {jump.instance.name}",
    }
    if finding.verdict == "unsure":
        allowed = ", ".join(finding.allowed)
        return PortalError("remote:firewall-narrow", outcome="retry", allowed=allowed, **words)
    return PortalError("remote:firewall", **words)


def rules_for(instance: Instance) -> SecurityGroupPreset:
    """The group that lets in whoever has to reach the machine: the portal, or its project's jump host."""
    jump = jump_for(instance)
    if jump is None:
        return ssh_rules.let_in_group(settings.REMOTE_SOURCE_ADDRESSES, _port(instance.allocation))
    address = address_towards(jump.instance, instance)
    if not address:
        raise PortalError(
            "remote:jump-down", outcome="retry", name=jump.instance.name, why="It has no address."
        )
    return ssh_rules.behind_group([address])


@transaction.atomic
def let_in(*, instance: Instance, by: User) -> Operation:
    """Asked twice, the second gets the first one's operation."""
    Instance.objects.select_for_update().filter(pk=instance.pk).first()
    instance = instance_for(by, instance.pk, Need.ACT)
    if not lacking.has(instance.allocation, "firewall"):
        raise PortalError("remote:firewall-none")
    going_on = operations.live_for("instance", [instance.pk]).get(str(instance.pk))
    if going_on is not None and going_on.kind == LET_IN:
        return going_on
    preset = rules_for(instance)
    allocation = instance.allocation
    operation = operations.submit(
        kind=LET_IN,
        by=by,
        cloud=allocation.cloud,
        region=allocation.region,
        project_id=allocation.project_id,
        target_type="instance",
        target_id=instance.pk,
        target_name=instance.name,
        spec={"group": preset.model_dump(mode="json")},
    )
    trail.record(
        "remote.let-in",
        instance,
        by=by,
        group=preset.name,
        rules=[rule.model_dump(mode="json", exclude_none=True) for rule in preset.rules],
    )
    return operation


def _finding(instance: Instance, jump: Instance | None) -> Finding | None:
    """None where the mirror does not know all of the machine's rules, or the cloud has none."""
    names = [str(name) for name in instance.security_groups]
    groups = _groups(instance.allocation, names)
    if not names or {group.name for group in groups} != set(names):
        return None
    if jump is None:
        kind = "IPv6" if ":" in instance.public_address else "IPv4"
        sources = settings.REMOTE_SOURCE_ADDRESSES
        return judge(groups, port=_port(instance.allocation), sources=sources, ethertype=kind)
    address = address_towards(jump, instance)
    if not address:
        return None
    own = [group.id for group in _groups(instance.allocation, jump.security_groups)]
    return judge(groups, port=22, sources=[address], member_of=own)


def _groups(allocation: Allocation, names: Iterable[object]) -> list[SecurityGroup]:
    wanted = [str(name) for name in names]
    rows = CatalogueItem.objects.filter(
        allocation=allocation, kind=CatalogueItem.Kind.SECURITY_GROUP, name__in=wanted, user=None
    )
    return [catalogue.value_of(row) for row in rows]


def _port(allocation: Allocation) -> int:
    return clouds().cloud(allocation.cloud).portal.ssh_port
