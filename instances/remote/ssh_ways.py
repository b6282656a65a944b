"""What files for one's own ssh say besides the mirror: jump hosts, accepted host keys, certificates. Three queries."""

from collections.abc import Sequence
from uuid import UUID

from instances.hooks import SshWay
from instances.models import Instance
from instances.remote import certificates
from instances.remote.models import HostKeyPin, JumpHost, MachineTrust
from instances.ssh_config import SshJump
from portal.cloud.config import clouds


def ways(machines: Sequence[Instance]) -> dict[UUID, SshWay]:
    ids = [machine.pk for machine in machines]
    trusts = {row.instance_id: row for row in MachineTrust.objects.filter(instance__in=ids)}
    jumps = _jumps(machines)
    pins = _pins([*ids, *(jump.instance_id for jump in jumps.values())])
    signs = certificates.hours() > 0
    return {
        machine.pk: SshWay(
            host_keys=_known(machine, pins),
            jump=_jump(jumps.get(machine.allocation_id), machine, pins),
            certificate=signs and machine.pk in trusts,
            login=trusts[machine.pk].login if machine.pk in trusts else "",
        )
        for machine in machines
    }


def _jumps(machines: Sequence[Instance]) -> dict[int, JumpHost]:
    found = JumpHost.objects.filter(allocation__in={machine.allocation_id for machine in machines})
    return {row.allocation_id: row for row in found.select_related("instance__allocation")}


def _jump(row: JumpHost | None, machine: Instance, pins: dict[UUID, list[str]]) -> SshJump | None:
    """None for a machine that is reached directly, and where the way leads through itself."""
    if row is None or row.instance_id == machine.pk or not row.instance.public_address:
        return None
    cloud = clouds().clouds.get(row.instance.allocation.cloud)
    return SshJump(
        id=str(row.instance_id),
        address=row.instance.public_address,
        user=row.login,
        port=cloud.portal.ssh_port if cloud else 22,
        host_keys=_known(row.instance, pins),
    )


def _pins(ids: list[UUID]) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = {}
    for pk, key in HostKeyPin.objects.filter(instance__in=ids, ended_at=None).values_list(
        "instance_id", "key"
    ):
        found.setdefault(pk, []).append(key)
    return found


def _known(machine: Instance, pins: dict[UUID, list[str]]) -> tuple[str, ...]:
    """As `host_keys.known`, for many."""
    return tuple(pins.get(machine.pk) or map(str, machine.host_keys))
