"""Quotas of block storage: limits, use, and the refusals with their numbers."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud.errors import Fault
from portal.democloud.routing import Ctx, answer, ctx, route
from portal.democloud.state import Region

DEFAULTS = {
    "volumes": 10,
    "per_volume_gigabytes": -1,
    "snapshots": 10,
    "gigabytes": 1000,
    "backups": 10,
    "backup_gigabytes": 1000,
    "groups": 10,
}


def quota(region: Region, project_id: str, name: str) -> int:
    own = region.data.quotas.get(project_id, {})
    return own.get(name, region.data.default_quotas.get(name, DEFAULTS[name]))


def used(region: Region, project_id: str) -> dict[str, int]:
    """Snapshots take gigabytes as volumes do."""
    volumes = [one for one in region.data.volumes.values() if one.project_id == project_id]
    snapshots = [one for one in region.data.snapshots.values() if one.project_id == project_id]
    return {
        "volumes": len(volumes),
        "snapshots": len(snapshots),
        "gigabytes": sum(one.size for one in volumes) + sum(one.size for one in snapshots),
    }


def check(here: Ctx, *, gigabytes: int, volumes: int = 0, snapshots: int = 0) -> None:
    """413 `overLimit`, as Cinder words it for what would be too much."""
    have = used(here.region, here.project_id)
    limit = quota(here.region, here.project_id, "gigabytes")
    if 0 <= limit < have["gigabytes"] + gigabytes:
        message = (
            "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. "
            f"Requested {gigabytes}G, quota is {limit}G and {have['gigabytes']}G has been consumed."
        )
        raise Fault(413, message, headers={"Retry-After": "0"})
    for name, more, title in (("volumes", volumes, "Volume"), ("snapshots", snapshots, "Snapshot")):
        allowed = quota(here.region, here.project_id, name)
        if more and 0 <= allowed < have[name] + more:
            most = f"Maximum number of {name} allowed ({allowed}) exceeded for quota '{name}'."
            message = f"{title}LimitExceeded: {most}"
            raise Fault(413, message, headers={"Retry-After": "0"})


async def limits(request: Request) -> Response:
    here = ctx(request)
    have = used(here.region, here.project_id)

    def limit(name: str) -> int:
        return quota(here.region, here.project_id, name)

    absolute = {
        "maxTotalVolumes": limit("volumes"),
        "maxTotalSnapshots": limit("snapshots"),
        "maxTotalVolumeGigabytes": limit("gigabytes"),
        "maxTotalBackups": limit("backups"),
        "maxTotalBackupGigabytes": limit("backup_gigabytes"),
        "totalVolumesUsed": have["volumes"],
        "totalGigabytesUsed": have["gigabytes"],
        "totalSnapshotsUsed": have["snapshots"],
        "totalBackupsUsed": 0,
        "totalBackupGigabytesUsed": 0,
    }
    return answer({"limits": {"rate": [], "absolute": absolute}})


def _asked(request: Request) -> tuple[Ctx, str]:
    here = ctx(request)
    project_id = request.path_params["target_id"]
    if project_id != here.project_id and not here.admin:
        raise Fault(403, "Policy doesn't allow volume_extension:quotas:show to be performed.")
    return here, project_id


async def quota_set(request: Request) -> Response:
    here, project_id = _asked(request)
    have = used(here.region, project_id)
    detailed = request.query_params.get("usage", "").lower() == "true"
    found: dict[str, Any] = {"id": project_id}
    for name in DEFAULTS:
        limit = quota(here.region, project_id, name)
        found[name] = {"limit": limit, "in_use": have.get(name, 0), "reserved": 0} if detailed else limit
    return answer({"quota_set": found})


async def default_quota_set(request: Request) -> Response:
    here, project_id = _asked(request)
    found: dict[str, Any] = {"id": project_id}
    found |= {name: here.region.data.default_quotas.get(name, DEFAULTS[name]) for name in DEFAULTS}
    return answer({"quota_set": found})


def routes() -> list[Route]:
    return [
        route("GET", "/v3/{project_id}/limits", limits),
        route("GET", "/v3/{project_id}/os-quota-sets/{target_id}", quota_set),
        route("GET", "/v3/{project_id}/os-quota-sets/{target_id}/defaults", default_quota_set),
    ]
