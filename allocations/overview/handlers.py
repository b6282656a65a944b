"""Registered at start: kinds of notices, the parts of exports that this layer knows, and what is sealed."""

from allocations.overview import own_parts as own_parts  # registers its parts
from allocations.overview.building import READY
from allocations.overview.models import Export
from allocations.overview.reminding import KIND
from portal.core.resealing import Tally, column, store
from portal.notices import kinds

kinds.register(
    kinds.Kind(
        KIND,
        "An allocation ends",
        "allocations",
        ways={kinds.PAGE, kinds.MAIL},
        always=True,
        note="90, 60, 30, 14, 7 and 1 days before, and once it has ended.",
    )
)
kinds.register(kinds.Kind(READY, "The export of your data is ready", "portal", ways={kinds.PAGE}))


@store
def reseal(tally: Tally) -> None:
    """The keys of exports."""
    column(Export.objects.all(), "sealed_key", tally)
