"""`GET /servers` and `/servers/detail`: filters, order, pages, `changes-since`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import nova_view
from portal.democloud.clock import parse_iso
from portal.democloud.errors import Fault
from portal.democloud.microversions import microversion
from portal.democloud.model_compute import Server
from portal.democloud.nova_find import asked_server
from portal.democloud.nova_status import status_of, vm_states_of
from portal.democloud.routing import Ctx, ctx, route
from portal.democloud.state import Region

MAX_LIMIT = 1000
SORT_KEYS: dict[str, Callable[[Server], str]] = {
    "created_at": lambda server: server.created.isoformat(),
    "updated_at": lambda server: server.updated.isoformat(),
    "display_name": lambda server: server.name,
    "uuid": lambda server: server.id,
    "vm_state": lambda server: server.vm_state,
    "task_state": lambda server: server.task_state or "",
    "key_name": lambda server: server.key_name or "",
    "locked": lambda server: str(server.locked),
}
Test = Callable[[Region, Server, str], bool]


def _regex(pattern: str, text: str) -> bool:
    """Nova hands names and addresses to the database as regular expressions."""
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return pattern in text


def _has_address(region: Region, server: Server, pattern: str) -> bool:
    shown = nova_view.addresses(region, server).values()
    return any(_regex(pattern, one["addr"]) for each in shown for one in each)


def _tags(text: str) -> set[str]:
    return set(text.split(","))


FILTERS: dict[str, Test] = {
    "name": lambda region, server, text: _regex(text, server.name),
    "status": lambda region, server, text: status_of(server) == text.upper(),
    "image": lambda region, server, text: server.image_id == text,
    "flavor": lambda region, server, text: server.flavor_id == text,
    "ip": _has_address,
    "ip6": _has_address,
    "tags": lambda region, server, text: _tags(text) <= set(server.tags),
    "tags-any": lambda region, server, text: bool(_tags(text) & set(server.tags)),
    "not-tags": lambda region, server, text: not _tags(text) <= set(server.tags),
    "not-tags-any": lambda region, server, text: not _tags(text) & set(server.tags),
    "uuid": lambda region, server, text: server.id == text,
}
# Filters that ordinary users have from a microversion on; before, they are ignored as unknown ones are.
LATER_FILTERS: dict[str, tuple[int, Test]] = {
    "locked": (73, lambda region, server, text: server.locked == (text.lower() in ("true", "1"))),
    "availability_zone": (83, lambda region, server, text: server.availability_zone == text),
    "config_drive": (83, lambda region, server, text: server.config_drive == (text.lower() == "true")),
    "key_name": (83, lambda region, server, text: server.key_name == text),
    "user_id": (83, lambda region, server, text: server.user_id == text),
    "vm_state": (83, lambda region, server, text: server.vm_state == text),
    "task_state": (83, lambda region, server, text: (server.task_state or "") == text),
    "power_state": (83, lambda region, server, text: str(server.power_state) == text),
}


# Everything that Nova's schema of the query knows, whether it filters for ordinary users or not.
PARAMETERS = frozenset(
    [
        "user_id",
        "project_id",
        "tenant_id",
        "launch_index",
        "image_ref",
        "image",
        "kernel_id",
        "ramdisk_id",
        "hostname",
        "key_name",
        "power_state",
        "vm_state",
        "task_state",
        "host",
        "node",
        "flavor",
        "reservation_id",
        "launched_at",
        "terminated_at",
        "availability_zone",
        "name",
        "display_name",
        "description",
        "locked_by",
        "uuid",
        "root_device_name",
        "config_drive",
        "access_ip_v4",
        "access_ip_v6",
        "auto_disk_config",
        "progress",
        "sort_key",
        "sort_dir",
        "all_tenants",
        "soft_deleted",
        "deleted",
        "status",
        "changes-since",
        "changes-before",
        "ip",
        "ip6",
        "created_at",
        "limit",
        "marker",
        "tags",
        "tags-any",
        "not-tags",
        "not-tags-any",
        "locked",
    ]
)


def _moment(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        return parse_iso(text)
    except ValueError:
        message = f"Invalid input for query parameters {name}. Value: {text}. {text!r} is not a 'date-time'"
        raise Fault(400, message) from None


def _candidates(here: Ctx, request: Request) -> list[Server]:
    """The servers that scope and times allow; with `changes-since`, deleted ones too."""
    since, before = _moment(request, "changes-since"), _moment(request, "changes-before")
    if before is not None and since is not None and before < since:
        raise Fault(400, "The value of changes-since must be less than or equal to changes-before.")
    everywhere = request.query_params.get("all_tenants", "").lower() in ("1", "true", "t", "yes", "on")
    if everywhere and not here.admin:
        kind = "detail" if request.scope["path"].endswith("/detail") else "index"
        rule = f"os_compute_api:servers:{kind}:get_all_tenants"
        raise Fault(403, f"Policy doesn't allow {rule} to be performed.")
    projects = list(here.world.identity.projects) if everywhere else [here.project_id]
    found: list[Server] = []
    for project_id in projects:
        if since is not None:
            found += here.region.servers_changed_since(project_id, since)
        else:
            found += here.region.live_servers(project_id)
    if before is not None:
        found = [server for server in found if server.updated <= before]
    return found


def _tests(request: Request) -> list[tuple[Test, str]]:
    """The filters that ordinary users have. Unknown ones are ignored before 2.75 and refused from it on."""
    minor = microversion(request)
    for name in request.query_params:
        if minor >= 75 and name not in PARAMETERS and not name.startswith("_"):
            raise Fault(400, f"'{name}' does not match any of the regexes: '^_'")
    known = dict(FILTERS) | {name: test for name, (since, test) in LATER_FILTERS.items() if minor >= since}
    return [(known[name], text) for name, text in request.query_params.multi_items() if name in known]


def _chosen(here: Ctx, request: Request) -> list[Server]:
    tests = _tests(request)
    statuses = request.query_params.getlist("status")
    if statuses and not any(vm_states_of(status.upper()) for status in statuses):
        if microversion(request) >= 38:
            raise Fault(400, "Invalid status value")
        return []
    found = _candidates(here, request)
    if len(statuses) > 1:
        wanted = {status.upper() for status in statuses}
        found = [server for server in found if status_of(server) in wanted]
        tests = [(test, text) for test, text in tests if test is not FILTERS["status"]]
    return [server for server in found if all(test(here.region, server, text) for test, text in tests)]


def _ordered(request: Request, found: list[Server]) -> list[Server]:
    keys = request.query_params.getlist("sort_key") or ["created_at"]
    directions = request.query_params.getlist("sort_dir") or ["desc"]
    found.sort(key=lambda server: server.id, reverse=True)
    for position in reversed(range(len(keys))):
        name = keys[position]
        if name not in SORT_KEYS:
            why = f"'{name}' is not one of {list(SORT_KEYS)}"
            raise Fault(400, f"Invalid input for query parameters sort_key. Value: {name}. {why}")
        direction = directions[min(position, len(directions) - 1)]
        found.sort(key=SORT_KEYS[name], reverse=direction == "desc")
    return found


def page_limit(request: Request) -> int:
    text = request.query_params.get("limit", str(MAX_LIMIT))
    if not text.isdigit():
        why = f"'{text}' does not match '^[0-9]*$'"
        raise Fault(400, f"Invalid input for query parameters limit. Value: {text}. {why}")
    return min(int(text), MAX_LIMIT)


def _page(request: Request, found: list[Server]) -> tuple[list[Server], str | None]:
    """One page, and the marker of the next when this one is full (even if nothing follows, as in Nova)."""
    limit = page_limit(request)
    marker = request.query_params.get("marker")
    if marker:
        ids = [server.id for server in found]
        if marker not in ids:
            raise Fault(400, f"marker [{marker}] not found")
        found = found[ids.index(marker) + 1 :]
    page = found[:limit]
    return page, page[-1].id if page and len(page) == limit else None


def _answer(here: Ctx, request: Request, items: list[bytes], marker: str | None) -> Response:
    root = nova_view.compute_root(here.world, here.region)
    links = b""
    if marker is not None:
        kept = [(k, v) for k, v in request.query_params.multi_items() if k not in ("marker", "limit")]
        query = urlencode([*kept, ("limit", str(page_limit(request))), ("marker", marker)])
        href = f"{root}{request.scope['path'].removeprefix(request.scope['root_path'])}?{query}"
        links = b', "servers_links": ' + json.dumps([{"rel": "next", "href": href}]).encode()
    content = b'{"servers": [' + b", ".join(items) + b"]" + links + b"}"
    return Response(content, media_type="application/json")


async def list_servers(request: Request) -> Response:
    here = ctx(request)
    page, marker = _page(request, _ordered(request, _chosen(here, request)))
    root = nova_view.compute_root(here.world, here.region)
    items = [json.dumps(nova_view.summary(root, server)).encode() for server in page]
    return _answer(here, request, items, marker)


async def list_details(request: Request) -> Response:
    here = ctx(request)
    page, marker = _page(request, _ordered(request, _chosen(here, request)))
    minor = microversion(request)
    items = [nova_view.detail_json(here.world, here.region, one, minor, listed=True) for one in page]
    return _answer(here, request, items, marker)


async def show(request: Request) -> Response:
    here, server = asked_server(request)
    return server_answer(here, server, microversion(request))


def server_answer(here: Ctx, server: Server, minor: int, status: int = 200) -> Response:
    content = b'{"server": ' + nova_view.detail_json(here.world, here.region, server, minor) + b"}"
    return Response(content, status, media_type="application/json")


def routes() -> list[Route]:
    return [
        route("GET", "/v2.1/servers", list_servers),
        route("GET", "/v2.1/servers/detail", list_details),
        route("GET", "/v2.1/servers/{server_id}", show),
    ]
