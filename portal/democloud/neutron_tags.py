"""Tags of Neutron's objects: `/{collection}/{id}/tags`, one by one or all at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import (
    neutron_floating,
    neutron_groups,
    neutron_input,
    neutron_networks,
    neutron_ports,
    neutron_routers,
)
from portal.democloud.errors import Fault
from portal.democloud.routing import Ctx, Handler, answer, body, ctx, empty, route

MAX_TAGS = 50
MAX_LENGTH = 60


class Tagged(Protocol):
    tags: list[str]


Finder = Callable[[Ctx, str], Tagged]
FINDERS: dict[str, Finder] = {
    "floatingips": neutron_floating.find,
    "networks": neutron_networks.find_network,
    "ports": neutron_ports.find,
    "routers": neutron_routers.find,
    "security-groups": neutron_groups.find,
    "subnets": neutron_networks.find_subnet,
}


def _checked(tag: Any) -> str:
    if not isinstance(tag, str) or not 1 <= len(tag) <= MAX_LENGTH:
        raise neutron_input.bad(
            f"Invalid input for operation: '{tag}' exceeds maximum length of {MAX_LENGTH}."
        )
    return tag


def _having(found: Tagged, tag: str) -> None:
    if tag not in found.tags:
        raise Fault(404, f"Tag {tag} could not be found.", kind="TagNotFound")


def handlers(finder: Finder) -> dict[tuple[str, str], Handler]:
    """(method, suffix of the path) -> handler, for one kind of object."""

    def tagged(request: Request) -> Tagged:
        return finder(ctx(request), request.path_params["id"])

    async def list_tags(request: Request) -> Response:
        return answer({"tags": sorted(tagged(request).tags)})

    async def replace(request: Request) -> Response:
        found, wanted = tagged(request), (await body(request)).get("tags")
        if not isinstance(wanted, list) or len(wanted) > MAX_TAGS:
            raise neutron_input.bad("Invalid input for operation: tags is not a list of at most 50.")
        found.tags = list(dict.fromkeys(_checked(tag) for tag in wanted))
        return answer({"tags": found.tags})

    async def clear(request: Request) -> Response:
        tagged(request).tags = []
        return empty()

    async def has(request: Request) -> Response:
        _having(tagged(request), request.path_params["tag"])
        return empty()

    async def add(request: Request) -> Response:
        found, tag = tagged(request), _checked(request.path_params["tag"])
        if tag not in found.tags:
            found.tags = [*found.tags, tag]
        return answer(None, 201)

    async def remove(request: Request) -> Response:
        found, tag = tagged(request), request.path_params["tag"]
        _having(found, tag)
        found.tags = [one for one in found.tags if one != tag]
        return empty()

    return {
        ("GET", "tags"): list_tags,
        ("PUT", "tags"): replace,
        ("DELETE", "tags"): clear,
        ("GET", "tags/{tag}"): has,
        ("PUT", "tags/{tag}"): add,
        ("DELETE", "tags/{tag}"): remove,
    }


def routes() -> list[Route]:
    return [
        route(method, f"/v2.0/{collection}/{{id}}/{suffix}", handler)
        for collection, finder in FINDERS.items()
        for (method, suffix), handler in handlers(finder).items()
    ]
