"""Where a server lands: the hosts of Placement, what they have, and what servers already take of it."""

from __future__ import annotations

from collections import Counter

from portal.democloud.model_compute import Flavor, ResourceProvider, Server
from portal.democloud.state import Region

STANDARD = ("VCPU", "MEMORY_MB", "DISK_GB")


def allocations(server: Server) -> list[tuple[str, dict[str, int]]]:
    """(provider id, resources) that the server holds."""
    return server.allocations()


def usages(region: Region) -> dict[str, Counter[str]]:
    """Provider id -> resource class -> used."""
    return {one: region.ledger.of_host(one) for one in region.data.providers}


def choose(region: Region, flavor: Flavor) -> ResourceProvider | None:
    """A host with room for the flavor: the emptiest in vCPUs; None when none has all of it."""
    asked = flavor.needs()
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
