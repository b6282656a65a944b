"""What the page of an allocation shows, in a fixed number of queries whatever its machines and days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from allocations import accrual
from allocations.access import sees_all_spending
from allocations.accrual import Unpriced
from allocations.models import Allocation
from allocations.overview.ending import End, end_of
from allocations.overview.people import Person, people
from allocations.overview.quota import Meter, meters
from allocations.overview.standing import Standing, labels
from allocations.reconciling import Difference, differences
from allocations.roles import Need, allows
from allocations.sources import facts
from allocations.sources.facts import Fact
from portal.accounts.models import User
from portal.cloud.config import clouds

# In this order; the title is the page's name.
_COMPARED = 12
SHOWN = ("grant", "pi", "institution", "field_of_science", "type", "begins", "ends")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """`facts`: about the grant, each with who says so. `title` and `abstract` may be absent."""

    allocation: Allocation
    standing: Standing
    facts: Sequence[Fact]
    title: Fact | None
    abstract: Fact | None
    end: End | None
    people: Sequence[Person]
    others_hidden: bool
    unpriced: Sequence[Unpriced]
    differences: Sequence[Difference]
    quotas: Sequence[Meter]
    may_launch: bool
    cloud_title: str
    region_title: str

    @property
    def labels(self) -> Mapping[str, str]:
        return labels()


def figures(standing: Standing, viewer: User) -> Figures:
    allocation = standing.allocation
    told = facts.of(allocation)
    all_of_them = sees_all_spending(viewer, allocation)
    cloud = clouds().clouds.get(allocation.cloud)
    return Figures(
        allocation=allocation,
        standing=standing,
        facts=[told[name] for name in SHOWN if name in told],
        title=told.get("title"),
        abstract=told.get("abstract"),
        end=end_of(standing),
        people=people(standing.spenders, str(viewer.pk), all_of_them=all_of_them),
        others_hidden=not all_of_them,
        unpriced=accrual.unpriced(standing.project),
        differences=differences(allocation, most=_COMPARED),
        quotas=meters(allocation, {}),
        may_launch=allows(allocation.viewer_role, Need.LAUNCH),
        cloud_title=cloud.title if cloud else allocation.cloud,
        region_title=cloud.region_title(allocation.region) if cloud else allocation.region,
    )
