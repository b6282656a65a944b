"""How many GPUs are free now, where the cloud lets its users ask."""

from collections.abc import Sequence

from portal.cloud import calls, translate
from portal.cloud.connection import Cloud
from portal.cloud.types import GpuAvailability
from portal.core.errors import PortalError

_NOT_FOR_US = frozenset({"cloud:forbidden", "cloud:unsupported", "cloud:not-found"})
_PROVIDERS = 1000


@translate.translated("placement")
def gpu_availability(cloud: Cloud, resource_classes: Sequence[str]) -> list[GpuAvailability] | None:
    """Counted over the hosts that can still take one more; None where users may not know."""
    try:
        return [_availability(cloud, name) for name in resource_classes]
    except PortalError as error:
        if error.id not in _NOT_FOR_US:
            raise
        return None


def _availability(cloud: Cloud, resource_class: str) -> GpuAvailability:
    params: dict[str, str | int] = {"resources": f"{resource_class}:1", "limit": _PROVIDERS}
    body = calls.send(cloud, "placement", "GET", "/allocation_candidates", params=params, microversion="1.29")
    held = [
        summary["resources"][resource_class]
        for summary in body["provider_summaries"].values()
        if resource_class in summary["resources"]
    ]
    return GpuAvailability(
        resource_class=resource_class,
        total=sum(int(entry["capacity"]) for entry in held),
        used=sum(int(entry["used"]) for entry in held),
    )
