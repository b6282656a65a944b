"""Networks, ports and public addresses; and, from security_groups, the firewall rules around them."""

from typing import Any

from portal.cloud import calls, translate
from portal.cloud.connection import Cloud
from portal.cloud.parse import Row, text, texts
from portal.cloud.security_groups import (
    delete_security_group,
    ensure_security_group,
    find_security_groups,
    list_security_groups,
)
from portal.cloud.types import FloatingIp, Network, Port
from portal.core.errors import PortalError

__all__ = [
    "associate",
    "auto_allocated_network",
    "create_floating_ip",
    "delete_floating_ip",
    "delete_security_group",
    "disassociate",
    "ensure_security_group",
    "external_network",
    "find_floating_ip_by_tag",
    "find_security_groups",
    "list_floating_ips",
    "list_networks",
    "list_ports",
    "list_security_groups",
]


@translate.translated("network")
def list_networks(cloud: Cloud) -> list[Network]:
    return [_network(row) for row in calls.rows(cloud, "network", "/networks", "networks")]


@translate.translated("network")
def auto_allocated_network(cloud: Cloud) -> str:
    """The id of the project's own network, which Neutron makes, with its router, when first asked."""
    path = f"/auto-allocated-topology/{cloud.project_id}"
    return str(calls.send(cloud, "network", "GET", path)["auto_allocated_topology"]["id"])


@translate.translated("network")
def external_network(cloud: Cloud) -> Network:
    """Where public addresses come from: the one that portal.yaml names, else the first external one."""
    wanted = cloud.config.portal.external_network_for(cloud.region)
    external = [network for network in list_networks(cloud) if network.external]
    found = next((network for network in external if not wanted or network.name == wanted), None)
    if found is None:
        raise PortalError(
            "cloud:unsupported", service="network", detail=f"no external network {wanted}".strip()
        )
    return found


@translate.translated("network")
def list_ports(cloud: Cloud, server_id: str) -> list[Port]:
    rows = calls.rows(cloud, "network", "/ports", "ports", params={"device_id": server_id})
    return [port for port in map(_port, rows) if port.device_id == server_id]


@translate.translated("network")
def list_project_ports(cloud: Cloud) -> list[Port]:
    """All of the project, on whatever they are."""
    params = {"project_id": cloud.project_id}
    return [_port(row) for row in calls.rows(cloud, "network", "/ports", "ports", params=params)]


@translate.translated("network")
def list_floating_ips(cloud: Cloud) -> list[FloatingIp]:
    """Those of this project: an administrator would see everybody's."""
    params = {"project_id": cloud.project_id}
    return [
        _floating_ip(row)
        for row in calls.rows(cloud, "network", "/floatingips", "floatingips", params=params)
    ]


@translate.translated("network")
def find_floating_ip_by_tag(cloud: Cloud, tag: str) -> FloatingIp | None:
    """By tag, or by description: see `create_floating_ip`."""
    found = (ip for ip in list_floating_ips(cloud) if tag in ip.tags or tag in ip.description.split())
    return next(found, None)


@translate.translated("network")
def create_floating_ip(
    cloud: Cloud, *, port_id: str | None = None, description: str = "", tag: str = ""
) -> FloatingIp:
    """A public address, on a port at once where one is given.

    Neutron tags an address only in a second call, which a lost reply would prevent: so the tag is written
    into the description, which is part of creating it.
    """
    wanted: dict[str, Any] = {"floating_network_id": external_network(cloud).id}
    if port_id is not None:
        wanted["port_id"] = port_id
    if words := " ".join(part for part in (description, tag) if part):
        wanted["description"] = words
    body = calls.send(cloud, "network", "POST", "/floatingips", json={"floatingip": wanted})
    return _floating_ip(body["floatingip"])


@translate.translated("network")
def associate(cloud: Cloud, floating_ip_id: str, port_id: str) -> FloatingIp:
    return _set_port(cloud, floating_ip_id, port_id)


@translate.translated("network")
def disassociate(cloud: Cloud, floating_ip_id: str) -> FloatingIp:
    return _set_port(cloud, floating_ip_id, None)


def delete_floating_ip(cloud: Cloud, floating_ip_id: str) -> None:
    calls.send(cloud, "network", "DELETE", f"/floatingips/{floating_ip_id}")


def _set_port(cloud: Cloud, floating_ip_id: str, port_id: str | None) -> FloatingIp:
    wanted = {"floatingip": {"port_id": port_id}}
    return _floating_ip(
        calls.send(cloud, "network", "PUT", f"/floatingips/{floating_ip_id}", json=wanted)["floatingip"]
    )


def _network(row: Row) -> Network:
    return Network(
        id=row["id"],
        name=text(row, "name"),
        external=bool(row.get("router:external", False)),
        shared=bool(row.get("shared", False)),
        status=text(row, "status"),
        admin_up=bool(row.get("admin_state_up", True)),
        subnet_ids=texts(row.get("subnets")),
    )


def _port(row: Row) -> Port:
    return Port(
        id=row["id"],
        network_id=text(row, "network_id"),
        device_id=text(row, "device_id"),
        mac=text(row, "mac_address"),
        status=text(row, "status"),
        fixed_ips=tuple(entry["ip_address"] for entry in row.get("fixed_ips") or ()),
        security_group_ids=texts(row.get("security_groups")),
    )


def _floating_ip(row: Row) -> FloatingIp:
    details = row.get("port_details") or {}
    on_server = text(details, "device_owner").startswith("compute:")
    return FloatingIp(
        id=row["id"],
        address=row["floating_ip_address"],
        status=text(row, "status"),
        port_id=row.get("port_id"),
        fixed_address=row.get("fixed_ip_address"),
        server_id=text(details, "device_id") or None if on_server else None,
        description=text(row, "description"),
        tags=texts(row.get("tags")),
    )
