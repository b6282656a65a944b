"""Images made, filled, changed and deleted."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from portal.democloud.clock import second
from portal.democloud.errors import Fault
from portal.democloud.glance_read import find, view
from portal.democloud.model_storage import Image
from portal.democloud.routing import Ctx, Handler, answer, body, ctx, empty, new_uuid

PATCH_TYPES = ("application/openstack-images-v2.1-json-patch", "application/openstack-images-v2.0-json-patch")
# Attribute of the API -> our field.
CHANGEABLE = {
    "name": "name",
    "visibility": "visibility",
    "min_disk": "min_disk",
    "min_ram": "min_ram",
    "protected": "protected",
    "os_hidden": "hidden",
    "disk_format": "disk_format",
    "container_format": "container_format",
    "tags": "tags",
}
READ_ONLY = {"id", "status", "size", "checksum", "created_at", "updated_at", "file", "self", "schema"}
READ_ONLY |= {"virtual_size", "os_hash_algo", "os_hash_value"}
TYPES: dict[str, type] = {"protected": bool, "os_hidden": bool, "min_disk": int, "min_ram": int, "tags": list}
MAX_BYTES = 64 * 1024 * 1024  # what the demo takes of an upload before it says that it is full


def _own(request: Request) -> tuple[Ctx, Image]:
    here = ctx(request)
    image = find(here, request.path_params["id"])
    if image.owner != here.project_id and not here.admin:
        raise Fault(403, "You do not own this image")
    return here, image


def _mismatch(value: Any, kind: str) -> Fault:
    return Fault(400, f"Provided object does not match schema 'image': {value!r} is not of type '{kind}'")


def _set(here: Ctx, image: Image, name: str, value: Any) -> None:
    if name in READ_ONLY or name == "owner":
        raise Fault(403, f"Attribute '{name}' is read-only.")
    if name not in CHANGEABLE:
        if not isinstance(value, str):
            raise _mismatch(value, "string")
        image.properties[name] = value
        return
    expected = TYPES.get(name, str)
    if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
        raise _mismatch(value, expected.__name__)
    if name == "visibility":
        _check_visibility(here, str(value))
    setattr(image, CHANGEABLE[name], value)


def _check_visibility(here: Ctx, value: str) -> None:
    if value not in ("public", "private", "shared", "community"):
        raise Fault(400, f"Invalid visibility value: {value}")
    if value == "public" and not here.admin:
        raise Fault(403, "You are not authorized to complete publicize_image action.")


async def create(request: Request) -> Response:
    here = ctx(request)
    wanted = await body(request)
    now = second(here.world.now())
    image_id = str(wanted.pop("id", new_uuid()))
    if image_id in here.region.data.images:
        raise Fault(409, f"Image ID {image_id} already exists!")
    image = Image(image_id, "", here.project_id, now, now, status="queued", visibility="shared")
    image.disk_format = image.container_format = None
    wanted.pop("owner", None)
    for name, value in wanted.items():
        _set(here, image, name, value)
    here.region.data.images[image.id] = image
    return answer(view(image), 201, {"Location": f"/v2/images/{image.id}"})


def _patches(content: bytes) -> list[dict[str, Any]]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise Fault(400, "Malformed JSON in request body.") from None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise Fault(400, "Request body must be a JSON array of operation objects.")
    return found


def _apply(here: Ctx, image: Image, patch: dict[str, Any]) -> None:
    operation, path = patch.get("op"), patch.get("path")
    if operation not in ("add", "replace", "remove") or not isinstance(path, str) or not path.startswith("/"):
        raise Fault(400, "Operations must be 'add', 'replace' or 'remove' with a path that starts with '/'.")
    name = path[1:].replace("~1", "/").replace("~0", "~")
    if operation != "add" and name not in CHANGEABLE and name not in image.properties:
        conflict = "There was a conflict when trying to complete your request."
        raise Fault(409, f"{conflict} Property {name} does not exist.")
    if operation != "remove":
        _set(here, image, name, patch.get("value"))
    elif name in CHANGEABLE:
        raise Fault(403, f"Property {name} may not be removed.")
    else:
        del image.properties[name]


async def update(request: Request) -> Response:
    here, image = _own(request)
    if request.headers.get("content-type", "").split(";")[0] not in PATCH_TYPES:
        raise Fault(415, "Supported media types are application/openstack-images-v2.1-json-patch.")
    for patch in _patches(await request.body()):
        _apply(here, image, patch)
    image.updated_at = second(here.world.now())
    return answer(view(image))


async def delete(request: Request) -> Response:
    here, image = _own(request)
    if image.protected:
        raise Fault(403, f"Image {image.id} is protected and cannot be deleted.")
    volumes = here.region.data.volumes.values()
    if any(one.image_id == image.id and one.status in ("creating", "downloading") for one in volumes):
        raise Fault(409, f"Image {image.id} could not be deleted because it is in use.")
    del here.region.data.images[image.id]
    return empty()


async def upload(request: Request) -> Response:
    """The bytes are counted and hashed, not kept: no guest of this cloud boots from them."""
    here, image = _own(request)
    if image.status != "queued":
        raise Fault(409, f"Image status transition from {image.status} to saving is not allowed")
    size, md5, sha512 = 0, hashlib.md5(usedforsecurity=False), hashlib.sha512()
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BYTES:
            raise Fault(413, "Denying attempt to upload image because it exceeds the quota.")
        md5.update(chunk)
        sha512.update(chunk)
    image.status, image.size, image.checksum = "active", size, md5.hexdigest()
    image.os_hash_algo, image.os_hash_value = "sha512", sha512.hexdigest()
    image.updated_at = second(here.world.now())
    return empty()


async def add_tag(request: Request) -> Response:
    _, image = _own(request)
    if request.path_params["tag"] not in image.tags:
        image.tags = [*image.tags, request.path_params["tag"]]
    return empty()


async def remove_tag(request: Request) -> Response:
    _, image = _own(request)
    if request.path_params["tag"] not in image.tags:
        raise Fault(404, "The resource could not be found.")
    image.tags = [tag for tag in image.tags if tag != request.path_params["tag"]]
    return empty()


def handlers() -> dict[tuple[str, str], Handler]:
    return {
        ("POST", "/v2/images"): create,
        ("PATCH", "/v2/images/{id}"): update,
        ("DELETE", "/v2/images/{id}"): delete,
        ("PUT", "/v2/images/{id}/file"): upload,
        ("PUT", "/v2/images/{id}/tags/{tag}"): add_tag,
        ("DELETE", "/v2/images/{id}/tags/{tag}"): remove_tag,
    }
