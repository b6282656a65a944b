"""`POST /servers`: what is asked is checked in Nova's order, then the machine is begun."""

from __future__ import annotations

import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import lifecycle, nova_input, nova_quota
from portal.democloud.clock import second
from portal.democloud.errors import Fault
from portal.democloud.microversions import microversion
from portal.democloud.model_compute import Flavor, Keypair, Server
from portal.democloud.model_storage import Image
from portal.democloud.nova_disks import parse_mappings
from portal.democloud.nova_find import find_flavor, visible_image
from portal.democloud.nova_networks import parse_networks, security_groups_of
from portal.democloud.nova_view import compute_root, links
from portal.democloud.routing import Ctx, answer, body, ctx, member, new_uuid, route

GIB = 1024**3
KNOWN = frozenset(
    {
        "name",
        "imageRef",
        "flavorRef",
        "networks",
        "metadata",
        "security_groups",
        "availability_zone",
        "user_data",
        "key_name",
        "description",
        "tags",
        "config_drive",
        "block_device_mapping",
        "block_device_mapping_v2",
        "min_count",
        "max_count",
        "return_reservation_id",
        "OS-DCF:diskConfig",
        "accessIPv4",
        "accessIPv6",
        "adminPass",
        "personality",
        "hostname",
        "trusted_image_certificates",
    }
)


def find_keypair(here: Ctx, name: Any) -> Keypair | None:
    if name is None:
        return None
    owned = here.world.identity.keypairs.get(here.region.name, {}).get(here.user_id, {})
    keypair = owned.get(str(name))
    if keypair is None:
        raise Fault(400, "Invalid key_name provided.")
    return keypair


def boot_image(here: Ctx, wanted: dict[str, Any], mappings: list[dict[str, Any]]) -> Image | None:
    """The image of the root disk, None for a server that boots from a volume that exists."""
    boot = next((one for one in mappings if one["boot_index"] == 0), None)
    reference = wanted.get("imageRef") or (boot["uuid"] if boot and boot["source"] == "image" else None)
    if reference is None:
        if boot is None:
            raise Fault(400, "Missing imageRef attribute")
        return None
    if not nova_input.is_uuid(reference):
        why = f"{reference!r} is not valid under any of the given schemas"
        raise nova_input.invalid("imageRef", reference, why)
    image = visible_image(here.region, here.project_id, str(reference))
    if image is None:
        raise Fault(400, "Can not find requested image")
    if image.status != "active":
        raise Fault(400, f"Image {image.id} is not active.")
    return image


def check_fits(image: Image | None, flavor: Flavor, *, from_volume: bool) -> None:
    if image is None:
        return
    if image.min_ram > flavor.ram:
        raise Fault(400, "Flavor's memory is too small for requested image.")
    if not from_volume and image.min_disk > flavor.disk:
        message = (
            f"Flavor's disk is too small for requested image. Flavor disk is {flavor.disk * GIB} bytes, "
            f"image is {image.min_disk * GIB} bytes."
        )
        raise Fault(400, message)


def _on_volume(mappings: list[dict[str, Any]]) -> bool:
    return any(one["boot_index"] == 0 and one["destination"] == "volume" for one in mappings)


def _group(here: Ctx, hints: Any) -> str | None:
    group_id = hints.get("group") if isinstance(hints, dict) else None
    if group_id is None:
        return None
    group = here.region.data.server_groups.get(str(group_id))
    if group is None or group.project_id != here.project_id:
        raise Fault(400, f"Instance group {group_id} could not be found.")
    return group.id


def _names(name: str, count: int) -> list[str]:
    return [name] if count == 1 else [f"{name}-{number}" for number in range(1, count + 1)]


def _template(here: Ctx, request: Request, wanted: dict[str, Any], hints: Any) -> dict[str, Any]:
    """Everything that the machines of one request share; every refusal happens here."""
    minor = microversion(request)
    nova_input.check_known(wanted, KNOWN, "server")
    for field in ("name", "flavorRef"):
        nova_input.required(wanted, field, "server")
    name = nova_input.name_of(wanted.get("name"))
    flavor = find_flavor(here, str(wanted.get("flavorRef", "")), status=400)
    metadata = nova_input.metadata_of(wanted.get("metadata", {}))
    tags = nova_input.tags_of(wanted.get("tags", [])) if minor >= 52 else []
    mappings = parse_mappings(here, wanted)
    image = boot_image(here, wanted, mappings)
    from_volume = _on_volume(mappings)
    check_fits(image, flavor, from_volume=from_volume)
    keypair = find_keypair(here, wanted.get("key_name"))
    user_data = nova_input.user_data_of(wanted.get("user_data"))
    groups = security_groups_of(here, wanted)
    networks = parse_networks(here, wanted, required=minor >= 37)
    zone = wanted.get("availability_zone")
    if zone not in (None, *nova_input.ZONES):
        raise Fault(400, "The requested availability zone is not available")
    group_id = _group(here, hints)
    nova_input.check_metadata_quota(here.region, here.project_id, metadata)
    nova_quota.check(here.region, here.project_id, flavor, count=nova_input.count_of(wanted))
    return {
        "name": name,
        "flavor": flavor,
        "image_id": None if from_volume or image is None else image.id,
        "key_name": keypair.name if keypair else None,
        "public_key": keypair.public_key if keypair else None,
        "user_data": user_data,
        "metadata": metadata,
        "tags": tags,
        "security_groups": [group.name for group in groups],
        "description": wanted.get("description") if minor >= 19 else None,
        "config_drive": wanted.get("config_drive") in (True, "true", "True"),
        "disk_config": wanted.get("OS-DCF:diskConfig", "MANUAL"),
        "server_group_id": group_id,
        "spec": {
            "networks": networks,
            "security_group_ids": [group.id for group in groups],
            "mappings": mappings,
            "boot_image_id": image.id if image else None,
            "availability_zone": zone,
        },
    }


async def create(request: Request) -> Response:
    here = ctx(request)
    document = await body(request)
    wanted = member(document, "server")
    hints = document.get("os:scheduler_hints") or document.get("OS-SCH-HNT:scheduler_hints")
    template = _template(here, request, wanted, hints)
    servers = [_start(here, template, name) for name in _names(template["name"], nova_input.count_of(wanted))]
    if wanted.get("return_reservation_id") is True:
        return answer({"reservation_id": f"r-{secrets.token_hex(4)}"}, 202)
    root = compute_root(here.world, here.region)
    first = servers[0]
    shown = {
        "id": first.id,
        "links": links(root, "servers", first.id),
        "OS-DCF:diskConfig": first.disk_config,
        "security_groups": [{"name": name} for name in first.security_groups],
        "adminPass": secrets.token_urlsafe(9),
    }
    return answer({"server": shown}, 202, {"Location": f"{root}/v2.1/servers/{first.id}"})


def _start(here: Ctx, template: dict[str, Any], name: str) -> Server:
    server_id, now = new_uuid(), second(here.world.now())
    server = Server(
        **{**template, "metadata": dict(template["metadata"]), "tags": list(template["tags"])}
        | {"name": name, "hostname": nova_input.hostname_of(name, server_id), "disk_serial": new_uuid()},
        id=server_id,
        project_id=here.project_id,
        user_id=here.user_id,
        flavor_id=template["flavor"].id,
        created=now,
        updated=now,
    )
    here.region.add_server(server)
    lifecycle.begin(
        here.world,
        here.region,
        server,
        "create",
        action="create",
        request_id=here.request_id,
        user_id=here.user_id,
    )
    return server


def routes() -> list[Route]:
    return [route("POST", "/v2.1/servers", create)]
