"""What the portal can do only where a cloud offers something for it, and what is lost without. Pure.

A feature hangs on a service; beyond that perhaps on a microversion of it, or on an extension of Neutron.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from portal.cloud.types import Offer

# Who notices that it is missing: people at the launch form, at a machine, at the figures; or only operators.
Where = Literal["launch", "machine", "figures", "operator"]

SERVICE_TITLES: Mapping[str, str] = {
    "identity": "Identity",
    "compute": "Compute",
    "image": "Images",
    "network": "Network",
    "block-storage": "Volumes",
    "placement": "Placement",
    "accounting": "Accounting",
}
# Without these there is nothing to use; the others may be absent.
REQUIRED = ("identity", "compute")


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """`lost`: the sentence that people read where the feature is missing."""

    id: str
    service: str
    title: str
    lost: str
    where: Where
    least: str = ""
    extension: str = ""

    @property
    def needs(self) -> str:
        """What a cloud has to have for it, in words."""
        title = SERVICE_TITLES[self.service]
        if self.least:
            return f"{title} {self.least} or newer"
        return f"{title} with the extension {self.extension}" if self.extension else f"{title}"


FEATURES: tuple[Feature, ...] = (
    Feature(
        id="images",
        service="image",
        title="images",
        lost="No images can be listed, so nothing can be launched, rebuilt or kept as an image from here.",
        where="launch",
    ),
    Feature(
        id="volumes",
        service="block-storage",
        title="volumes",
        lost="A root disk cannot be a volume, and volumes are not shown.",
        where="launch",
    ),
    Feature(
        id="networks",
        service="network",
        title="networks",
        lost="Networks cannot be chosen: a machine gets the one that the cloud gives it.",
        where="launch",
    ),
    Feature(
        id="own-network",
        service="network",
        title="a network made by itself",
        lost="The cloud makes no network for a project: its only one is used, or one has to be chosen.",
        where="launch",
        extension="auto-allocated-topology",
    ),
    Feature(
        id="firewall",
        service="network",
        title="firewall rules",
        lost="Firewall rules cannot be set: a machine gets those that the cloud gives it.",
        where="launch",
        extension="security-group",
    ),
    Feature(
        id="public-addresses",
        service="network",
        title="public addresses",
        lost="Public addresses can be neither given nor taken away here.",
        where="launch",
        extension="router",
    ),
    Feature(
        id="address-quota",
        service="network",
        title="the quota of addresses",
        lost="How many public addresses are still free is not known.",
        where="operator",
        extension="quota_details",
    ),
    Feature(
        id="gpu-availability",
        service="placement",
        title="free GPUs",
        lost="How many GPUs are free now is not shown.",
        where="operator",
    ),
    Feature(
        id="service-units",
        service="accounting",
        title="service units",
        lost="Awarded and used service units are not known; what machines cost is counted by the portal alone.",
        where="figures",
    ),
    Feature(
        id="screen",
        service="compute",
        title="the screen",
        lost="A machine's screen cannot be opened.",
        where="machine",
        least="2.6",
    ),
    Feature(
        id="lock-shown",
        service="compute",
        title="locks",
        lost="Whether a machine is locked is not shown.",
        where="machine",
        least="2.9",
    ),
    Feature(
        id="flavor-facts",
        service="compute",
        title="sizes of machines",
        lost="Each reading costs one call more, and a machine whose size was withdrawn shows none.",
        where="operator",
        least="2.47",
    ),
    Feature(
        id="tags",
        service="compute",
        title="tags at creation",
        lost="After a lost reply a machine is found by its metadata instead of its tag, which reads the whole list.",
        where="operator",
        least="2.52",
    ),
    Feature(
        id="flavor-specs",
        service="compute",
        title="GPUs of sizes",
        lost="How many GPUs a size has is not known.",
        where="launch",
        least="2.61",
    ),
    Feature(
        id="hostname",
        service="compute",
        title="host names",
        lost="The name that a machine has inside is not shown.",
        where="operator",
        least="2.90",
    ),
)


def lost(offers: Iterable[Offer]) -> list[Feature]:
    """The features that a cloud with these offers cannot have. What was not asked about counts as there."""
    known = {offer.service: offer for offer in offers}
    return [
        feature
        for feature in FEATURES
        if (offer := known.get(feature.service)) is not None and not _has(offer, feature)
    ]


def _has(offer: Offer, feature: Feature) -> bool:
    if offer.state != "there":
        return False
    if feature.least and offer.version:
        return numbers(offer.version) >= numbers(feature.least)
    return not feature.extension or offer.extensions is None or feature.extension in offer.extensions


def why(offer: Offer, feature: Feature) -> str:
    """Why a lost feature is lost, in words for whoever runs the cloud."""
    title = SERVICE_TITLES[offer.service]
    if offer.state == "absent":
        return f"the cloud has no {title} service here"
    if offer.state == "forbidden":
        return f"the {title} service does not let this project's members ask"
    if feature.least:
        return f"{title} here knows {offer.version}, and it takes {feature.least}"
    return f"Network here lacks the extension {feature.extension}"


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
