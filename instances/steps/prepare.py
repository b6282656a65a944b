"""What must be there before a machine: firewall rules, network, key. Found once for all launches."""

import json
from collections.abc import Callable
from functools import partial

from django.conf import settings
from redis.exceptions import RedisError

from allocations.models import Allocation
from instances import hooks, lacking, ssh_rules
from instances.models import Instance
from instances.queue import enqueue
from instances.specs import LaunchSpec
from instances.steps import seat_data
from portal.cloud import keypairs, networks
from portal.cloud.config import clouds
from portal.cloud.types import Keypair, Network
from portal.core.errors import PortalError
from portal.core.redis_client import client
from portal.operations.context import Context
from portal.operations.outcomes import Again, Next, Outcome

# So long what was found for one launch serves the others of the project.
_KEPT = 600
_LOCKED = 40
_AUTO_NAME = "auto_allocated_network"


def prepare(ctx: Context, row: Instance, spec: LaunchSpec) -> Outcome:
    allocation = row.allocation
    shared = _shared(_key_of(allocation), lambda: _find(ctx, allocation), partial(_worth_keeping, allocation))
    if shared is None:
        return Again(0.5, "Preparing the network")
    seat = _of_seat(ctx, allocation, spec)
    if seat is None:
        return Again(0.5, "Preparing the firewall")
    key_name, public_key = _key(ctx, allocation, spec)
    own = _own_group(ctx, allocation, spec) or seat.get("security_group_id", "")
    return Next(
        "create",
        "Asking the cloud for the machine",
        {
            "network_id": spec.network_id or _network_or_complain(allocation, shared),
            "security_group_id": own or shared["security_group_id"],
            "key_name": key_name,
            "public_key": public_key,
            "copies": seat_data.copies(ctx, row, spec),
        },
    )


def _of_seat(ctx: Context, allocation: Allocation, spec: LaunchSpec) -> dict[str, str] | None:
    """Its workshop's firewall group, and no other: the rules of all groups of a machine are added up."""
    seat = spec.seat
    if seat is None or not lacking.has(allocation, "firewall"):
        return {}

    def find() -> dict[str, str]:
        return {"security_group_id": hooks.group_of_seat(ctx.cloud, allocation, seat)}

    found = _shared(_key_of(allocation, spec), find, lambda found: bool(found["security_group_id"]))
    if found is not None and not found["security_group_id"]:
        # Rather no seat than one that everybody in the project's network can reach.
        raise PortalError("instances:no-seat-group", name=seat.title)
    return found


def _find(ctx: Context, allocation: Allocation) -> dict[str, str]:
    """Empty ids where the cloud gives machines a network, or firewall rules, that nobody can choose."""
    return {"security_group_id": _group(ctx, allocation), "network_id": _network(ctx, allocation)}


def _group(ctx: Context, allocation: Allocation) -> str:
    if not lacking.has(allocation, "firewall"):
        return ""
    preset = clouds().cloud(allocation.cloud).portal.security_group_for(allocation.region)
    return networks.ensure_security_group(ctx.cloud, preset.name, preset.rules, preset.description).id


def _own_group(ctx: Context, allocation: Allocation, spec: LaunchSpec) -> str:
    """A jump host lets in nothing that the operator's rules may allow to other machines."""
    if spec.role != "jump" or not lacking.has(allocation, "firewall"):
        return ""
    port = clouds().cloud(allocation.cloud).portal.ssh_port
    preset = ssh_rules.jump_group(settings.REMOTE_SOURCE_ADDRESSES, port)
    return networks.ensure_security_group(ctx.cloud, preset.name, preset.rules, preset.description).id


