"""The world `campus`: a university's own small cloud, unlike the demo's. One region, names and passwords, no accounting."""

from __future__ import annotations

from datetime import timedelta

from portal.democloud import seed_catalogue, seed_servers
from portal.democloud.clock import second
from portal.democloud.lacking import Lacking
from portal.democloud.model_compute import Flavor, Keypair, ResourceProvider
from portal.democloud.model_identity import Assignment, Domain, Project, Role, User
from portal.democloud.model_storage import Image
from portal.democloud.nova_keys import fingerprint
from portal.democloud.seed_catalogue import OPERATOR_PROJECT, stable_hex, stable_uuid
from portal.democloud.seed_identity import PASSWORD
from portal.democloud.seed_servers import LAPTOP_KEY, Old
from portal.democloud.state import Identity, Region, World

REGION = "main"
LACKING = Lacking(services=("accounting",))
PROJECTS = {
    "hydrology": "Streams and floods of the river basin",
    "optics-lab": "Adaptive optics for the campus telescope",
    OPERATOR_PROJECT: "Operators",
}
# Other account names than anybody has at the demo cloud: nothing but the person says that they are the same.
MEMBERS: dict[str, dict[str, tuple[str, ...]]] = {
    "amoreau": {"hydrology": ("manager", "member"), "optics-lab": ("member",)},
    "bokafor": {"hydrology": ("member",)},
    # In no project yet: somebody for a manager to add.
    "cnguyen": {},
    "admin": {OPERATOR_PROJECT: ("admin", "member")},
}
ROLES = ("admin", "manager", "member", "reader")
# id, name, vCPUs, RAM in GB, root disk in GB
_FLAVORS = (
    ("c1", "small", 1, 2, 10),
    ("c2", "medium", 2, 8, 20),
    ("c4", "large", 4, 16, 40),
    ("c8", "huge", 8, 64, 80),
)
_IMAGES = (("Debian 12", "debian", "12", 30, 450), ("Ubuntu 24.04 LTS", "ubuntu", "24.04", 25, 620))
_QUOTAS = {"instances": 10, "cores": 32, "ram": 128 * 1024, "floatingip": 4, "volumes": 5, "gigabytes": 500}
MACHINES = (
    Old(
        "gauge-reader", "hydrology", "amoreau", "small", "Debian 12", exosphere=False, days=40, floating=True
    ),
    Old(
        "flood-model", "hydrology", "bokafor", "large", "Ubuntu 24.04 LTS", "stopped", exosphere=False, days=8
    ),
)


def identity() -> Identity:
    found = Identity(managers_assign=True)
    found.domains = {"default": Domain("default", "Default")}
    found.roles = {stable_hex("role", name): Role(stable_hex("role", name), name) for name in ROLES}
    for name, title in PROJECTS.items():
        one = stable_hex("project", name)
        found.projects[one] = Project(one, name, "default", title)
    for name, projects in MEMBERS.items():
        user = stable_hex("user", name)
        found.users[user] = User(user, name, "default", PASSWORD, f"{name}@campus.example")
        found.assignments |= {
            Assignment(user, stable_hex("project", project), stable_hex("role", role))
            for project, roles in projects.items()
            for role in roles
        }
    return found


def furnish(world: World, region: Region) -> None:
    """All but the network, which needs a block of addresses."""
    data = region.data
    data.flavors = {
        one: Flavor(one, name, vcpus, ram * 1024, disk) for one, name, vcpus, ram, disk in _FLAVORS
    }
    data.providers = _hosts()
    data.images = {image.id: image for image in _images(world)}
    data.default_quotas = {**seed_catalogue.DEFAULT_QUOTAS, **_QUOTAS}
    for name in ("amoreau", "bokafor"):
        public, made = LAPTOP_KEY.format(name), second(world.now() - timedelta(days=100))
        user = stable_hex("user", name)
        key = Keypair(user, "laptop", public, fingerprint(public), made)
        world.identity.keypairs.setdefault(region.name, {})[user] = {"laptop": key}


def add_machines(world: World, region: Region) -> None:
    for old in MACHINES:
        seed_servers.add_machine(world, region, old)


def _hosts() -> dict[str, ResourceProvider]:
    inventory = {"VCPU": 64, "MEMORY_MB": 256 * 1024, "DISK_GB": 4000}
    found = [
        ResourceProvider(stable_uuid("host", name), name, dict(inventory))
        for name in ("n1.campus.demo", "n2.campus.demo")
    ]
    return {provider.id: provider for provider in found}


def _images(world: World) -> list[Image]:
    operator = stable_hex("project", OPERATOR_PROJECT)
    return [
        seed_catalogue.image(
            REGION,
            operator,
            name,
            world.now(),
            days=days,
            mib=mib,
            properties={"os_type": "linux", "os_distro": distro, "os_version": version},
        )
        for name, distro, version, days, mib in _IMAGES
    ]
