"""Server groups."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import nova_input
from portal.democloud.errors import Fault
from portal.democloud.microversions import microversion
from portal.democloud.model_compute import ServerGroup
from portal.democloud.routing import Ctx, answer, body, ctx, empty, member, new_uuid, route

POLICIES = ("anti-affinity", "affinity", "soft-anti-affinity", "soft-affinity")


def _view(here: Ctx, group: ServerGroup, minor: int) -> dict[str, Any]:
    servers = here.region.live_servers(group.project_id)
    found: dict[str, Any] = {
        "id": group.id,
        "name": group.name,
        "members": [server.id for server in servers if server.server_group_id == group.id],
        "project_id": group.project_id,
        "user_id": group.user_id,
    }
    if minor >= 64:
        return found | {"policy": group.policy, "rules": group.rules}
    return found | {"policies": [group.policy], "metadata": {}}


def _find(here: Ctx, group_id: str) -> ServerGroup:
    group = here.region.data.server_groups.get(group_id)
    if group is None or group.project_id != here.project_id:
        raise Fault(404, f"Instance group {group_id} could not be found.")
    return group


async def list_all(request: Request) -> Response:
    here = ctx(request)
    groups = [one for one in here.region.data.server_groups.values() if one.project_id == here.project_id]
    return answer({"server_groups": [_view(here, one, microversion(request)) for one in groups]})


async def show(request: Request) -> Response:
    here = ctx(request)
    group = _find(here, request.path_params["id"])
    return answer({"server_group": _view(here, group, microversion(request))})


async def create(request: Request) -> Response:
    here = ctx(request)
    wanted = member(await body(request), "server_group")
    minor = microversion(request)
    policy = wanted.get("policy") if minor >= 64 else (wanted.get("policies") or [None])[0]
    if policy not in POLICIES:
        raise nova_input.invalid("policy", policy, f"{policy!r} is not one of {list(POLICIES)}")
    owned = [one for one in here.region.data.server_groups.values() if one.project_id == here.project_id]
    if len(owned) >= here.region.quota(here.project_id, "server_groups"):
        raise Fault(403, "Quota exceeded, too many server groups.")
    name = nova_input.name_of(wanted.get("name"))
    rules = wanted.get("rules") or {}
    group = ServerGroup(new_uuid(), name, here.project_id, here.user_id, str(policy), rules)
    here.region.data.server_groups[group.id] = group
    return answer({"server_group": _view(here, group, minor)})


async def delete(request: Request) -> Response:
    here = ctx(request)
    group = _find(here, request.path_params["id"])
    del here.region.data.server_groups[group.id]
    return empty()


def routes() -> list[Route]:
    return [
        route("GET", "/v2.1/os-server-groups", list_all),
        route("POST", "/v2.1/os-server-groups", create),
        route("GET", "/v2.1/os-server-groups/{id}", show),
        route("DELETE", "/v2.1/os-server-groups/{id}", delete),
    ]
