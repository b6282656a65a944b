"""One region of a cloud through somebody's credential: which services there are, how new, and what is lost. Reads only."""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from portal.cloud import accounting, features, flavors, images, networks, offers, placement, translate
from portal.cloud.calls import COMPUTE
from portal.cloud.connection import Cloud, connect
from portal.cloud.features import SERVICE_TITLES
from portal.cloud.logins import Login
from portal.cloud.schema import PortalCloud
from portal.cloud.types import Flavor, Image, Offer
from portal.core.doctor import Finding, broken, clean, degraded, note, ok
from portal.core.errors import PortalError

_SECONDS = 60.0


def examine(login: Login, region: str) -> Iterator[Finding]:
    cloud = connect(login, region=region, deadline=time.monotonic() + _SECONDS)
    try:
        with translate.translated("identity"):
            roles = ", ".join(sorted(cloud.access.role_names or ())) or "no role"
        found = offers.read(cloud)
    except PortalError as error:
        yield _trouble("sign-in", error)
        return
    yield ok("sign-in", f"accepted, with the roles {clean(roles)}")
    if not offers.catalogued(cloud):
        todo = "Correct `regions` in portal.yaml, or `interface` in clouds.yaml."
        yield broken("region", f"the catalogue has no {cloud.config.interface} service in {region}", todo)
        return
    for offer in found:
        yield from _service(cloud, offer)
    yield from _lost(found)
    yield from _accounting(cloud)
    yield from _placement(cloud, found)
    yield from _external_network(cloud, found)
    yield from _names(cloud)


def _trouble(name: str, error: PortalError) -> Finding:
    words = error.problem
    says = f"{words.title.lower()}: {words.what} {clean(error.detail)}".strip()
    return broken(name, says, words.todo)


def _service(cloud: Cloud, offer: Offer) -> Iterator[Finding]:
    title = SERVICE_TITLES[offer.service]
    if offer.state == "absent":
        told = broken if offer.service in features.REQUIRED else degraded
        todo = (
            "Nothing, if this cloud has none: pages say what is missing." if told is degraded else "Offer it."
        )
        yield told(title, "not in the catalogue, or at no address that answers", todo)
    elif offer.state == "forbidden":
        yield degraded(title, "refuses this person", "Look at the service's policy for the role.")
    else:
        yield from _read_one(cloud, offer, title)


# The cheapest question of each service that needs a right.
_QUESTIONS: dict[str, Callable[[Cloud], object]] = {
    "compute": flavors.list_flavors,
    "image": lambda cloud: images.list_images(cloud, community=False),
    "network": networks.list_networks,
}


def _read_one(cloud: Cloud, offer: Offer, title: str) -> Iterator[Finding]:
    started = time.monotonic()
    try:
        if question := _QUESTIONS.get(offer.service):
            question(cloud)
    except PortalError as error:
        yield _trouble(title, error)
        return
    took = f", answers in {(time.monotonic() - started) * 1000:.0f} ms" if question else " in the catalogue"
    if offer.service != "compute":
        yield ok(title, f"there{took}")
    elif offer.version == COMPUTE:
        yield ok(title, f"microversion {COMPUTE} or newer{took}")
    else:
        todo = "Nothing, or a newer Nova; what is lost is told below."
        yield degraded(
            title, f"microversions up to {offer.version}; the portal is made for {COMPUTE}{took}", todo
        )


def _lost(found: Iterable[Offer]) -> Iterator[Finding]:
    by_service = {offer.service: offer for offer in found}
    for feature in features.lost(by_service.values()):
        offer = by_service[feature.service]
        yield degraded(f"lost: {feature.title}", f"{feature.lost} ({features.why(offer, feature)})", "")


