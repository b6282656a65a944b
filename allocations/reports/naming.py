"""What people and machines of a report are called. A few queries for any number."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from allocations import accrual, usage
from allocations.models import Allocation, Grant
from allocations.reports.tables import OTHERS
from portal.cloud.config import clouds

# What no machine explains: the provider's accounting and our ledger differed by that much.
UNEXPLAINED = "Difference to the provider's figure"
_RESOURCES = {value: str(label) for value, label in Grant.Resource.choices}


@dataclass(frozen=True, slots=True)
class Names:
    """`titles`: what each row is called. `people`: what each person is called."""

    titles: Mapping[str, str]
    people: Mapping[str, str]
    machines: bool
    # Machines that the portal has a page of; what ran before it came has none.
    known: Collection[str] = ()

    @classmethod
    def of(cls, allocation: Allocation, by: str, keys: Collection[str], people: Iterable[str]) -> Self:
        known: Collection[str] = ()
        persons = {"": UNEXPLAINED, **usage.owner_names([key for key in people if key and key != OTHERS])}
        if by == "person":
            titles: Mapping[str, str] = persons
        elif by == "machine":
            known = accrual.names(set(keys))
            titles = {"": UNEXPLAINED, **usage.instance_names([key for key in keys if key != OTHERS])}
        elif by == "resource":
            titles = _RESOURCES
        else:
            titles = {key: size_title(allocation.cloud, key) for key in keys}
        return cls({**titles, OTHERS: _others(by)}, persons, by == "machine", known)

    def person(self, key: str) -> str:
        return "Others" if key == OTHERS else self.people.get(key) or key.removeprefix("name:") or "Unknown"

    def detail(self, key: str, owner: str) -> str:
        """What stands beside a machine's name: whose it is."""
        return self.person(owner) if self.machines and owner and key != OTHERS else ""


def size_group(cloud: str, flavor: str) -> str:
    """The name of the flavor's group; the flavor itself where no group has it."""
    found = clouds().clouds.get(cloud)
    group = found.portal.flavor_group(flavor) if found else None
    return f"group:{group.name}" if group else flavor


def size_title(cloud: str, key: str) -> str:
    found = clouds().clouds.get(cloud)
    if not found or not key.startswith("group:"):
        return key or UNEXPLAINED
    return next((group.title for group in found.portal.flavor_groups if f"group:{group.name}" == key), key)


def _others(by: str) -> str:
    return "Machines of others" if by == "machine" else "Others"
