"""What the cloud offers to an allocation, as the mirror last read it: rows back into the gateway's values."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from allocations.models import Allocation
from instances.models import CatalogueItem, Poll
from instances.stored import revive
from portal.accounts.models import User
from portal.cloud.schema import ImageRule, PortalCloud
from portal.cloud.types import (
    Flavor,
    FloatingIp,
    Image,
    Keypair,
    Network,
    SecurityGroup,
    Volume,
)

Kind = CatalogueItem.Kind
KINDS: dict[str, type] = {
    Kind.FLAVOR: Flavor,
    Kind.IMAGE: Image,
    Kind.NETWORK: Network,
    Kind.FLOATING_IP: FloatingIp,
    Kind.KEYPAIR: Keypair,
    Kind.SECURITY_GROUP: SecurityGroup,
    Kind.VOLUME: Volume,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """One reading. `read_at` None: nothing was read yet; `unread_since`: reading fails since then."""

    flavors: dict[str, Flavor]
    images: dict[str, Image]
    networks: dict[str, Network]
    floating_ips: dict[str, FloatingIp]
    keypairs: dict[str, Keypair]
    read_at: datetime | None
    unread_since: datetime | None
    error_id: str


def load(allocation: Allocation, user: User | None = None) -> Catalogue:
    """Two queries, whatever the size. Keys are those of `user`."""
    poll = Poll.objects.filter(allocation=allocation, what=Poll.What.CATALOGUE).first()
    kinds = [Kind.FLAVOR, Kind.IMAGE, Kind.NETWORK, Kind.FLOATING_IP]
    wanted = (
        Q(user=None, kind__in=kinds) | Q(user=user, kind=Kind.KEYPAIR)
        if user
        else Q(user=None, kind__in=kinds)
    )
    rows = CatalogueItem.objects.filter(wanted, allocation=allocation).only(
        "kind", "cloud_id", "data", "seen_at"
    )
    found: dict[str, dict[str, Any]] = {kind: {} for kind in Kind}
    for row in rows:
        found[row.kind][row.cloud_id] = value_of(row)
    return Catalogue(
        flavors=found[Kind.FLAVOR],
        images=found[Kind.IMAGE],
        networks=found[Kind.NETWORK],
        floating_ips=found[Kind.FLOATING_IP],
        keypairs=found[Kind.KEYPAIR],
        read_at=poll.ok_at if poll else None,
        unread_since=poll.failing_since if poll else None,
        error_id=poll.error_id if poll else "",
    )


def item(allocation: Allocation, kind: str, cloud_id: str) -> Any | None:
    """One value by its id in the cloud."""
    row = CatalogueItem.objects.filter(allocation=allocation, kind=kind, cloud_id=cloud_id, user=None).first()
    return value_of(row) if row else None


def names(allocation: Allocation, kind: str, cloud_ids: Iterable[str]) -> dict[str, str]:
    rows = CatalogueItem.objects.filter(
        allocation=allocation, kind=kind, cloud_id__in=set(cloud_ids), user=None
    )
    return dict(rows.values_list("cloud_id", "name"))


def value_of(row: CatalogueItem) -> Any:
    """The gateway's value that `mirror.catalogue` wrote down, perhaps before the last upgrade."""
    return revive(KINDS[row.kind], row.data, row.seen_at)


def gpus_of(extra_specs: dict[str, str], cloud: PortalCloud) -> int:
    """How many GPUs, or shares of one, a flavor brings: by Placement's classes that the operator named."""
    classes = {resource.resource_class for resource in cloud.custom_resources} | {"VGPU", "PGPU"}
    counts = (extra_specs.get(f"resources:{name}", "0") for name in classes)
    return sum(int(count) for count in counts if count.isascii() and count.isdigit() and len(count) < 4)


def fits(image: Image, rule: ImageRule) -> bool:
    """Whether an image is what an operator's rule describes."""
    return rule.fits(image)
