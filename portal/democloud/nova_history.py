"""What was done to a server (`os-instance-actions`), and what it used (`os-simple-tenant-usage`)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud.clock import iso_micro, parse_iso
from portal.democloud.errors import Fault
from portal.democloud.microversions import microversion
from portal.democloud.model_compute import ActionEvent, InstanceAction, Server
from portal.democloud.nova_find import find_server
from portal.democloud.nova_list import page_limit
from portal.democloud.routing import Ctx, answer, base_url, ctx, route

ACTIONS = "/v2.1/servers/{server_id}/os-instance-actions"


def _asked(request: Request) -> tuple[Ctx, Server]:
    """Deleted servers keep their history (2.21)."""
    here = ctx(request)
    server = here.region.data.servers.get(request.path_params["server_id"])
    if server is not None and server.project_id == here.project_id and microversion(request) >= 21:
        return here, server
    return here, find_server(here, request.path_params["server_id"])


def _action(server: Server, line: InstanceAction, minor: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "action": line.action,
        "instance_uuid": server.id,
        "message": line.message,
        "project_id": line.project_id,
        "request_id": line.request_id,
        "start_time": iso_micro(line.start_time),
        "user_id": line.user_id,
    }
    return found | ({"updated_at": iso_micro(line.updated_at)} if minor >= 58 else {})


def _event(event: ActionEvent, server: Server, minor: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "event": event.event,
        "start_time": iso_micro(event.start_time),
        "finish_time": iso_micro(event.finish_time),
        "result": event.result,
        "traceback": None,
    }
    if minor >= 62:
        found["hostId"] = server.host_id
    if minor >= 84:
        found["details"] = event.details
    return found


async def list_actions(request: Request) -> Response:
    """Newest first."""
    _, server = _asked(request)
    minor = microversion(request)
    lines = list(reversed(server.actions))
    if minor >= 58 and "changes-since" in request.query_params:
        since = _moment(request.query_params["changes-since"])
        lines = [line for line in lines if line.updated_at >= since]
    content: dict[str, Any] = {}
    if minor >= 58:
        lines = _after(lines, request.query_params.get("marker"))[: page_limit(request)]
        if "limit" in request.query_params and len(lines) == page_limit(request):
            query = f"limit={len(lines)}&marker={lines[-1].request_id}" if lines else "limit=0"
            href = f"{base_url(request)}/servers/{server.id}/os-instance-actions?{query}"
            content["links"] = [{"rel": "next", "href": href}]
    return answer({"instanceActions": [_action(server, line, minor) for line in lines], **content})


def _after(lines: list[InstanceAction], marker: str | None) -> list[InstanceAction]:
    if marker is None:
        return lines
    ids = [line.request_id for line in lines]
    if marker not in ids:
        raise Fault(400, f"Marker {marker} could not be found.")
    return lines[ids.index(marker) + 1 :]


async def show_action(request: Request) -> Response:
    _, server = _asked(request)
    minor, request_id = microversion(request), request.path_params["request_id"]
    for line in server.actions:
        if line.request_id == request_id:
            found = _action(server, line, minor)
            found["events"] = [_event(event, server, minor) for event in reversed(line.events)]
            return answer({"instanceAction": found})
    raise Fault(404, f"Action {request_id} not found")


def _moment(text: str) -> datetime:
    try:
        return parse_iso(text)
    except ValueError:
        raise Fault(400, f"Datetime is in invalid format: {text}") from None


def _hours(server: Server, start: datetime, end: datetime) -> float:
    if server.launched_at is None:
        return 0.0
    begin = max(server.launched_at, start)
    stop = min(server.terminated_at or end, end)
    return max((stop - begin).total_seconds() / 3600, 0.0)


def _was_there(server: Server, start: datetime, end: datetime) -> bool:
    """Also one that lived for less than a second, whose hours are none."""
    if start >= end or server.launched_at is None or server.launched_at >= end:
        return False
    return server.terminated_at is None or server.terminated_at > start


def _usage(here: Ctx, server: Server, start: datetime, end: datetime) -> dict[str, Any]:
    """As Nova tells it: from the (last) launch on, never of servers that were not launched."""
    stop = server.terminated_at or here.world.now()
    return {
        "instance_id": server.id,
        "name": server.name,
        "tenant_id": server.project_id,
        "flavor": server.flavor.name,
        "hours": _hours(server, start, end),
        "vcpus": server.flavor.vcpus,
        "memory_mb": server.flavor.ram,
        "local_gb": server.flavor.disk,
        "started_at": iso_micro(server.launched_at),
        "ended_at": iso_micro(server.terminated_at),
        "state": "terminated" if server.terminated_at else server.vm_state,
        "uptime": int((stop - (server.launched_at or server.created)).total_seconds()),
    }


async def tenant_usage(request: Request) -> Response:
    """Without `start` and `end` both are now, so the hours are 0: as Nova does."""
    here = ctx(request)
    project_id, now = request.path_params["project_id"], here.world.now()
    if project_id != here.project_id and not here.admin:
        raise Fault(403, "Policy doesn't allow os_compute_api:os-simple-tenant-usage:show to be performed.")
    params = request.query_params
    end = min(_moment(params["end"]), now) if "end" in params else now
    start = _moment(params["start"]) if "start" in params else end
    there = [one for one in here.region.project_servers(project_id) if _was_there(one, start, end)]
    rows = [_usage(here, server, start, end) for server in there]
    totals = {
        "total_hours": sum(row["hours"] for row in rows),
        "total_vcpus_usage": sum(row["hours"] * row["vcpus"] for row in rows),
        "total_memory_mb_usage": sum(row["hours"] * row["memory_mb"] for row in rows),
        "total_local_gb_usage": sum(row["hours"] * row["local_gb"] for row in rows),
    }
    shown = {"start": iso_micro(start.astimezone(UTC)), "stop": iso_micro(end.astimezone(UTC))}
    usage = {"tenant_id": project_id, "server_usages": rows, **shown, **totals}
    return answer({"tenant_usage": usage if rows else {}})


def routes() -> list[Route]:
    return [
        route("GET", ACTIONS, list_actions),
        route("GET", ACTIONS + "/{request_id}", show_action),
        route("GET", "/v2.1/os-simple-tenant-usage/{project_id}", tenant_usage),
    ]
