"""What one meeting of a workshop costs by its plan: with the operator's usual time to build, as no launch is looked at."""

from decimal import Decimal
from math import ceil

from instances import catalogue
from instances.models import CatalogueItem
from instances.workshops.clock.costs import Size, cost
from instances.workshops.clock.reading import times_of
from instances.workshops.models import Workshop
from portal.cloud.config import clouds


def meeting_cost(workshop: Workshop, number: int) -> Decimal | None:
    """SU of the meeting counted from 0; None where its size or its rate is not known. Two queries."""
    known = clouds().clouds.get(workshop.allocation.cloud)
    flavor = catalogue.item(workshop.allocation, CatalogueItem.Kind.FLAVOR, workshop.flavor_id)
    if known is None or flavor is None:
        return None
    rules, machines = known.portal.workshops, workshop.seats + workshop.spares
    found = cost(
        times_of(workshop),
        Size(machines, flavor.name, flavor.vcpus, known.portal),
        build_seconds=rules.usual_build_seconds,
        waves=max(1, ceil(machines / rules.builds_per_project)),
    )
    return found.meetings[number].su if found.priced else None
