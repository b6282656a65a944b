"""How a machine is reached by SSH, from what the mirror knows: address, login, host keys, and through which jump host."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from instances.exosphere import login_user
from instances.models import Instance
from instances.reach import COMING, OFF
from instances.remote import host_keys
from instances.remote.jump_states import state_of
from instances.remote.jumps import jump_for
from instances.remote.models import JumpHost, MachineTrust
from instances.remote.neighbours import address_behind
from instances.states import ACTIONS
from portal.cloud.config import clouds
from portal.core.errors import PortalError
from portal.operations import services as operations


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

    def by_login(self, login: str) -> "Way":
        """The same machine by another account, which takes no certificate unless the machine was told so."""
        if login == self.login:
            return self
        return replace(self, hops=(*self.hops[:-1], replace(self.machine, login=login, certificate=False)))


def way_to(instance: Instance, *, login: str = "") -> Way:
    """The way to a machine of an allocation that came through its door. PortalError says what is missing.

    `remote:not-running`, `remote:building`, `remote:no-address`, `remote:no-host-keys`, `remote:no-login`.
    """
    _running(instance)
    if instance.public_address:
        return Way(str(instance.pk), instance.name, (_hop(instance, instance.public_address, login),))
    jump = jump_for(instance)
    if jump is None:
        coming = _address_is_coming(instance)
        raise PortalError(
            "remote:address-coming" if coming else "remote:no-address",
            outcome="retry" if coming else "refused",
            name=instance.name,
        )
    address = address_behind(jump.instance, instance)
    return Way(str(instance.pk), instance.name, (_through(jump), _hop(instance, address, login)))


def _address_is_coming(instance: Instance) -> bool:
    """While it is being launched: the cloud says that it runs before the portal has given it its public address."""
    launch = operations.live_for("instance", [instance.pk]).get(str(instance.pk))
    if launch is None or launch.kind != "instance.launch" or launch.step == "setup":
        return False
    return bool(launch.spec.get("address") != "none")


def stands_still(instance: Instance) -> bool:
    """Whether nothing can run on it now."""
    return bool(instance.deleted_at) or instance.status in OFF


def _through(jump: JumpHost) -> Hop:
    """`remote:jump-coming`, `remote:jump-down`: in words, and with what brings it back."""
    machine, state = jump.instance, state_of(jump)
    words: dict[str, Any] = {"name": machine.name, "why": state.words, "jump": str(machine.pk)}
    if state.busy:
        raise PortalError("remote:jump-coming", outcome="retry", **words)
    if not state.usable:
        label = ACTIONS[state.action].label if state.action else ""
        again: dict[str, Any] = {"action": state.action, "action_label": label, "lost": state.lost}
        raise PortalError("remote:jump-down", outcome="retry", **words, **again)
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
