"""Quotas of compute: what is used, the refusal with its numbers, `/limits` and `/os-quota-sets`."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud.errors import Fault
from portal.democloud.microversions import microversion
from portal.democloud.model_compute import Flavor
from portal.democloud.routing import answer, ctx, route
from portal.democloud.state import Region

COMPUTE = (
    "instances",
    "cores",
    "ram",
    "metadata_items",
    "key_pairs",
    "server_groups",
    "server_group_members",
)
OLD_NETWORK = ("fixed_ips", "floating_ips", "security_groups", "security_group_rules")
OLD_FILES = ("injected_files", "injected_file_content_bytes", "injected_file_path_bytes")


def used(region: Region, project_id: str) -> dict[str, int]:
    held = region.ledger.of_project(project_id)
    groups = [one for one in region.data.server_groups.values() if one.project_id == project_id]
    found = {name: held[name] for name in ("instances", "cores", "ram")}
    return found | {"server_groups": len(groups)}


def check(
    region: Region, project_id: str, flavor: Flavor, *, count: int = 1, less: Flavor | None = None
) -> None:
    """403 naming every quota that `count` machines of the flavor (in place of `less`) would break."""
    asked = {"instances": 0 if less else count, "cores": flavor.vcpus * count, "ram": flavor.ram * count}
    if less is not None:
        asked["cores"] -= less.vcpus
        asked["ram"] -= less.ram
    have = used(region, project_id)
    limits = {name: region.quota(project_id, name) for name in asked}
    over = sorted(n for n in asked if asked[n] > 0 and 0 <= limits[n] < have[n] + asked[n])
    if over:
        numbers = [", ".join(str(side[name]) for name in over) for side in (asked, have, limits)]
        names = ", ".join(over)
        message = (
            f"Quota exceeded for {names}: Requested {numbers[0]}, "
            f"but already used {numbers[1]} of {numbers[2]} {names}"
        )
        raise Fault(403, message)


async def limits(request: Request) -> Response:
    here = ctx(request)
    project_id = request.query_params.get("tenant_id") if here.admin else None
    project_id = project_id or here.project_id
    have = used(here.region, project_id)

    def quota(name: str) -> int:
        return here.region.quota(project_id, name)

    absolute = {
        "maxServerMeta": quota("metadata_items"),
        "maxTotalInstances": quota("instances"),
        "maxTotalRAMSize": quota("ram"),
        "maxTotalCores": quota("cores"),
        "maxTotalKeypairs": quota("key_pairs"),
        "maxServerGroups": quota("server_groups"),
        "maxServerGroupMembers": quota("server_group_members"),
        "totalRAMUsed": have["ram"],
        "totalCoresUsed": have["cores"],
        "totalInstancesUsed": have["instances"],
        "totalServerGroupsUsed": have["server_groups"],
    }
    if microversion(request) < 36:
        absolute |= {"maxTotalFloatingIps": -1, "maxSecurityGroups": -1, "maxSecurityGroupRules": -1}
        absolute |= {"totalFloatingIpsUsed": 0, "totalSecurityGroupsUsed": 0}
    if microversion(request) < 39:
        absolute["maxImageMeta"] = quota("metadata_items")
    if microversion(request) < 57:
        absolute |= {"maxPersonality": 5, "maxPersonalitySize": 10240}
    return answer({"limits": {"rate": [], "absolute": absolute}})


def _quota_names(minor: int) -> tuple[str, ...]:
    names: tuple[str, ...] = COMPUTE
    if minor < 36:
        names += OLD_NETWORK
    if minor < 57:
        names += OLD_FILES
    return names


async def quota_set(request: Request) -> Response:
    """The limits of a project; with `/detail`, what is used and reserved beside each."""
    here = ctx(request)
    project_id = request.path_params["project_id"]
    if project_id != here.project_id and not here.admin:
        raise Fault(403, "Policy doesn't allow os_compute_api:os-quota-sets:show to be performed.")
    have = used(here.region, project_id)
    found: dict[str, Any] = {"id": project_id}
    for name in _quota_names(microversion(request)):
        limit = here.region.quota(project_id, name) if name in COMPUTE else -1
        detailed = {"limit": limit, "in_use": have.get(name, 0), "reserved": 0}
        found[name] = detailed if request.scope["path"].endswith("/detail") else limit
    return answer({"quota_set": found})


async def default_quota_set(request: Request) -> Response:
    here = ctx(request)
    names = [name for name in _quota_names(microversion(request)) if name in COMPUTE]
    found: dict[str, Any] = {name: here.region.data.default_quotas[name] for name in names}
    return answer({"quota_set": {"id": request.path_params["project_id"], **found}})


def routes() -> list[Route]:
    return [
        route("GET", "/v2.1/limits", limits),
        route("GET", "/v2.1/os-quota-sets/{project_id}", quota_set),
        route("GET", "/v2.1/os-quota-sets/{project_id}/detail", quota_set),
        route("GET", "/v2.1/os-quota-sets/{project_id}/defaults", default_quota_set),
    ]
