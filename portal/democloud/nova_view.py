"""A server as Nova shows it, by microversion. Renderings are kept until the server changes."""

from __future__ import annotations

import json
from typing import Any

from portal.democloud.clock import iso_micro, iso_z
from portal.democloud.model_compute import Flavor, Server
from portal.democloud.model_network import Port
from portal.democloud.nova_status import status_of
from portal.democloud.state import Region, World

# The versions at which a server's body changes: two versions between the same marks share a rendering.
MARKS = (1, 3, 9, 19, 26, 47, 61, 63, 71, 73, 90, 96)


def bucket(minor: int) -> int:
    return max(mark for mark in MARKS if mark <= minor)


def compute_root(world: World, region: Region) -> str:
    return f"{world.base_url}{region.prefix}/compute"


def links(root: str, kind: str, one: str) -> list[dict[str, str]]:
    return [
        {"rel": "self", "href": f"{root}/v2.1/{kind}/{one}"},
        {"rel": "bookmark", "href": f"{root}/{kind}/{one}"},
    ]


def summary(root: str, server: Server) -> dict[str, Any]:
    return {"id": server.id, "name": server.name, "links": links(root, "servers", server.id)}


def detail_json(world: World, region: Region, server: Server, minor: int, *, listed: bool = False) -> bytes:
    """The whole server as JSON, from the store of renderings if it is unchanged.

    In a list Nova leaves the server groups out."""
    kept = region.renderings(server.id)
    key = (bucket(minor), listed)
    found = kept.get(key)
    if found is None:
        content = detail(world, region, server, minor)
        if listed:
            content.pop("server_groups", None)
        found = kept[key] = json.dumps(content).encode()
    return found


def detail(world: World, region: Region, server: Server, minor: int) -> dict[str, Any]:
    root = compute_root(world, region)
    attachments = [_attachment(one.volume_id, one.delete_on_termination, minor) for one in server.volumes]
    found: dict[str, Any] = {
        **summary(root, server),
        "status": status_of(server),
        "tenant_id": server.project_id,
        "user_id": server.user_id,
        "metadata": server.metadata,
        "hostId": server.host_id,
        "image": _image(root, server),
        "flavor": _flavor(root, server.flavor, minor),
        "created": iso_z(server.created),
        "updated": iso_z(server.updated),
        "addresses": addresses(region, server),
        "accessIPv4": "",
        "accessIPv6": "",
        "OS-DCF:diskConfig": server.disk_config,
        "OS-EXT-AZ:availability_zone": server.availability_zone,
        "config_drive": "True" if server.config_drive else "",
        "key_name": server.key_name,
        "OS-SRV-USG:launched_at": iso_micro(server.launched_at),
        "OS-SRV-USG:terminated_at": iso_micro(server.terminated_at),
        "OS-EXT-STS:task_state": server.task_state,
        "OS-EXT-STS:vm_state": server.vm_state,
        "OS-EXT-STS:power_state": server.power_state,
        "os-extended-volumes:volumes_attached": attachments,
    }
    if server.security_groups and region.server_ports(server.id):
        found["security_groups"] = [{"name": name} for name in server.security_groups]
    if status_of(server) in ("ACTIVE", "BUILD", "REBUILD", "RESIZE", "VERIFY_RESIZE", "REVERT_RESIZE"):
        found["progress"] = server.progress
    if server.fault is not None and server.vm_state in ("error", "deleted"):
        created = iso_z(server.fault.created)
        found["fault"] = {"code": server.fault.code, "created": created, "message": server.fault.message}
    found.update(_newer(server, minor))
    return found


def _newer(server: Server, minor: int) -> dict[str, Any]:
    """The fields that later microversions added, with the version of each."""
    groups = [server.server_group_id] if server.server_group_id else []
    fields: list[tuple[int, str, Any]] = [
        (9, "locked", server.locked),
        (19, "description", server.description),
        (26, "tags", server.tags),
        (63, "trusted_image_certificates", None),
        (71, "server_groups", groups),
        (73, "locked_reason", server.locked_reason),
        (90, "OS-EXT-SRV-ATTR:hostname", server.hostname),
        (96, "pinned_availability_zone", server.spec.get("availability_zone")),
    ]
    return {name: value for since, name, value in fields if minor >= since}


def _attachment(volume_id: str, delete_on_termination: bool, minor: int) -> dict[str, Any]:
    if minor < 3:
        return {"id": volume_id}
    return {"id": volume_id, "delete_on_termination": delete_on_termination}


def _image(root: str, server: Server) -> dict[str, Any] | str:
    """ "" for a server that boots from a volume."""
    if server.image_id is None:
        return ""
    bookmark = {"rel": "bookmark", "href": f"{root}/images/{server.image_id}"}
    return {"id": server.image_id, "links": [bookmark]}


def _flavor(root: str, flavor: Flavor, minor: int) -> dict[str, Any]:
    if minor < 47:
        bookmark = {"rel": "bookmark", "href": f"{root}/flavors/{flavor.id}"}
        return {"id": flavor.id, "links": [bookmark]}
    return {
        "vcpus": flavor.vcpus,
        "ram": flavor.ram,
        "disk": flavor.disk,
        "ephemeral": flavor.ephemeral,
        "swap": flavor.swap,
        "original_name": flavor.name,
        "extra_specs": flavor.extra_specs,
    }


def addresses(region: Region, server: Server) -> dict[str, list[dict[str, Any]]]:
    """Fixed addresses by network name, each followed by the floating ones that lead to it."""
    found: dict[str, list[dict[str, Any]]] = {}
    for port in region.server_ports(server.id):
        network = region.data.networks.get(port.network_id)
        if network is not None:
            found.setdefault(network.name, []).extend(_port_addresses(region, port))
    return found


def _port_addresses(region: Region, port: Port) -> list[dict[str, Any]]:
    found = [_address(port, fixed.ip_address, "fixed") for fixed in port.fixed_ips]
    floating = region.port_floating_ip(port.id)
    if floating is not None:
        found.append(_address(port, floating.floating_ip_address, "floating"))
    return found


def _address(port: Port, address: str, kind: str) -> dict[str, Any]:
    return {
        "version": 6 if ":" in address else 4,
        "addr": address,
        "OS-EXT-IPS:type": kind,
        "OS-EXT-IPS-MAC:mac_addr": port.mac_address,
    }
