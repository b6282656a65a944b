"""How Cinder shows its objects, and how it pages its lists."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from portal.democloud.clock import iso_micro
from portal.democloud.errors import Fault
from portal.democloud.model_storage import Volume, VolumeSnapshot
from portal.democloud.routing import Ctx, answer, base_url

MAX_LIMIT = 1000
HOST_ATTRIBUTES = ("os-vol-tenant-attr:tenant_id",)


def links(request: Request, kind: str, one: str) -> list[dict[str, str]]:
    root, project_id = base_url(request), request.path_params["project_id"]
    bookmark = root.removesuffix("/v3")
    return [
        {"rel": "self", "href": f"{root}/{project_id}/{kind}/{one}"},
        {"rel": "bookmark", "href": f"{bookmark}/{project_id}/{kind}/{one}"},
    ]


def volume(request: Request, one: Volume) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": one.id,
        "status": one.status,
        "size": one.size,
        "availability_zone": one.availability_zone,
        "created_at": iso_micro(one.created_at),
        "updated_at": iso_micro(one.updated_at),
        "name": one.name,
        "description": one.description,
        "volume_type": one.volume_type,
        "snapshot_id": one.snapshot_id,
        "source_volid": one.source_volid,
        "metadata": dict(one.metadata),
        "links": links(request, "volumes", one.id),
        "user_id": one.user_id,
        "bootable": "true" if one.bootable else "false",
        "encrypted": one.encrypted,
        "replication_status": None,
        "consistencygroup_id": None,
        "multiattach": one.multiattach,
        "attachments": [
            {
                "id": one.id,
                "attachment_id": to.attachment_id,
                "volume_id": one.id,
                "server_id": to.server_id,
                "host_name": None,
                "device": to.device,
                "attached_at": iso_micro(to.attached_at),
            }
            for to in one.attachments
        ],
        "os-vol-tenant-attr:tenant_id": one.project_id,
    }
    if one.image_metadata:
        shown["volume_image_metadata"] = dict(one.image_metadata)
    return shown


def snapshot(request: Request, one: VolumeSnapshot) -> dict[str, Any]:
    return {
        "id": one.id,
        "created_at": iso_micro(one.created_at),
        "updated_at": iso_micro(one.updated_at),
        "name": one.name,
        "description": one.description,
        "volume_id": one.volume_id,
        "status": one.status,
        "size": one.size,
        "metadata": dict(one.metadata),
        "os-extended-snapshot-attributes:project_id": one.project_id,
        "os-extended-snapshot-attributes:progress": "100%" if one.status == "available" else "0%",
    }


def owned(here: Ctx, one: Volume | VolumeSnapshot) -> bool:
    return one.project_id == here.project_id


def chosen(request: Request, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that the filters let through; Cinder ignores filters that it does not know."""
    for name in ("name", "status", "volume_id", "bootable", "availability_zone", "volume_type"):
        asked = request.query_params.get(name)
        if asked is not None:
            rows = [row for row in rows if name not in row or str(row[name]).lower() == asked.lower()]
    return _ordered(request, rows)


def _ordered(request: Request, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`sort=name:asc`, else the newest first."""
    plan = request.query_params.get("sort") or "created_at:desc,id:desc"
    for part in reversed(plan.split(",")):
        key, _, direction = part.partition(":")
        if rows and key not in rows[0]:
            raise Fault(400, f"Invalid input received: Sort key {key} is not valid")
        rows.sort(key=lambda row: str(row[key]), reverse=direction != "asc")
    return rows


def paged(request: Request, key: str, title: str, rows: list[dict[str, Any]]) -> Response:
    text = request.query_params.get("limit")
    if text is not None and not text.isdigit():
        negative = text.startswith("-") and text[1:].isdigit()
        raise Fault(400, f"limit param must be {'positive' if negative else 'an integer'}")
    limit = min(int(text), MAX_LIMIT) if text is not None else MAX_LIMIT
    marker = request.query_params.get("marker")
    if marker is not None:
        ids = [row["id"] for row in rows]
        if marker not in ids:
            raise Fault(404, f"{title} {marker} could not be found.")
        rows = rows[ids.index(marker) + 1 :]
    page = rows[:limit]
    content: dict[str, Any] = {key: page}
    if page and len(page) == limit and len(rows) >= limit and text is not None:
        kept = [(k, v) for k, v in request.query_params.multi_items() if k != "marker"]
        path = request.scope["path"].removeprefix(request.scope["root_path"]).removeprefix("/v3")
        href = f"{base_url(request)}{path}?{urlencode([*kept, ('marker', page[-1]['id'])])}"
        content[f"{key}_links"] = [{"rel": "next", "href": href}]
    return answer(content)
