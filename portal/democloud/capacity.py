"""Where a server lands: the hosts of Placement, what they have, and what servers already take of it."""

from __future__ import annotations

from collections import Counter

from portal.democloud.model_compute import Flavor, ResourceProvider, Server
from portal.democloud.state import Region

STANDARD = ("VCPU", "MEMORY_MB", "DISK_GB")


def wanted(flavor: Flavor) -> dict[str, int]:
    plain = {"VCPU": flavor.vcpus, "MEMORY_MB": flavor.ram, "DISK_GB": flavor.disk}
    return {name: amount for name, amount in (plain | flavor.resources()).items() if amount}


def allocations(server: Server) -> list[tuple[str, dict[str, int]]]:
    """(provider id, resources) that the server holds: two while a resize waits to be confirmed."""
    found: list[tuple[str, dict[str, int]]] = []
    if server.provider_id and not server.gone:
        found.append((server.provider_id, wanted(server.flavor)))
    if server.old_provider_id and server.old_flavor:
        found.append((server.old_provider_id, wanted(server.old_flavor)))
    return found


def usages(region: Region) -> dict[str, Counter[str]]:
    """Provider id -> resource class -> used."""
    used: dict[str, Counter[str]] = {one: Counter() for one in region.data.providers}
    for server in region.data.servers.values():
        for provider_id, resources in allocations(server):
            if provider_id in used:
                used[provider_id].update(resources)
    return used


def choose(region: Region, flavor: Flavor) -> ResourceProvider | None:
    """A host with room for the flavor: the emptiest in vCPUs; None when none has all of it."""
    asked = wanted(flavor)
    used = usages(region)
    fitting = [
        (used[one.id]["VCPU"], one.name, one)
        for one in region.data.providers.values()
        if _is_kind(one, flavor)
        and all(one.inventory.get(name, 0) - used[one.id][name] >= n for name, n in asked.items())
    ]
    return min(fitting)[2] if fitting else None


def _is_kind(provider: ResourceProvider, flavor: Flavor) -> bool:
    """Hosts with GPUs take only flavors that ask for one: aggregates keep the others off."""
    custom = {name for name in provider.inventory if name not in STANDARD}
    return bool(custom) == bool(flavor.resources())
