"""Rename, delete, metadata and tags of a server."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import lifecycle, nova_input, nova_rules
from portal.democloud.errors import Fault
from portal.democloud.microversions import microversion, need
from portal.democloud.model_compute import Server
from portal.democloud.model_network import SecurityGroup
from portal.democloud.nova_find import asked_server
from portal.democloud.nova_list import server_answer
from portal.democloud.nova_networks import find_security_group
from portal.democloud.nova_view import compute_root
from portal.democloud.reach import tell_guest
from portal.democloud.routing import Ctx, answer, body, empty, member, route

ONE = "/v2.1/servers/{server_id}"


def changed(here: Ctx, server: Server) -> None:
    here.region.touch_server(server, here.world.now())


async def update(request: Request) -> Response:
    """Name, description, hostname. A lock does not forbid it; nothing is written in the history."""
    here, server = asked_server(request)
    wanted = member(await body(request), "server")
    minor = microversion(request)
    if "name" in wanted:
        server.name = nova_input.name_of(wanted["name"])
    if "description" in wanted and minor >= 19:
        server.description = wanted["description"]
    if "hostname" in wanted and minor >= 90:
        server.hostname = nova_input.hostname_of(nova_input.name_of(wanted["hostname"]), server.id)
    changed(here, server)
    return server_answer(here, server, minor)


async def delete(request: Request) -> Response:
    here, server = asked_server(request)
    begin_delete(here, server)
    return empty()


def begin_delete(here: Ctx, server: Server) -> None:
    """From any state, unless locked or already on its way."""
    nova_rules.check_unlocked(server)
    if server.vm_state == "deleted":
        raise Fault(404, f"Instance {server.id} could not be found.")
    if server.task_state == "deleting":
        return
    lifecycle.begin(
        here.world,
        here.region,
        server,
        "delete",
        action="delete",
        request_id=here.request_id,
        user_id=here.user_id,
    )


async def metadata(request: Request) -> Response:
    _, server = asked_server(request)
    return answer({"metadata": server.metadata})


async def update_metadata(request: Request) -> Response:
    """POST adds to what is there; PUT replaces it."""
    here, server = asked_server(request)
    wanted = nova_input.metadata_of(member(await body(request), "metadata"))
    nova_rules.check(server, "update metadata")
    merged = wanted if request.method == "PUT" else {**server.metadata, **wanted}
    nova_input.check_metadata_quota(here.region, here.project_id, merged)
    server.metadata = merged
    changed(here, server)
    return answer({"metadata": merged})


def _metadata_item(server: Server, key: str) -> str:
    if key not in server.metadata:
        raise Fault(404, "Metadata item was not found")
    return server.metadata[key]


async def metadata_item(request: Request) -> Response:
    _, server = asked_server(request)
    key = request.path_params["key"]
    return answer({"meta": {key: _metadata_item(server, key)}})


async def update_metadata_item(request: Request) -> Response:
    here, server = asked_server(request)
    key = request.path_params["key"]
    wanted = nova_input.metadata_of(member(await body(request), "meta"))
    if list(wanted) != [key]:
        raise Fault(400, "Request body and URI mismatch")
    nova_rules.check(server, "update metadata")
    merged = {**server.metadata, **wanted}
    nova_input.check_metadata_quota(here.region, here.project_id, merged)
    server.metadata = merged
    changed(here, server)
    return answer({"meta": wanted})


async def delete_metadata_item(request: Request) -> Response:
    here, server = asked_server(request)
    _metadata_item(server, request.path_params["key"])
    nova_rules.check(server, "delete metadata")
    del server.metadata[request.path_params["key"]]
    changed(here, server)
    return empty()


async def tags(request: Request) -> Response:
    need(request, 26)
    _, server = asked_server(request)
    return answer({"tags": server.tags})


async def replace_tags(request: Request) -> Response:
    need(request, 26)
    here, server = asked_server(request)
    wanted = nova_input.tags_of((await body(request)).get("tags"))
    nova_rules.check(server, "update tags", lock=False)
    server.tags = wanted
    changed(here, server)
    return answer({"tags": wanted})


async def delete_tags(request: Request) -> Response:
    need(request, 26)
    here, server = asked_server(request)
    nova_rules.check(server, "delete tags", lock=False)
    server.tags = []
    changed(here, server)
    return empty()


async def has_tag(request: Request) -> Response:
    need(request, 26)
    _, server = asked_server(request)
    if request.path_params["tag"] not in server.tags:
        raise Fault(404, f"Server {server.id} has no tag '{request.path_params['tag']}'")
    return empty()


async def add_tag(request: Request) -> Response:
    """201 for a new tag, 204 for one that is there already."""
    need(request, 26)
    here, server = asked_server(request)
    tag = nova_input.path_tag(request.path_params["tag"])
    nova_rules.check(server, "update tag", lock=False)
    if tag in server.tags:
        return empty()
    server.tags = nova_input.tags_of([*server.tags, tag])
    changed(here, server)
    root = compute_root(here.world, here.region)
    return empty(201, {"Location": f"{root}/v2.1/servers/{server.id}/tags/{tag}"})


async def delete_tag(request: Request) -> Response:
    need(request, 26)
    here, server = asked_server(request)
    tag = request.path_params["tag"]
    nova_rules.check(server, "delete tag", lock=False)
    if tag not in server.tags:
        raise Fault(404, f"Instance {server.id} has no tag '{tag}'")
    server.tags = [one for one in server.tags if one != tag]
    changed(here, server)
    return empty()


async def add_security_group(request: Request, here: Ctx, server: Server, given: Any) -> Response:
    group = _group(here, given)
    for port in here.region.server_ports(server.id):
        if group.id not in port.security_groups:
            port.security_groups.append(group.id)
    if group.name not in server.security_groups:
        server.security_groups.append(group.name)
    tell_guest(here.world, here.region, server.id)
    changed(here, server)
    return empty(202)


async def remove_security_group(request: Request, here: Ctx, server: Server, given: Any) -> Response:
    group = _group(here, given)
    if group.name not in server.security_groups:
        message = f"Security group {group.id} not associated with the instance {server.id}"
        raise Fault(404, message)
    for port in here.region.server_ports(server.id):
        port.security_groups = [one for one in port.security_groups if one != group.id]
    server.security_groups.remove(group.name)
    tell_guest(here.world, here.region, server.id)
    changed(here, server)
    return empty(202)


def _group(here: Ctx, given: Any) -> SecurityGroup:
    name = str(given.get("name", "")) if isinstance(given, dict) else ""
    try:
        return find_security_group(here, name)
    except Fault as fault:
        if fault.status != 400:
            raise
        message = f"Security group {name} is not found for project {here.project_id}"
        raise Fault(404, message) from None


def routes() -> list[Route]:
    return [
        route("PUT", ONE, update),
        route("DELETE", ONE, delete),
        route("GET", ONE + "/metadata", metadata),
        route("POST", ONE + "/metadata", update_metadata),
        route("PUT", ONE + "/metadata", update_metadata),
        route("GET", ONE + "/metadata/{key}", metadata_item),
        route("PUT", ONE + "/metadata/{key}", update_metadata_item),
        route("DELETE", ONE + "/metadata/{key}", delete_metadata_item),
        route("GET", ONE + "/tags", tags),
        route("PUT", ONE + "/tags", replace_tags),
        route("DELETE", ONE + "/tags", delete_tags),
        route("GET", ONE + "/tags/{tag}", has_tag),
        route("PUT", ONE + "/tags/{tag}", add_tag),
        route("DELETE", ONE + "/tags/{tag}", delete_tag),
    ]
