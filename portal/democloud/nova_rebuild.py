"""`rebuild`: a new root disk from an image, the rest of the machine as it was."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from portal.democloud import lifecycle, nova_input, nova_rules
from portal.democloud.errors import Fault
from portal.democloud.microversions import microversion
from portal.democloud.model_compute import Server
from portal.democloud.nova_create import check_fits, find_keypair
from portal.democloud.nova_find import visible_image
from portal.democloud.nova_list import server_answer
from portal.democloud.routing import Ctx


async def rebuild(request: Request, here: Ctx, server: Server, given: Any) -> Response:
    wanted = given if isinstance(given, dict) else {}
    minor = microversion(request)
    image = visible_image(here.region, here.project_id, str(wanted.get("imageRef", "")))
    if image is None or image.status != "active":
        raise Fault(400, "Cannot find image for rebuild")
    nova_rules.check(server, "rebuild")
    if server.image_id is None and minor < 93:
        raise Fault(400, "Unable to rebuild with a different image for a volume-backed server.")
    check_fits(image, server.flavor, from_volume=server.image_id is None)
    if "metadata" in wanted:
        server.metadata = nova_input.metadata_of(wanted["metadata"])
    if "name" in wanted:
        server.name = nova_input.name_of(wanted["name"])
        server.hostname = nova_input.hostname_of(server.name, server.id)
    if "key_name" in wanted and minor >= 54:
        keypair = find_keypair(here, wanted["key_name"])
        server.key_name = keypair.name if keypair else None
        server.public_key = keypair.public_key if keypair else None
    if "user_data" in wanted and minor >= 57:
        server.user_data = nova_input.user_data_of(wanted["user_data"])
    if server.image_id is not None:
        server.image_id = image.id
    server.spec["boot_image_id"] = image.id
    lifecycle.begin(
        here.world,
        here.region,
        server,
        "rebuild",
        action="rebuild",
        request_id=here.request_id,
        user_id=here.user_id,
    )
    return server_answer(here, server, minor, 202)
