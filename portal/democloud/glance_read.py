"""Images as Glance lists and shows them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from portal.democloud.clock import iso_z
from portal.democloud.errors import Fault
from portal.democloud.model_storage import Image
from portal.democloud.routing import Ctx, Handler, answer, ctx

VISIBILITIES = {"public", "private", "shared", "community", "all"}
SORT_KEYS = {"name", "status", "container_format", "disk_format", "size", "id", "created_at", "updated_at"}
CONTROLS = {"limit", "marker", "sort", "sort_key", "sort_dir", "tag", "visibility", "os_hidden"}
CONTROLS |= {"member_status", "size_min", "size_max"}
OPEN = ("public", "community")
PAGE_SIZE = 25
MAX_LIMIT = 1000


def view(image: Image) -> dict[str, Any]:
    """Free properties stand at the top level beside the known ones, and never replace them."""
    path = f"/v2/images/{image.id}"
    return {
        **image.properties,
        "id": image.id,
        "name": image.name,
        "disk_format": image.disk_format,
        "container_format": image.container_format,
        "visibility": image.visibility,
        "size": image.size,
        "virtual_size": image.virtual_size,
        "status": image.status,
        "checksum": image.checksum,
        "protected": image.protected,
        "min_ram": image.min_ram,
        "min_disk": image.min_disk,
        "owner": image.owner,
        "os_hidden": image.hidden,
        "os_hash_algo": image.os_hash_algo,
        "os_hash_value": image.os_hash_value,
        "created_at": iso_z(image.created_at),
        "updated_at": iso_z(image.updated_at),
        "tags": list(image.tags),
        "self": path,
        "file": f"{path}/file",
        "schema": "/v2/schemas/image",
    }


def find(here: Ctx, image_id: str) -> Image:
    """One that the project may see: a private one of others is as absent as none."""
    image = here.region.data.images.get(image_id)
    if image is None or not (_own(here, image) or image.visibility in OPEN):
        raise Fault(404, f"No image found with ID {image_id}")
    return image


def _own(here: Ctx, image: Image) -> bool:
    return here.admin or image.owner == here.project_id


def _listed(here: Ctx, request: Request) -> list[Image]:
    """Without `visibility`, those of the community are left out, except one's own."""
    asked = request.query_params.get("visibility")
    if asked is not None and asked not in VISIBILITIES:
        raise Fault(400, f"Invalid visibility value: {asked}")
    hidden = request.query_params.get("os_hidden", "false").lower() == "true"
    found: list[Image] = []
    for image in here.region.data.images.values():
        own = _own(here, image)
        if image.hidden != hidden or not (own or image.visibility in OPEN):
            continue
        if asked in (None, "all"):
            if own or image.visibility == "public" or asked == "all":
                found.append(image)
        elif image.visibility == asked:
            found.append(image)
    return found


def _matches(image: Image, request: Request) -> bool:
    row = view(image)
    for name, text in request.query_params.multi_items():
        if name in CONTROLS:
            continue
        values = text.removeprefix("in:").split(",") if text.startswith("in:") else [text]
        if _plain(row.get(name)) not in values:
            return False
    return set(request.query_params.getlist("tag")) <= set(image.tags)


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _ordered(request: Request, found: list[Image]) -> list[Image]:
    """`sort=name:asc,id:desc`, or `sort_key` and `sort_dir`; newest first where nothing is asked."""
    plan = [tuple(part.split(":")) for part in request.query_params.get("sort", "").split(",") if part]
    if not plan:
        keys = request.query_params.getlist("sort_key") or ["created_at"]
        directions = request.query_params.getlist("sort_dir") or ["desc"]
        plan = [(key, directions[min(n, len(directions) - 1)]) for n, key in enumerate(keys)]
    found.sort(key=lambda image: image.id, reverse=True)
    for key, *rest in reversed(plan):
        if key not in SORT_KEYS:
            raise Fault(
                400,
                f"Invalid sort key: {key}. It must be one of the following: {', '.join(sorted(SORT_KEYS))}.",
            )
        found.sort(key=lambda image: str(view(image)[key] or ""), reverse=(rest or ["desc"])[0] == "desc")
    return found


async def list_images(request: Request) -> Response:
    here = ctx(request)
    found = [image for image in _ordered(request, _listed(here, request)) if _matches(image, request)]
    text = request.query_params.get("limit", str(PAGE_SIZE))
    if not text.isdigit():
        raise Fault(400, "limit param must be an integer")
    limit = min(int(text), MAX_LIMIT)
    marker = request.query_params.get("marker")
    if marker is not None:
        ids = [image.id for image in found]
        if marker not in ids:
            raise Fault(400, f"No image found with ID {marker}")
        found = found[ids.index(marker) + 1 :]
    kept = [(k, v) for k, v in request.query_params.multi_items() if k != "marker"]
    content: dict[str, Any] = {"images": [view(image) for image in found[:limit]]}
    content["first"] = "/v2/images" + (f"?{urlencode(kept)}" if kept else "")
    if len(found) > limit > 0:
        content["next"] = f"/v2/images?{urlencode([*kept, ('marker', found[limit - 1].id)])}"
    content["schema"] = "/v2/schemas/images"
    return answer(content)


async def show(request: Request) -> Response:
    here = ctx(request)
    return answer(view(find(here, request.path_params["id"])))


async def members(request: Request) -> Response:
    here = ctx(request)
    image = find(here, request.path_params["id"])
    if image.visibility != "shared":
        message = f"Not allowed to list members for image {image.id}: Only shared images have members."
        raise Fault(403, message)
    return answer({"members": [], "schema": "/v2/schemas/members"})


async def schema(request: Request) -> Response:
    """What the command-line client reads before it changes an image: which properties are Glance's own."""
    ctx(request)
    text, number, yes_no = {"type": ["null", "string"]}, {"type": ["null", "integer"]}, {"type": "boolean"}
    properties: dict[str, Any] = {
        **dict.fromkeys(("id", "name", "owner", "checksum", "os_hash_algo", "os_hash_value"), text),
        **dict.fromkeys(("status", "visibility", "disk_format", "container_format", "self", "file"), text),
        **dict.fromkeys(("schema", "created_at", "updated_at"), text),
        **dict.fromkeys(("size", "virtual_size", "min_ram", "min_disk"), number),
        **dict.fromkeys(("protected", "os_hidden"), yes_no),
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 255}},
    }
    return answer({"name": "image", "properties": properties, "additionalProperties": {"type": "string"}})


def handlers() -> dict[tuple[str, str], Handler]:
    return {
        ("GET", "/v2/images"): list_images,
        ("GET", "/v2/images/{id}"): show,
        ("GET", "/v2/images/{id}/members"): members,
        ("GET", "/v2/schemas/image"): schema,
    }
