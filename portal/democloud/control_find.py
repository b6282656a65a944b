"""How a control request names things: by name or id, in a region."""

from __future__ import annotations

from typing import Any

from portal.democloud.errors import Fault
from portal.democloud.state import Region, World


def named(store: dict[str, Any], name: Any, kind: str) -> Any:
    """An object by its name or id; 400 when there is none."""
    found = next((one for one in store.values() if name in (one.name, one.id)), None)
    if found is None:
        raise Fault(400, f"There is no {kind} {name!r}.")
    return found


def region_of(world: World, given: dict[str, Any]) -> Region:
    name = given.get("region", next(iter(world.regions)))
    if name not in world.regions:
        raise Fault(400, f"There is no region {name!r}.")
    return world.regions[name]
