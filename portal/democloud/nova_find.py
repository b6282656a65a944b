"""Objects of a request's path, with the check of who may see them."""

from __future__ import annotations

from starlette.requests import Request

from portal.democloud.errors import Fault
from portal.democloud.model_compute import Flavor, Server
from portal.democloud.model_storage import Image
from portal.democloud.routing import Ctx, ctx
from portal.democloud.state import Region


def find_server(here: Ctx, server_id: str) -> Server:
    """404 for one that is not there and for one of another project, in the same words."""
    server = here.region.data.servers.get(server_id)
    if server is None or server.gone or (server.project_id != here.project_id and not here.admin):
        raise Fault(404, f"Instance {server_id} could not be found.")
    return server


def asked_server(request: Request) -> tuple[Ctx, Server]:
    here = ctx(request)
    return here, find_server(here, request.path_params["server_id"])


def visible_flavor(here: Ctx, flavor: Flavor) -> bool:
    return flavor.is_public or here.admin or here.project_id in flavor.access


def find_flavor(here: Ctx, flavor_id: str, *, status: int = 404) -> Flavor:
    flavor = here.region.data.flavors.get(flavor_id)
    if flavor is None or not visible_flavor(here, flavor):
        raise Fault(status, f"Flavor {flavor_id} could not be found.")
    return flavor


def visible_image(region: Region, project_id: str, image_id: str) -> Image | None:
    image = region.data.images.get(image_id)
    if image is None:
        return None
    return image if image.owner == project_id or image.visibility in ("public", "community") else None
