"""Which networks and security groups a new server asks for."""

from __future__ import annotations

from typing import Any

from portal.democloud import fabric
from portal.democloud.errors import Fault
from portal.democloud.model_network import Network, SecurityGroup
from portal.democloud.nova_input import invalid
from portal.democloud.routing import Ctx


def security_groups_of(here: Ctx, wanted: dict[str, Any]) -> list[SecurityGroup]:
    """By name or id; the project's `default` where none is named."""
    given = wanted.get("security_groups") or [{"name": "default"}]
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise invalid("security_groups", given, "it is not a list of objects")
    fabric.default_security_group(here.world, here.region, here.project_id)
    return [find_security_group(here, str(one.get("name", ""))) for one in given]


def find_security_group(here: Ctx, name: str) -> SecurityGroup:
    owned = [g for g in here.region.data.security_groups.values() if g.project_id == here.project_id]
    found = [group for group in owned if name in (group.name, group.id)]
    if not found:
        raise Fault(400, f"Unable to find security_group with name or id '{name}'")
    if len(found) > 1:
        message = f"Multiple security_group matches found for name '{name}', use an ID to be more specific."
        raise Fault(409, message)
    return found[0]


def parse_networks(here: Ctx, wanted: dict[str, Any], *, required: bool) -> list[dict[str, str | None]]:
    """[{"network", "port", "fixed_ip"}] for the ports that the server gets. "auto" makes a topology."""
    given = wanted.get("networks")
    if given == "none" and required:
        return []
    if given == "auto" and required:
        return [_auto(here)]
    if given is None and required:
        raise invalid("server", wanted, "'networks' is a required property")
    if not given:
        return _only_one(here)
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise invalid("networks", given, f"{given!r} is not valid under any of the given schemas")
    return [_one(here, one) for one in given]


def _networks(here: Ctx) -> list[Network]:
    return [
        network
        for network in here.region.data.networks.values()
        if not network.external and (network.shared or network.project_id == here.project_id)
    ]


def _auto(here: Ctx) -> dict[str, str | None]:
    """A network of the project's if there is one, else its auto-allocated topology."""
    own = _networks(here)
    if len(own) > 1:
        _ambiguous()
    if own:
        return {"network": own[0].id, "port": None, "fixed_ip": None}
    topology, _ = fabric.ensure_topology(here.world, here.region, here.project_id)
    return {"network": topology.network_id, "port": None, "fixed_ip": None}


def _ambiguous() -> None:
    raise Fault(409, "Multiple possible networks found, use a Network ID to be more specific.")


def _only_one(here: Ctx) -> list[dict[str, str | None]]:
    own = _networks(here)
    if len(own) > 1:
        _ambiguous()
    return [{"network": network.id, "port": None, "fixed_ip": None} for network in own]


def _one(here: Ctx, given: dict[str, Any]) -> dict[str, str | None]:
    data = here.region.data
    if given.get("port"):
        port = data.ports.get(str(given["port"]))
        if port is None or port.project_id != here.project_id:
            raise Fault(400, f"Port id {given['port']} could not be found.")
        if port.device_id:
            raise Fault(409, f"Port {port.id} is still in use.")
        return {"network": port.network_id, "port": port.id, "fixed_ip": None}
    network = fabric.visible_network(here.region, here.project_id, str(given.get("uuid", "")))
    if network is None:
        raise Fault(400, f"Network {given.get('uuid')} could not be found.")
    if network.external and not here.admin:
        raise Fault(403, f"It is not allowed to create an interface on external network {network.id}")
    if not fabric.network_subnets(here.region, network.id):
        raise Fault(400, f"Network {network.id} requires a subnet in order to boot instances on.")
    return {"network": network.id, "port": None, "fixed_ip": given.get("fixed_ip")}
