"""Making and deleting servers."""

import base64
from typing import Any

from portal.cloud import calls, translate
from portal.cloud.connection import Cloud
from portal.cloud.servers.read import TAGS_AT_CREATION
from portal.cloud.types import NewServer

# From here on Nova takes `networks: "auto"`, and demands that something is said of networks.
_AUTO_NETWORK = "2.37"
_DESCRIPTION = "2.19"


@translate.translated("compute")
def create_server(cloud: Cloud, new: NewServer) -> str:
    """Ask for a server; returns its id. Look with `find_made` before asking again when the outcome is unknown.

    A Nova that is too old for tags at creation makes it without, so the metadata must tell it too.
    """
    body = calls.compute(cloud, "POST", "/servers", json={"server": _body(cloud, new)})
    return str(body["server"]["id"])


def delete_server(cloud: Cloud, server_id: str) -> None:
    calls.compute(cloud, "DELETE", f"/servers/{server_id}")


def _body(cloud: Cloud, new: NewServer) -> dict[str, Any]:
    body: dict[str, Any] = {"name": new.name, "flavorRef": new.flavor_id, "metadata": new.metadata}
    if networks := _networks(new) or ("auto" if calls.compute_has(cloud, _AUTO_NETWORK) else None):
        body["networks"] = networks
    if calls.compute_has(cloud, TAGS_AT_CREATION):
        body["tags"] = list(new.tags)
    if new.boot_volume_gb is None:
        body["imageRef"] = new.image_id
    else:
        body["block_device_mapping_v2"] = [_root_volume(new.image_id, new.boot_volume_gb)]
    if new.security_groups and not new.port_ids:
        body["security_groups"] = [{"name": group} for group in new.security_groups]
    if new.user_data:
        body["user_data"] = base64.b64encode(new.user_data).decode()
    optional = {
        "key_name": new.key_name,
        "description": new.description if calls.compute_has(cloud, _DESCRIPTION) else None,
        "availability_zone": new.availability_zone,
        "config_drive": new.config_drive,
    }
    body.update({name: value for name, value in optional.items() if value is not None})
    return body


def _networks(new: NewServer) -> list[dict[str, str]]:
    ports = [{"port": port_id} for port_id in new.port_ids]
    return ports or [{"uuid": network_id} for network_id in new.network_ids]


def _root_volume(image_id: str, size_gb: int) -> dict[str, Any]:
    return {
        "boot_index": 0,
        "uuid": image_id,
        "source_type": "image",
        "destination_type": "volume",
        "volume_size": size_gb,
        "delete_on_termination": True,
    }
