"""What cannot be done with machines at a cloud that lacks something, by name."""

from collections.abc import Mapping

from allocations.models import Allocation
from allocations.offers import lost

# Actions that hang on a feature of the cloud.
NEEDED: Mapping[str, str] = {
    "console": "screen",
    "snapshot": "images",
    "rebuild": "images",
    "assign_address": "public-addresses",
    "unassign_address": "public-addresses",
}


def has(allocation: Allocation, feature_id: str) -> bool:
    """Whether the cloud has it, as far as is known."""
    return feature_id not in {feature.id for feature in lost(allocation)}


def reasons(allocation: Allocation) -> dict[str, str]:
    """Action -> why this cloud cannot do it."""
    found = {feature.id: feature for feature in lost(allocation)}
    return {action: found[needed].lost for action, needed in NEEDED.items() if needed in found}