def _network(ctx: Context, allocation: Allocation) -> str:
    """The project's own network; empty where the person, or the cloud, has to choose."""
    if not lacking.has(allocation, "networks"):
        return ""
    if clouds().cloud(allocation.cloud).portal.auto_allocated and lacking.has(allocation, "own-network"):
        try:
            return networks.auto_allocated_network(ctx.cloud)
        except PortalError as error:
            if error.outcome != "refused":
                raise
    usable = [net for net in networks.list_networks(ctx.cloud) if _usable(net)]
    by_rank = sorted(
        usable, key=lambda net: (net.name != _AUTO_NAME, allocation.project_name not in net.name)
    )
    best = by_rank[0] if by_rank else None
    fits = best is not None and (
        len(usable) == 1 or best.name == _AUTO_NAME or allocation.project_name in best.name
    )
    return best.id if best is not None and fits else ""


def _usable(net: Network) -> bool:
    return not net.external and net.admin_up and net.status == "ACTIVE" and bool(net.subnet_ids)


def _network_or_complain(allocation: Allocation, shared: dict[str, str]) -> str:
    if not shared["network_id"] and lacking.has(allocation, "networks"):
        raise PortalError("instances:no-network")
    return shared["network_id"]


def _key_of(allocation: Allocation, spec: LaunchSpec | None = None) -> str:
    seat = spec.seat if spec else None
    return f"prepared:{allocation.pk}:{seat.workshop}" if seat else f"prepared:{allocation.pk}"


def _worth_keeping(allocation: Allocation, found: dict[str, str]) -> bool:
    return bool(found["network_id"]) or not lacking.has(allocation, "networks")


def _shared(
    key: str, find: Callable[[], dict[str, str]], keep: Callable[[dict[str, str]], bool]
) -> dict[str, str] | None:
    """What `find` found under this key, lately or now; None while another worker is finding it.

    Without Redis every launch finds it for itself, which is slower and does no harm.
    """
    try:
        known = client().get(key)
        if isinstance(known, bytes):
            return dict(json.loads(known))
        if not client().set(f"{key}:lock", "1", nx=True, ex=_LOCKED):
            return None
    except RedisError:
        return find()
    try:
        found = find()
        if keep(found):
            _quietly(lambda: client().set(key, json.dumps(found), ex=_KEPT))
        return found
    finally:
        _quietly(lambda: client().delete(f"{key}:lock"))


def forget(allocation: Allocation, spec: LaunchSpec | None = None) -> None:
    """Find it again: the cloud says that something of it is gone."""
    _quietly(lambda: client().delete(_key_of(allocation), _key_of(allocation, spec)))


def _quietly(call: Callable[[], object]) -> None:
    try:
        call()
    except RedisError:
        return


def _key(ctx: Context, allocation: Allocation, spec: LaunchSpec) -> tuple[str, str]:
    """Name and public half of the person's key at the cloud, where it is put first if it is new."""
    if not spec.key_name:
        return "", ""
    known = {key.name: key for key in keypairs.list_keypairs(ctx.cloud)}
    if not spec.public_key:
        if spec.key_name not in known:
            raise PortalError("instances:key-gone", key=spec.key_name)
        return spec.key_name, known[spec.key_name].public_key
    same = next((key for key in known.values() if _same(key, spec.public_key)), None)
    if same is not None:
        return same.name, same.public_key
    name = _free_name(spec.key_name, known)
    try:
        made = keypairs.create_keypair(ctx.cloud, name, spec.public_key)
    except PortalError as error:
        if error.id != "cloud:conflict":
            raise
        # Another machine of the same launch was quicker: it is in the list now.
        raise PortalError(error.id, outcome="retry", **error.params) from error
    enqueue("read_keys", allocation.pk, ctx.op.by_id)
    return made.name, made.public_key


def _same(key: Keypair, public_key: str) -> bool:
    return key.public_key.split()[:2] == public_key.split()[:2]


def _free_name(wanted: str, known: dict[str, Keypair]) -> str:
    numbered = (f"{wanted}-{number}" for number in range(2, len(known) + 3))
    return wanted if wanted not in known else next(name for name in numbered if name not in known)
