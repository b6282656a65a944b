"""What was spent, as reports count it: storage is held rather than spent, and its units are none of the others'."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from allocations import usage
from allocations.models import Grant


def spent(
    allocation_ids: Collection[int], *, start: datetime, end: datetime, by: Sequence[usage.By]
) -> Iterator[tuple[Sequence[str], Decimal]]:
    """Keys in the order asked for, and SUs. The same keys may come more than once: once for each resource."""
    wanted: list[usage.By] = [*by, "resource"]
    for line in usage.totals(allocation_ids, start=start, end=end, by=wanted):
        *keys, resource = line.keys
        if resource != Grant.Resource.STORAGE:
            yield keys, line.su
