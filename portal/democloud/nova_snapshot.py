"""Images of servers: `createImage`, and what shelving keeps."""

from __future__ import annotations

import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from portal.democloud import lifecycle, nova_input, nova_rules
from portal.democloud.clock import second
from portal.democloud.microversions import microversion
from portal.democloud.model_compute import Server
from portal.democloud.model_storage import Image
from portal.democloud.nova_view import compute_root
from portal.democloud.routing import Ctx, answer, empty, new_uuid


def new_image(here: Ctx, server: Server, name: str, metadata: dict[str, str]) -> Image:
    """A queued private image with the base image's properties; it is active once the disk is uploaded."""
    now = second(here.world.now())
    base = here.region.data.images.get(server.image_id or server.spec.get("boot_image_id") or "")
    kept = dict(base.properties) if base else {}
    snapshot = {
        "image_type": "snapshot",
        "instance_uuid": server.id,
        "user_id": server.user_id,
        "owner_id": server.project_id,
        "base_image_ref": server.image_id or "",
        "image_location": "snapshot",
        "image_state": "available",
    }
    image = Image(
        id=new_uuid(),
        name=name,
        owner=server.project_id,
        created_at=now,
        updated_at=now,
        status="queued",
        visibility="private",
        min_disk=server.flavor.disk,
        checksum=secrets.token_hex(16),
        properties={**kept, **snapshot, **metadata},
    )
    here.region.data.images[image.id] = image
    return image


async def create_image(request: Request, here: Ctx, server: Server, given: Any) -> Response:
    name = nova_input.name_of(nova_input.required(given, "name", "createImage"))
    metadata = nova_input.metadata_of(given.get("metadata", {}))
    nova_rules.check(server, "createImage")
    image = new_image(here, server, name, metadata)
    lifecycle.begin(
        here.world,
        here.region,
        server,
        "createImage",
        action="createImage",
        request_id=here.request_id,
        user_id=here.user_id,
        args={"image_id": image.id},
    )
    if microversion(request) >= 45:
        return answer({"image_id": image.id}, 202)
    return empty(202, {"Location": f"{compute_root(here.world, here.region)}/images/{image.id}"})
