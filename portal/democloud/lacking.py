"""Clouds that lack something: services out of the catalogue, old versions, missing extensions, closed doors."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from portal.democloud.errors import Fault

if TYPE_CHECKING:
    from portal.democloud.state import World

# Which addresses of Neutron come with which extension.
_PATHS = {
    "auto-allocated-topology": r"/v2\.0/auto-allocated-topology",
    "security-group": r"/v2\.0/security-group",
    "router": r"/v2\.0/(routers|floatingips)",
    "quota_details": r"/v2\.0/quotas/[^/]+/details",
}


@dataclass(frozen=True)
class Lacking:
    """`services`: not in the catalogue; `forbidden`: those that refuse everybody. By the first part of their paths:
    compute, network, image, volume, placement, accounting. `compute_max`: the newest 2.x that Nova knows."""

    services: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    compute_max: int = 96

    @classmethod
    def of(cls, given: dict[str, Any]) -> Lacking:
        known = {field.name for field in fields(cls)}
        if not set(given) <= known or not set(given.get("extensions", ())) <= set(_PATHS):
            raise Fault(400, f"A cloud may lack {sorted(known)}; extensions are {sorted(_PATHS)}.")
        lists = {name: tuple(value) for name, value in given.items() if name != "compute_max"}
        return cls(**lists, compute_max=int(given.get("compute_max", cls.compute_max)))


def check(request: Request, world: World) -> None:
    """Before any service does anything: a refusal, where this cloud is without it."""
    lacking: Lacking = world.lacking
    service, path = request.scope["democloud.service"], request.scope["path"]
    if service in lacking.services:
        raise Fault(404, "The resource could not be found.")
    # Everybody may read the documents about versions.
    versions = service != "accounting" and re.fullmatch(r"/(v[\d.]+/?)?", path)
    if service in lacking.forbidden and not versions:
        raise Fault(403, f"Policy doesn't allow {service} to be used.")
    if service == "network" and any(re.search(_PATHS[name], path) for name in lacking.extensions):
        raise Fault(404, "The resource could not be found.", kind="HTTPNotFound")
