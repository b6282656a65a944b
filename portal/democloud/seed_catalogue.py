"""What the demo cloud offers: Jetstream2's flavors, hosts with room for them, images, quotas."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime, timedelta

from portal.democloud.model_compute import Flavor, ResourceProvider
from portal.democloud.model_storage import Image

GIB = 1024**3
OPERATOR_PROJECT = "admin"


def stable_hex(*names: str) -> str:
    """The same 32 hex digits for the same names in every demo, as Keystone's ids look."""
    return hashlib.md5("/".join(names).encode(), usedforsecurity=False).hexdigest()


def stable_uuid(*names: str) -> str:
    return str(uuid.UUID(stable_hex(*names), version=4))


# id, name, vCPUs, RAM in GB, root disk in GB, GPUs as Placement's class and number.
# Jetstream2 publishes the sizes of m3, r3 and g3; those of g4, g5 and p3 are this demo's own.
_FLAVORS: tuple[tuple[str, str, int, int, int, str, int], ...] = (
    ("1", "m3.tiny", 1, 3, 20, "", 0),
    ("2", "m3.small", 2, 6, 20, "", 0),
    ("3", "m3.quad", 4, 15, 20, "", 0),
    ("4", "m3.medium", 8, 30, 60, "", 0),
    ("5", "m3.large", 16, 60, 60, "", 0),
    ("7", "m3.xl", 32, 125, 60, "", 0),
    ("8", "m3.2xl", 64, 250, 60, "", 0),
    ("9", "m3.3xl", 128, 500, 60, "", 0),
    ("66", "r3.large", 64, 500, 60, "", 0),
    ("72", "r3.xl", 128, 1000, 60, "", 0),
    ("93", "g3.medium", 8, 30, 60, "CUSTOM_A100X_10C", 1),
    ("96", "g3.large", 16, 60, 60, "CUSTOM_A100X_20C", 1),
    ("102", "g3.xl", 32, 125, 60, "CUSTOM_PCI_10DE_20B0", 1),
    ("110", "g4.xl", 16, 120, 60, "CUSTOM_PCI_10DE_26B9", 1),
    ("111", "g4.2xl", 32, 240, 60, "CUSTOM_PCI_10DE_26B9", 2),
    ("120", "g5.xl", 24, 240, 60, "CUSTOM_PCI_10DE_2330", 1),
    ("200", "p3.tiny", 1, 3, 20, "", 0),
)
_ON_REQUEST = {"m3.3xl": (), "p3.tiny": ("CIS220046",)}


def flavors() -> dict[str, Flavor]:
    found: dict[str, Flavor] = {}
    for one, name, vcpus, ram, disk, gpu, count in _FLAVORS:
        specs = {"hw_rng:allowed": "True"} | ({f"resources:{gpu}": str(count)} if gpu else {})
        access = [stable_hex("project", project) for project in _ON_REQUEST.get(name, ())]
        public = name not in _ON_REQUEST
        found[one] = Flavor(one, name, vcpus, ram * 1024, disk, 0, 0, specs, public, access)
    return found


# prefix of the host's name, how many, vCPUs, RAM in GiB, its GPUs
_HOSTS: tuple[tuple[str, int, int, int, dict[str, int]], ...] = (
    ("c", 40, 128, 512, {}),
    ("lm", 4, 128, 1024, {}),
    ("g10c", 2, 128, 512, {"CUSTOM_A100X_10C": 16}),
    ("g20c", 2, 128, 512, {"CUSTOM_A100X_20C": 8}),
    ("gx", 2, 128, 512, {"CUSTOM_PCI_10DE_20B0": 4}),
    ("l40s", 1, 128, 1024, {"CUSTOM_PCI_10DE_26B9": 4}),
    ("h100", 1, 96, 1024, {"CUSTOM_PCI_10DE_2330": 2}),
)


