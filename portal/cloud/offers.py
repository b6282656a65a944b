"""What a cloud offers to one project in one region: which services, how new, with which extensions."""

from collections.abc import Iterable, Mapping

from portal.cloud import calls, translate
from portal.cloud.connection import Cloud
from portal.cloud.features import FEATURES
from portal.cloud.types import Offer, OfferState
from portal.cloud.wire import service_type
from portal.core.errors import PortalError

SERVICES = ("compute", "image", "network", "block-storage", "placement")
REFUSALS: dict[str, OfferState] = {
    "cloud:unsupported": "absent",
    "cloud:not-found": "absent",
    "cloud:forbidden": "forbidden",
}
_ALIASES = frozenset(feature.extension for feature in FEATURES if feature.extension)


def read(cloud: Cloud, known: Iterable[Offer] = ()) -> list[Offer]:
    """At most two calls. A service in trouble is not absent: it offers what it was `known` to offer."""
    there = catalogued(cloud)
    before = {offer.service: offer for offer in known}
    return [_offer(cloud, service, there, before) for service in SERVICES]


@translate.translated("identity")
def catalogued(cloud: Cloud) -> frozenset[str]:
    """Types of the services that the catalogue has for this region, by their present names."""
    found: set[str] = set()
    for entry in cloud.access.service_catalog.catalog:
        kind = service_type(str(entry.get("type", "")))
        for endpoint in entry.get("endpoints", ()):
            region = endpoint.get("region_id") or endpoint.get("region")
            if endpoint.get("interface") == cloud.config.interface and region == cloud.region:
                found.add(kind)
    return frozenset(found)


def _offer(cloud: Cloud, service: str, there: frozenset[str], before: Mapping[str, Offer]) -> Offer:
    if service not in there:
        return Offer(service=service, state="absent")
    try:
        match service:
            case "compute":
                return Offer(service=service, version=calls.compute_version(cloud, least="2.1"))
            case "network":
                return Offer(service=service, extensions=extensions(cloud))
            case _:
                return Offer(service=service)
    except PortalError as error:
        if error.outcome == "auth":
            raise
        if error.id in REFUSALS:
            return Offer(service=service, state=REFUSALS[error.id])
        return before.get(service, Offer(service=service))


@translate.translated("network")
def extensions(cloud: Cloud) -> tuple[str, ...] | None:
    """Aliases of those extensions of Neutron on which something hangs; None where it does not tell any."""
    try:
        rows = calls.send(cloud, "network", "GET", "/extensions")["extensions"]
    except PortalError as error:
        if error.id != "cloud:not-found":
            raise
        return None
    return tuple(sorted(_ALIASES & {str(row["alias"]) for row in rows}))