def _accounting(cloud: Cloud) -> Iterator[Finding]:
    config = cloud.config.portal.accounting
    if config is None:
        yield note("Accounting", "none is configured: service units awarded are not known")
        return
    try:
        if cloud.endpoint(config.service_type) is None:
            todo = "Correct accounting.service_type, or take `accounting` out of portal.yaml."
            yield degraded("Accounting", f"the catalogue has no service of type {config.service_type}", todo)
            return
        entries = accounting.entries(cloud)
    except PortalError as error:
        yield _trouble("Accounting", error)
        return
    unknown = sorted({entry.provider_resource for entry in entries if entry.resource is None})
    if unknown:
        names = clean(", ".join(unknown))
        yield degraded(
            "Accounting", f"resources that nothing maps: {names}", "Add them to accounting.resources."
        )
    else:
        yield ok("Accounting", f"{len(entries)} entries for this project")


def _placement(cloud: Cloud, found: Iterable[Offer]) -> Iterator[Finding]:
    classes = [resource.resource_class for resource in cloud.config.portal.custom_resources]
    if not classes or not any(offer.service == "placement" and offer.state == "there" for offer in found):
        return
    try:
        free = placement.gpu_availability(cloud, classes)
    except PortalError as error:
        yield _trouble("free GPUs", error)
        return
    if free is None:
        says = "members may not ask Placement, so pages do not tell how many GPUs are free"
        todo = "If people may know: allow GET /allocation_candidates to the role in Placement's policy."
        yield degraded("free GPUs", says, todo)
        return
    absent = [one.resource_class for one in free if not one.total]
    says = ", ".join(f"{one.resource_class} {one.free} of {one.total}" for one in free if one.total) or "none"
    yield ok("free GPUs", says)
    if absent:
        yield note("free GPUs", f"no host that has room offers {', '.join(absent)}")


def _external_network(cloud: Cloud, found: Iterable[Offer]) -> Iterator[Finding]:
    lost = {feature.id for feature in features.lost(found)}
    if not lost.isdisjoint({"networks", "public-addresses"}):
        return
    try:
        network = networks.external_network(cloud)
    except PortalError as error:
        if error.id != "cloud:unsupported":
            yield _trouble("public addresses", error)
            return
        todo = "Correct external_network in portal.yaml, or have the network shared with this project."
        yield degraded("public addresses", f"{clean(error.detail)}: machines get none", todo)
        return
    yield ok("public addresses", f"come from the network {clean(network.name)}")


def _names(cloud: Cloud) -> Iterator[Finding]:
    """Whether what portal.yaml says of sizes and images is about sizes and images that exist."""
    try:
        sizes, pictures = flavors.list_flavors(cloud), images.list_images(cloud)
    except PortalError:
        return  # told above
    yield from _sizes(cloud.config.portal, sizes)
    yield from _systems(cloud.config.portal, pictures)


def _sizes(config: PortalCloud, sizes: list[Flavor]) -> Iterator[Finding]:
    today = datetime.now(UTC).date()
    names = [flavor.name for flavor in sizes]
    idle = [
        group.name
        for group in config.flavor_groups
        if not any(config.flavor_group(n) is group for n in names)
    ]
    unpriced = [name for name in names if config.rates and config.rate(name, today) is None]
    dead = [rate for rate in config.rates if not any(rate.flavor.match(name) for name in names)]
    if idle:
        yield note("flavor_groups", f"no size of this project is in: {', '.join(idle)}")
    if dead:
        patterns = ", ".join(dict.fromkeys(rate.flavor.pattern for rate in dead))
        yield note("rates", f"no size of this project fits: {patterns}")
    if unpriced:
        says = f"{len(unpriced)} sizes have no rate today, such as {clean(unpriced[0], 60)}: their cost is unknown"
        yield degraded("rates", says, "Add a rate to portal.yaml.")
    if not idle and not dead and not unpriced:
        yield ok("sizes", f"{len(names)}, all with what portal.yaml says of them")


def _systems(config: PortalCloud, pictures: list[Image]) -> Iterator[Finding]:
    absent = [
        f"{kind.title} {version.label}"
        for kind in config.instance_types
        for version in kind.versions
        if not any(version.image.fits(image) for image in pictures if image.status == "active")
    ]
    if absent:
        todo = "Correct instance_types in portal.yaml, or upload the images."
        yield degraded("instance_types", f"no image for {', '.join(absent)}: not offered", todo)
    elif config.instance_types:
        yield ok("instance_types", "each version has its image")