def hosts(region: str) -> dict[str, ResourceProvider]:
    found: dict[str, ResourceProvider] = {}
    for kind, count, vcpus, ram, gpus in _HOSTS:
        for number in range(1, count + 1):
            name = f"{kind}{number:03d}.{region.lower()}.demo"
            inventory = {"VCPU": vcpus, "MEMORY_MB": ram * 1024, "DISK_GB": 8000, **gpus}
            provider = ResourceProvider(stable_uuid("host", name), name, inventory)
            found[provider.id] = provider
    return found


# name, os_distro, os_version, age in days, size in MiB
_IMAGES: tuple[tuple[str, str, str, int, int], ...] = (
    ("Featured-Ubuntu24", "ubuntu", "24.04", 12, 3100),
    ("Featured-Ubuntu22", "ubuntu", "22.04", 12, 2900),
    ("Featured-RockyLinux9", "rocky", "9", 15, 2600),
    ("Featured-Debian12", "debian", "12", 20, 2100),
    ("Featured-Ubuntu24", "ubuntu", "24.04", 103, 3000),
    ("Featured-Ubuntu22", "ubuntu", "22.04", 103, 2850),
    ("Featured-RockyLinux9", "rocky", "9", 110, 2550),
    ("Featured-Debian12", "debian", "12", 118, 2050),
)


def image(
    region: str, owner: str, name: str, now: datetime, *, days: int, mib: int, properties: dict[str, str]
) -> Image:
    made = (now - timedelta(days=days)).replace(microsecond=0)
    unique = (region, "image", name, str(days))
    return Image(
        id=stable_uuid(*unique),
        name=name,
        owner=owner,
        created_at=made,
        updated_at=made,
        size=mib * 1024**2,
        virtual_size=10 * GIB,
        min_disk=10,
        min_ram=1024,
        checksum=stable_hex("checksum", *unique),
        os_hash_algo="sha512",
        os_hash_value=hashlib.sha512("/".join(unique).encode()).hexdigest(),
        properties=properties,
    )


def images(region: str, now: datetime) -> dict[str, Image]:
    """Featured ones with an older build of each, one of the community and one of a project's own."""
    operator = stable_hex("project", OPERATOR_PROJECT)
    found: list[Image] = []
    for name, distro, version, days, mib in _IMAGES:
        properties = {
            "os_type": "linux",
            "os_distro": distro,
            "os_version": version,
            "hw_disk_bus": "virtio",
            "hw_vif_model": "virtio",
            "hw_qemu_guest_agent": "yes",
        }
        found.append(image(region, operator, name, now, days=days, mib=mib, properties=properties))
    teaching = {"os_type": "linux", "os_distro": "ubuntu", "os_version": "22.04"}
    shared = image(
        region,
        stable_hex("project", "TRA220028"),
        "Course-RStudio-2026",
        now,
        days=40,
        mib=5200,
        properties=teaching,
    )
    shared.visibility = "community"
    own = image(
        region,
        stable_hex("project", "BIO220047"),
        "assembly-tools-2026-09",
        now,
        days=61,
        mib=8400,
        properties={**teaching, "image_type": "snapshot", "from-exosphere": "true"},
    )
    own.visibility, own.min_disk = "private", 20
    return {one.id: one for one in (*found, shared, own)}


DEFAULT_QUOTAS = {
    "instances": 25,
    "cores": 150,
    "ram": 585 * 1024,
    "key_pairs": 100,
    "metadata_items": 128,
    "server_groups": 10,
    "server_group_members": 10,
    "network": 100,
    "subnet": 100,
    "port": 500,
    "router": 1,
    "floatingip": 10,
    "security_group": 20,
    "security_group_rule": 200,
    "volumes": 10,
    "gigabytes": 1000,
    "snapshots": 10,
    "per_volume_gigabytes": -1,
    "backups": 10,
    "backup_gigabytes": 1000,
    "groups": 10,
}
# A project's quota is the sum of what its resources bring (CPU 150 cores, GPU 64, large memory 128).
QUOTAS = {
    "BIO220047": {"instances": 50, "cores": 278, "ram": 1585 * 1024, "floatingip": 12},
    "CIS220046": {"cores": 214, "ram": 835 * 1024, "floatingip": 14},
    "TRA220028": {"instances": 120, "cores": 200, "ram": 780 * 1024, "floatingip": 110},
}
