"""Public addresses of machines: found before they are made, so that a lost reply never makes a second one."""

from collections.abc import Collection

from instances.actions import ACTIONS
from instances.mirror.adopt import tag_of
from instances.models import Instance
from instances.steps.machine import wait
from portal.cloud import networks
from portal.cloud.connection import Cloud
from portal.cloud.types import FloatingIp, Port, Server
from portal.core.errors import PortalError
from portal.operations.context import Context
from portal.operations.outcomes import Wait

NEW = "new"
SHOWN_WITHIN = 20.0


def shows(server: Server, address: str) -> bool:
    return address in {found.address for found in server.addresses}


def shows_any(server: Server) -> bool:
    return any(found.kind == "floating" for found in server.addresses)


def has_public_address(server: Server, row: Instance) -> bool:
    """A floating one, or a fixed one that the internet reaches."""
    return shows_any(server) or bool(row.public_address)


def of_server(cloud: Cloud, server_id: str) -> list[FloatingIp]:
    """The public addresses on the server's ports; none at a cloud that has nothing for them."""
    try:
        ports = {port.id for port in networks.list_ports(cloud, server_id)}
        return [address for address in networks.list_floating_ips(cloud) if address.port_id in ports]
    except PortalError as error:
        if error.id not in ("cloud:unsupported", "cloud:not-found"):
            raise
        return []


def ensure(ctx: Context, row: Instance, which: str) -> FloatingIp | None:
    """An address on the server: `which` is NEW or the id of one. None while the server has no port yet."""
    ports = networks.list_ports(ctx.cloud, row.server_id)
    port = next((port for port in ports if _has_ipv4(port)), None)
    if port is None:
        return None
    known = networks.list_floating_ips(ctx.cloud)
    on_it = next((address for address in known if address.port_id in {port.id for port in ports}), None)
    if on_it is not None:
        return on_it
    if which == NEW:
        return _new(ctx, row, port, known)
    return _chosen(ctx, port, which, known)


def _new(ctx: Context, row: Instance, port: Port, known: list[FloatingIp]) -> FloatingIp:
    tag = tag_of(ctx.op.pk)
    made = next((address for address in known if tag in address.description.split()), None)
    if made is None:
        return networks.create_floating_ip(
            ctx.cloud, port_id=port.id, description=f"for {row.name[:100]}", tag=tag
        )
    return networks.associate(ctx.cloud, made.id, port.id)


def _chosen(ctx: Context, port: Port, which: str, known: list[FloatingIp]) -> FloatingIp:
    chosen = next((address for address in known if address.id == which), None)
    if chosen is None:
        raise PortalError("instances:address-gone", address="the chosen one")
    if chosen.port_id is not None:
        raise PortalError("instances:address-gone", address=chosen.address)
    return networks.associate(ctx.cloud, chosen.id, port.id)


def soon(ctx: Context, row: Instance, stage: str = "") -> Wait:
    """An address does not count as a change of the server, so the mirror may not see it: look again soon."""
    return wait(ctx, row, ACTIONS["assign_address"].longest_seconds, stage, hurry=False, seconds=2.0)


def late(ctx: Context) -> bool:
    """Nova hears of addresses from Neutron; what takes longer is left to the next full reading."""
    since = ctx.op.step_since or ctx.op.created_at
    return (ctx.now - since).total_seconds() > SHOWN_WITHIN


def release(cloud: Cloud, address_id: str) -> None:
    """Give it back to the pool. That it is gone already is fine."""
    try:
        networks.delete_floating_ip(cloud, address_id)
    except PortalError as error:
        if error.id != "cloud:not-found":
            raise


def release_own(cloud: Cloud, server_id: str, address_ids: Collection[str]) -> set[str]:
    """Release those of them that are still this server's or nobody's; the ids of those that are not.

    Off its machine, an address is free for anybody in the project, who may have taken it since.
    """
    ports = {None, *(port.id for port in networks.list_ports(cloud, server_id))}
    there = [address for address in networks.list_floating_ips(cloud) if address.id in address_ids]
    for address in there:
        if address.port_id in ports:
            release(cloud, address.id)
    return {address.id for address in there if address.port_id not in ports}


def in_use(addresses: Collection[str]) -> str:
    return f"{', '.join(addresses)} is in use by another machine and stays"


def _has_ipv4(port: Port) -> bool:
    return any("." in address for address in port.fixed_ips)
