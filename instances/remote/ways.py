"""How a machine is reached by SSH, from what the mirror knows: address, login, host keys, and through which jump host."""

from collections.abc import Sequence
from dataclasses import dataclass

from instances.exosphere import login_user
from instances.models import Instance
from instances.reach import COMING, OFF
from instances.remote import host_keys
from instances.remote.models import JumpHost, MachineTrust
from portal.cloud.config import clouds
from portal.core.errors import PortalError


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One SSH server. `certificate`: it takes ours for this login; `authorities` it knows, by public key."""

    instance_id: str
    address: str
    port: int
    login: str
    host_keys: tuple[str, ...]
    certificate: bool
    authorities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    instance_id: str
    name: str
    hops: tuple[Hop, ...]

    @property
    def machine(self) -> Hop:
        return self.hops[-1]

    @property
    def login(self) -> str:
        return self.machine.login


def way_to(instance: Instance, *, login: str = "") -> Way:
    """The way to a machine of an allocation that came through its door. PortalError says what is missing.

    `remote:not-running`, `remote:building`, `remote:no-address`, `remote:no-host-keys`, `remote:no-login`.
    """
    _running(instance)
    if instance.public_address:
        return Way(str(instance.pk), instance.name, (_hop(instance, instance.public_address, login),))
    jump = JumpHost.objects.filter(allocation=instance.allocation_id).select_related("instance").first()
    if jump is None or not instance.private_address or jump.instance_id == instance.pk:
        raise PortalError("remote:no-address", name=instance.name)
    through = _through(jump, instance)
    return Way(str(instance.pk), instance.name, (through, _hop(instance, instance.private_address, login)))


def stands_still(instance: Instance) -> bool:
    """Whether nothing can run on it now."""
    return bool(instance.deleted_at) or instance.status in OFF


def _through(jump: JumpHost, instance: Instance) -> Hop:
    machine = jump.instance
    machine.allocation = instance.allocation
    if machine.status != "ACTIVE" or machine.deleted_at or not machine.public_address:
        raise PortalError("remote:jump-down", outcome="retry", name=machine.name)
    return _hop(machine, machine.public_address, jump.login)


def _running(instance: Instance) -> None:
    if instance.deleted_at or instance.status in OFF:
        state = "deleted" if instance.deleted_at else OFF[instance.status]
        raise PortalError("remote:not-running", name=instance.name, state=state)
    if instance.status in COMING:
        raise PortalError("remote:building", outcome="retry", name=instance.name)


def _hop(instance: Instance, address: str, login: str) -> Hop:
    trust = MachineTrust.objects.filter(instance=instance).first()
    wanted = login or (trust.login if trust else "") or login_user(instance.metadata, instance.image_name)
    if not wanted:
        raise PortalError("remote:no-login", name=instance.name)
    known = host_keys.known(instance)
    if not known:
        raise PortalError("remote:no-host-keys", outcome="retry", name=instance.name)
    # A jump host's own login takes certificates as well, whatever login its owner uses.
    trusted = trust is not None
    return Hop(
        instance_id=str(instance.pk),
        address=address,
        port=_port(instance),
        login=wanted,
        host_keys=tuple(known),
        certificate=trusted,
        authorities=_texts(trust.authorities) if trust else (),
    )


def _port(instance: Instance) -> int:
    found = clouds().clouds.get(instance.allocation.cloud)
    return found.portal.ssh_port if found else 22


def _texts(stored: object) -> tuple[str, ...]:
    return tuple(str(one) for one in stored) if isinstance(stored, Sequence) else ()
