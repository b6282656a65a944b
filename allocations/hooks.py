"""What layers above tell about allocations without being imported. They register in their `handlers.py`."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal

# {allocation id: {resource: SU per hour now}}, of the allocations asked for, in a fixed number of queries.
Burn = Mapping[int, Mapping[str, Decimal]]
BurnSource = Callable[[Collection[int]], Burn]

burn_sources: list[BurnSource] = []


def burn_source(function: BurnSource) -> BurnSource:
    """Decorator: `function(allocation_ids)` says what is being spent now."""
    if function not in burn_sources:
        burn_sources.append(function)
    return function


def burn(allocation_ids: Collection[int]) -> dict[int, dict[str, Decimal]]:
    """What all sources say together. An allocation that spends nothing may be absent."""
    total: dict[int, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for source in burn_sources:
        for allocation_id, by_resource in source(allocation_ids).items():
            for resource, rate in by_resource.items():
                total[allocation_id][resource] += rate
    return {pk: dict(by_resource) for pk, by_resource in total.items()}
