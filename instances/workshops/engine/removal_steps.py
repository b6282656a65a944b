"""The worker's side of a removal: what the cloud still has of a workshop is removed, and then counted by its own lists."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from instances import lacking
from instances.exosphere import INSTANCE_KEY
from instances.models import Instance
from instances.workshops import hooks
from instances.workshops.engine import removal
from instances.workshops.engine.launching import WORKSHOP_KEY
from instances.workshops.guests import removal as guests
from instances.workshops.models import Workshop
from portal.cloud import keypairs, networks, servers, volumes
from portal.cloud.connection import Cloud
from portal.cloud.types import Server
from portal.core.errors import PortalError
from portal.operations.context import Context
from portal.operations.outcomes import Again, Done, Next, Outcome

_AGAIN = 5.0


@dataclass(frozen=True, slots=True)
class Made:
    """What rows know of its machines: their servers, their own ids, and the volumes that were made with them."""

    server_ids: frozenset[str]
    instance_ids: frozenset[str]
    volume_ids: frozenset[str]
    key_names: frozenset[str]


def run(ctx: Context) -> Outcome:
    workshop = Workshop.objects.select_related("allocation", "owner").filter(pk=ctx.op.target_id).first()
    if workshop is None or workshop.state not in (Workshop.State.REMOVING, Workshop.State.CANCELLED):
        return Done("There is nothing to remove any more")
    made = made_of(workshop)
    if ctx.step == "start":
        return _clear(ctx, workshop, made)
    counted = count(workshop, ctx.cloud, made)
    if removal.finish(workshop, counted):
        return Done("Nothing is left")
    left = ", ".join(f"{number} {kind.replace('_', ' ')}" for kind, number in counted.items() if number)
    return (
        Next("start", f"Still there: {left}"[:120])
        if _waited(ctx)
        else Again(_AGAIN, f"Still there: {left}"[:120])
    )


def _waited(ctx: Context) -> bool:
    """What does not go by itself is asked to go once more, now and then."""
    since = ctx.op.step_since or ctx.op.created_at
    return (ctx.now - since).total_seconds() > 6 * _AGAIN


def _clear(ctx: Context, workshop: Workshop, made: Made) -> Outcome:
    """Servers that no row knows of (their launch lost them), and what else was made."""
    strays = _servers(ctx.cloud, workshop, made)
    for server in strays:
        ctx.check()
        _drop(ctx.cloud, servers.delete_server, server.id)
    if strays:
        return Again(_AGAIN, f"Deleting {len(strays)} servers that were left")
    _delete_volumes(ctx, workshop, made)
    if not guests.remove(ctx.cloud, workshop):
        return Again(_AGAIN, "Removing its firewall group and data")
    return Next("count", "Counting what is left")


def _delete_volumes(ctx: Context, workshop: Workshop, made: Made) -> None:
    """Root disks that did not go with their machine."""
    if not made.volume_ids or not lacking.has(workshop.allocation, "volumes"):
        return
    for volume in volumes.list_volumes(ctx.cloud):
        if volume.id in made.volume_ids and volume.status in ("available", "error"):
            ctx.check()
            _drop(ctx.cloud, volumes.delete_volume, volume.id)


def _drop(cloud: Cloud, delete: Callable[[Cloud, str], None], cloud_id: str) -> None:
    """What is gone, or going already, is as wanted; the count tells of what stays."""
    try:
        delete(cloud, cloud_id)
    except PortalError as error:
        if error.outcome != "refused":
            raise


def made_of(workshop: Workshop) -> Made:
    """Of every machine that was ever made for it. One query."""
    rows = Instance.objects.filter(seat_machine__workshop=workshop).values_list(
        "pk", "server_id", "volumes", "volume_backed", "key_name"
    )
    found = list(rows)
    roots = {
        str(volume.get("id"))
        for _, _, attached, backed, _ in found
        for volume in attached
        if backed and volume.get("boot")
    }
    return Made(
        server_ids=frozenset(server for _, server, _, _, _ in found if server),
        instance_ids=frozenset(str(pk) for pk, _, _, _, _ in found),
        volume_ids=frozenset(roots),
        key_names=frozenset(key for _, _, _, _, key in found if key),
    )


def count(workshop: Workshop, cloud: Cloud, made: Made) -> dict[str, int]:
    """By the cloud's own lists, not by our rows."""
    allocation = workshop.allocation
    counted = {"servers": len(_servers(cloud, workshop, made)), "ports": 0, "addresses": 0, "volumes": 0}
    if lacking.has(allocation, "networks"):
        counted["ports"] = len(_ports(cloud, made.server_ids))
    if lacking.has(allocation, "public-addresses"):
        found = networks.list_floating_ips(cloud)
        counted["addresses"] = sum(1 for one in found if one.server_id in made.server_ids)
    if lacking.has(allocation, "volumes"):
        counted["volumes"] = sum(
            1
            for volume in volumes.list_volumes(cloud)
            if volume.id in made.volume_ids
            or any(one.server_id in made.server_ids for one in volume.attachments)
        )
    names = {key.name for key in keypairs.list_keypairs(cloud)}
    counted["keys"] = len(names & made.key_names)
    return {**counted, **hooks.count_left(workshop, cloud)}


def _servers(cloud: Cloud, workshop: Workshop, made: Made) -> list[Server]:
    """By their ids; and what says of itself that it is one of its machines, by both of our marks."""
    return [
        server
        for server in servers.list_servers(cloud)
        if server.id in made.server_ids
        or (
            server.metadata.get(WORKSHOP_KEY) == str(workshop.pk)
            and server.metadata.get(INSTANCE_KEY) in made.instance_ids
        )
    ]


def _ports(cloud: Cloud, server_ids: Collection[str]) -> list[str]:
    return [port.id for port in networks.list_project_ports(cloud) if port.device_id in server_ids]
