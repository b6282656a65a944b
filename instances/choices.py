"""What the launch page offers: from the mirror and the operator's configuration, with cost and room."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from allocations.models import Allocation
from allocations.offers import lost
from allocations.rates import resource_of, su_per_hour
from instances import budgets, catalogue, room
from instances.budgets import Budget
from instances.catalogue import Catalogue
from instances.models import Instance
from instances.statuses import ACTIVE
from portal.accounts.models import User
from portal.cloud.config import clouds
from portal.cloud.features import Feature
from portal.cloud.schema import FlavorGroup, PortalCloud
from portal.cloud.schema import InstanceType as TypeRule
from portal.cloud.types import Flavor, Image

_GB = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageChoice:
    """`min_disk_gb` counts the size of the image too: no smaller disk can hold it."""

    id: str
    name: str
    os_distro: str
    os_version: str
    visibility: str
    is_snapshot: bool
    featured: bool
    own: bool
    min_disk_gb: int
    min_ram_mb: int
    size_gb: float
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionChoice:
    """`flavor_ids` None: every flavor will do."""

    label: str
    image: ImageChoice
    primary: bool
    flavor_ids: frozenset[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeChoice:
    name: str
    title: str
    description: str
    logo: str
    primary: bool
    versions: tuple[VersionChoice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlavorChoice:
    """`fits`: how many the quota still allows, None without a limit. `blocked`: why none can be had.
    `gpus_free`: "3 of 8 free", empty where that is not known."""

    id: str
    name: str
    vcpus: int
    ram_mb: int
    disk_gb: int
    ephemeral_gb: int
    gpus: int
    gpus_free: str
    su_per_hour: Decimal | None
    fits: int | None
    runs_out_at: datetime | None
    blocked: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlavorGroupChoice:
    """`remaining`: service units of the group's resource; None where the cloud counts none."""

    name: str
    title: str
    description: str
    resource: str
    remaining: Decimal | None
    flavors: tuple[FlavorChoice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkChoice:
    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChoice:
    name: str
    fingerprint: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressChoice:
    id: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchChoices:
    """`read_at` None: the cloud was not read yet. `unread_since`: it cannot be read since then, and why.
    `lost`: what cannot be chosen at this cloud at all."""

    types: tuple[TypeChoice, ...]
    images: tuple[ImageChoice, ...]
    groups: tuple[FlavorGroupChoice, ...]
    networks: tuple[NetworkChoice, ...]
    keys: tuple[KeyChoice, ...]
    addresses: tuple[AddressChoice, ...]
    read_at: datetime | None
    unread_since: datetime | None
    error_id: str
    lost: tuple[Feature, ...] = ()

    @property
    def lacks(self) -> frozenset[str]:
        """Ids of what this cloud has nothing for."""
        return frozenset(feature.id for feature in self.lost)


def launch_choices(allocation: Allocation, user: User, now: datetime | None = None) -> LaunchChoices:
    """A fixed number of queries, none of them to the cloud."""
    found = catalogue.load(allocation, user)
    cloud = clouds().cloud(allocation.cloud).portal
    images = image_choices(found, allocation, cloud)
    return LaunchChoices(
        types=_types(found, images, cloud),
        images=images,
        groups=_groups(found.flavors.values(), budgets.of(allocation, now or timezone.now())),
        networks=_networks(found),
        keys=tuple(
            KeyChoice(name=key.name, fingerprint=key.fingerprint, type=key.type)
            for key in sorted(found.keypairs.values(), key=lambda key: key.name.lower())
        ),
        addresses=_free(found),
        read_at=found.read_at,
        unread_since=found.unread_since,
        error_id=found.error_id,
        lost=tuple(lost(allocation, "launch")),
    )


def resize_choices(instance: Instance) -> tuple[FlavorGroupChoice, ...]:
    """Every other size; those that cannot take the machine say why."""
    allocation = instance.allocation
    others = [
        flavor
        for flavor in catalogue.load(allocation).flavors.values()
        if flavor.name != instance.flavor_name
    ]
    return _groups(others, budgets.of(allocation, timezone.now()), instance)


def rebuild_choices(instance: Instance) -> tuple[ImageChoice, ...]:
    """Images that the machine's disk and memory can hold."""
    allocation = instance.allocation
    cloud = clouds().cloud(allocation.cloud).portal
    images = image_choices(catalogue.load(allocation), allocation, cloud)
    return tuple(
        image
        for image in images
        if image.min_ram_mb <= instance.ram_mb
        and (not instance.disk_gb or image.min_disk_gb <= instance.disk_gb)
    )


def free_addresses(allocation: Allocation) -> tuple[AddressChoice, ...]:
    return _free(catalogue.load(allocation))


def image_choices(found: Catalogue, allocation: Allocation, cloud: PortalCloud) -> tuple[ImageChoice, ...]:
    """Usable images: featured first, then the project's own, then the rest; newest first in each."""
    usable = [
        image_choice(image, allocation, cloud)
        for image in found.images.values()
        if image.status == "active"
        and not (cloud.image_exclude and catalogue.fits(image, cloud.image_exclude))
    ]
    by_age = sorted(usable, key=lambda image: image.created, reverse=True)
    return tuple(sorted(by_age, key=lambda image: (not image.featured, not image.own)))


def image_choice(image: Image, allocation: Allocation, cloud: PortalCloud) -> ImageChoice:
    return ImageChoice(
        id=image.id,
        name=image.name,
        os_distro=image.os_distro,
        os_version=image.os_version,
        visibility=image.visibility,
        is_snapshot=image.is_snapshot,
        featured=bool(cloud.featured_prefix) and image.name.startswith(cloud.featured_prefix),
        own=image.owner == allocation.project_id,
        min_disk_gb=smallest_disk(image),
        min_ram_mb=image.min_ram_mb,
        size_gb=round((image.size_bytes or 0) / _GB, 1),
        created=image.created,
    )


def smallest_disk(image: Image) -> int:
    """GB that a disk needs to hold the image."""
    return max(image.min_disk_gb, -(-(image.size_bytes or 0) // _GB))


def _types(found: Catalogue, images: tuple[ImageChoice, ...], cloud: PortalCloud) -> tuple[TypeChoice, ...]:
    made = (_type(rule, found, images) for rule in cloud.instance_types)
    return tuple(choice for choice in made if choice.versions)


def _type(rule: TypeRule, found: Catalogue, images: tuple[ImageChoice, ...]) -> TypeChoice:
    versions = []
    for version in rule.versions:
        fitting = [image for image in images if catalogue.fits(found.images[image.id], version.image)]
        if not fitting:
            continue
        only = version.restrict_flavors
        allowed = None if only is None else {f.id for f in found.flavors.values() if only.match(f.name)}
        if allowed is not None and not allowed:
            continue
        versions.append(
            VersionChoice(
                label=version.label,
                image=max(fitting, key=lambda image: image.created),
                primary=version.primary,
                flavor_ids=None if allowed is None else frozenset(allowed),
            )
        )
    return TypeChoice(
        name=rule.name,
        title=rule.title,
        description=rule.description,
        logo=rule.logo,
        primary=rule.primary,
        versions=tuple(versions),
    )


def _flavor(flavor: Flavor, budget: Budget, replaces: Instance | None) -> FlavorChoice:
    resource = resource_of(flavor.name, budget.now, budget.cloud)
    hourly = su_per_hour(flavor.name, flavor.vcpus, ACTIVE, budget.now, budget.cloud)
    size = (flavor.vcpus, flavor.ram_mb)
    lacking = room.lacking(budget.room, room.growth(*size, replaces) if replaces else room.machine(*size))
    return FlavorChoice(
        id=flavor.id,
        name=flavor.name,
        vcpus=flavor.vcpus,
        ram_mb=flavor.ram_mb,
        disk_gb=flavor.disk_gb,
        ephemeral_gb=flavor.ephemeral_gb,
        gpus=catalogue.gpus_of(flavor.extra_specs, budget.cloud),
        gpus_free=_free_gpus(flavor, budget),
        su_per_hour=hourly,
        fits=budget.room.fits(*size),
        runs_out_at=budget.runs_out_at(resource, hourly) if hourly is not None else None,
        blocked=_too_small(flavor, replaces) or lacking or budget.lack(resource),
    )


def _free_gpus(flavor: Flavor, budget: Budget) -> str:
    """In the words of the size's own kind of GPU. Hosts that are full do not count: then nobody knows of how many."""
    classes = {name for name in budget.gpus if flavor.extra_specs.get(f"resources:{name}", "0") != "0"}
    if len(classes) != 1:
        return ""
    found = budget.gpus[classes.pop()]
    total, free = found["total"], max(0, found["total"] - found["used"])
    return f"{free} of {total} free" if free else "none free now"


def _too_small(flavor: Flavor, replaces: Instance | None) -> str:
    if replaces and not replaces.volume_backed and flavor.disk_gb < replaces.disk_gb:
        return f"Its disk ({flavor.disk_gb} GB) is smaller than the machine's ({replaces.disk_gb} GB)."
    return ""


def _groups(
    flavors: Iterable[Flavor], budget: Budget, replaces: Instance | None = None
) -> tuple[FlavorGroupChoice, ...]:
    """In the operator's order; a flavor that no group names comes last, in a group of its own kind."""
    sorted_flavors = sorted(
        (flavor for flavor in flavors if not flavor.disabled),
        key=lambda flavor: (flavor.vcpus, flavor.ram_mb, flavor.disk_gb, flavor.name),
    )
    members: dict[str, list[FlavorChoice]] = {}
    for flavor in sorted_flavors:
        group = budget.cloud.flavor_group(flavor.name)
        members.setdefault(group.name if group else "", []).append(_flavor(flavor, budget, replaces))
    named = [
        _group(group, members[group.name], budget)
        for group in budget.cloud.flavor_groups
        if group.name in members
    ]
    if "" in members:
        named.append(
            FlavorGroupChoice(
                name="other",
                title="Other sizes",
                description="",
                resource="",
                remaining=None,
                flavors=tuple(members[""]),
            )
        )
    return tuple(named)


def _group(group: FlavorGroup, flavors: list[FlavorChoice], budget: Budget) -> FlavorGroupChoice:
    return FlavorGroupChoice(
        name=group.name,
        title=group.title,
        description=group.description,
        resource=group.resource,
        remaining=budget.remaining(group.resource),
        flavors=tuple(flavors),
    )


def _networks(found: Catalogue) -> tuple[NetworkChoice, ...]:
    usable = [net for net in found.networks.values() if not net.external and net.admin_up and net.subnet_ids]
    return tuple(
        NetworkChoice(id=net.id, name=net.name) for net in sorted(usable, key=lambda net: net.name.lower())
    )


def _free(found: Catalogue) -> tuple[AddressChoice, ...]:
    unused = (address for address in found.floating_ips.values() if address.port_id is None)
    return tuple(
        AddressChoice(id=address.id, address=address.address)
        for address in sorted(unused, key=lambda address: address.address)
    )
