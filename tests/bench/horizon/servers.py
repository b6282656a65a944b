"""Two hundred servers of Nova's fake driver with addresses, made in small batches, kept for the next bench, or removed."""

import time
from collections import Counter
from typing import Any

from tests.bench.horizon import lab

COUNT = 200
PREFIX = "bench-"
# Those that a bench launches through the portal and deletes itself, unless it dies.
LAUNCHED = "click-"
NETWORK = "bench-net"
FLAVORS = ("m3.tiny", "m3.tiny", "m3.small", "m3.quad", "m3.medium")
# So many are built at once: more would only wait in Nova, and slow whoever else uses the lab.
_AT_ONCE = 8
_BUILD_SECONDS = 1500.0
_DELETE_SECONDS = 900.0


def listed(cloud: Any, *, detail: bool = False, names: tuple[str, ...] = (PREFIX,)) -> list[dict[str, Any]]:
    """The bench's own servers, oldest first."""
    path = "/servers/detail" if detail else "/servers"

    def fetch(query: dict[str, str]) -> list[dict[str, Any]]:
        answer = cloud.compute.get(path, params={"sort_key": "created_at", "sort_dir": "asc", **query})
        answer.raise_for_status()
        page: list[dict[str, Any]] = answer.json()["servers"]
        return page

    return [one for one in lab.pages(fetch) if one["name"].startswith(names)]


def stand(count: int = COUNT) -> list[dict[str, Any]]:
    """`count` servers that are up; those that are there already count."""
    lab.raise_quota()
    cloud = lab.connect()
    _remove_failed(cloud)
    network = _network(cloud)
    image = cloud.image.find_image("Featured-Debian12", ignore_missing=False).id
    sizes = {found.name: found.id for found in cloud.compute.flavors()}
    end = time.monotonic() + _BUILD_SECONDS
    made = {one["name"] for one in listed(cloud)}
    wanted = [name for number in range(count) if (name := f"{PREFIX}{number:03d}") not in made]
    while time.monotonic() < end:
        states = Counter(one["status"] for one in listed(cloud, detail=True))
        if states["ERROR"]:
            raise lab.NoLab(
                f"{states['ERROR']} servers of the bench went into ERROR: see nova-compute's log."
            )
        if not wanted and not states["BUILD"]:
            return listed(cloud, detail=True)
        for name in wanted[: _AT_ONCE - states["BUILD"]]:
            _create(cloud, name, sizes[FLAVORS[int(name[-3:]) % len(FLAVORS)]], image, network)
        wanted = wanted[max(0, _AT_ONCE - states["BUILD"]) :]
        time.sleep(1)
    raise lab.NoLab(f"The lab did not build {count} servers within {_BUILD_SECONDS:.0f} s.")


def _create(cloud: Any, name: str, flavor: str, image: str, network: str) -> None:
    body = {
        "name": name,
        "flavorRef": flavor,
        "imageRef": image,
        "networks": [{"uuid": network}],
        "availability_zone": lab.ZONE,
        "metadata": {"exoCreatorUsername": lab.PERSON},
    }
    cloud.compute.post("/servers", json={"server": body}).raise_for_status()


def _remove_failed(cloud: Any) -> None:
    for one in listed(cloud, detail=True):
        if one["status"] == "ERROR":
            cloud.compute.delete_server(one["id"])


def _network(cloud: Any) -> str:
    """One without DHCP and router: fake guests ask for no lease, and the agents have nothing to do."""
    found = cloud.network.find_network(NETWORK)
    if found is None:
        found = cloud.network.create_network(name=NETWORK)
        cloud.network.create_subnet(
            network_id=found.id, name=NETWORK, ip_version=4, cidr="10.77.0.0/22", is_dhcp_enabled=False
        )
    identifier: str = found.id
    return identifier


def clear() -> int:
    """Remove every server and network of the bench, and give the project its old quota. How many servers went."""
    cloud = lab.connect()
    gone = 0
    end = time.monotonic() + _DELETE_SECONDS
    asked: set[str] = set()
    while (left := listed(cloud, names=(PREFIX, LAUNCHED))) and time.monotonic() < end:
        for one in [one for one in left if one["id"] not in asked][:_AT_ONCE]:
            cloud.compute.delete_server(one["id"])
            asked.add(one["id"])
        gone = len(asked)
        time.sleep(1)
    if not left:
        _clear_network(cloud)
    lab.restore_quota()
    return gone


def _clear_network(cloud: Any) -> None:
    """The bench's own, and what the portal had made in the project for its launches."""
    project = cloud.current_project_id
    network = cloud.network.find_network(NETWORK)
    if network is not None:
        cloud.network.delete_network(network)
    cloud.network.delete(f"/auto-allocated-topology/{project}")
    for group in cloud.network.security_groups(project_id=project):
        if group.name != "default":
            cloud.network.delete_security_group(group)
