"""The end of a run: whatever still has its name goes, also what a lost reply or a killed run left behind."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

from portal.cloud import calls, identity, images, keypairs, networks, servers, volumes
from portal.cloud.connection import Cloud
from portal.core.errors import PortalError
from tests.contract.maker import PREFIX
from tests.contract.places import Place
from tests.contract.waiting import eventually

# Runs of others go on at the same time: only what no run can still be using is anybody's to remove.
FORGOTTEN = timedelta(hours=3)
Found = tuple[str, Callable[[], object]]


def sweep(place: Place, cloud: Cloud, prefix: str) -> list[str]:
    """Remove what is named with this prefix, servers first; tells what was there."""
    found = list(_servers(cloud, prefix))
    swept = [_removed(one) for one in found]
    if swept:
        eventually(place, lambda: list(_servers(cloud, prefix)), lambda left: not left)
    for one in _others(cloud, prefix):
        swept.append(_removed(one))
    return swept


def sweep_forgotten(place: Place, cloud: Cloud) -> list[str]:
    """What runs that were killed left in the project."""
    end = datetime.now(UTC) - FORGOTTEN
    old = {
        _run_of(server.name)
        for server in servers.list_servers(cloud)
        if server.name.startswith(PREFIX) and server.created < end
    }
    old |= {
        _run_of(volume.name)
        for volume in volumes.list_volumes(cloud)
        if volume.name.startswith(PREFIX) and volume.created < end
    }
    return [line for prefix in sorted(old) for line in sweep(place, cloud, prefix)]


def _run_of(name: str) -> str:
    return "-".join(name.replace(" ", "-").split("-")[:2])


def _removed(found: Found) -> str:
    what, remove = found
    try:
        remove()
    except PortalError as error:
        if error.id != "cloud:not-found":
            raise
    return what


def _servers(cloud: Cloud, prefix: str) -> Iterator[Found]:
    for server in servers.list_servers(cloud):
        if server.name.startswith(prefix):
            yield f"server {server.name}", partial(_remove_server, cloud, server.id, locked=server.locked)


def _remove_server(cloud: Cloud, server_id: str, *, locked: bool) -> None:
    if locked:
        servers.unlock(cloud, server_id)
    servers.delete_server(cloud, server_id)


def _others(cloud: Cloud, prefix: str) -> Iterator[Found]:
    """In an order in which nothing that goes is still needed; what is in use yet waits for its turn."""
    for ip in networks.list_floating_ips(cloud):
        if prefix in ip.description:
            yield f"address {ip.address}", partial(networks.delete_floating_ip, cloud, ip.id)
    for volume in volumes.list_volumes(cloud):
        # One that is being deleted is listed until it is gone.
        if volume.name.startswith(prefix) and volume.status != "deleting":
            yield f"volume {volume.name}", partial(volumes.delete_volume, cloud, volume.id)
    for image in images.list_images(cloud):
        if image.name.startswith(prefix):
            yield f"image {image.name}", partial(images.delete_image, cloud, image.id)
    for key in keypairs.list_keypairs(cloud):
        if key.name.startswith(prefix):
            yield f"key {key.name}", partial(keypairs.delete_keypair, cloud, key.name)
    for group in networks.list_security_groups(cloud):
        if group.name.startswith(prefix):
            yield (
                f"group {group.name}",
                partial(calls.send, cloud, "network", "DELETE", f"/security-groups/{group.id}"),
            )
    for router in calls.rows(
        cloud, "network", "/routers", "routers", params={"project_id": cloud.project_id}
    ):
        if str(router["name"]).startswith(prefix):
            path = f"/routers/{router['id']}"
            yield f"router {router['name']}", partial(calls.send, cloud, "network", "DELETE", path)
    for made in identity.app_credentials(cloud.login):
        if made.name.startswith(prefix):
            yield (
                f"credential {made.name}",
                partial(identity.delete_app_credential, cloud.login, made.id),
            )
