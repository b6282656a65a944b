"""What machines have cost since their last entry in the ledger: computed when asked for, told by the layers above."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Accrued:
    """One machine, and one stretch within a UTC day, that the ledger will be charged for: what its entry will say."""

    allocation_id: int
    resource: str
    instance_id: str
    instance_name: str
    owner_key: str
    owner_name: str
    flavor_name: str
    status: str
    starts_at: datetime
    ends_at: datetime
    su: Decimal


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Machines of a size for which the operator gave no rate: they are not charged, and pages say so."""

    allocation_id: int
    flavor_name: str
    machines: int


# `function(allocation_ids, now)`: in a fixed number of queries.
Source = Callable[[Collection[int], datetime], list[Accrued]]
# `function(instance_ids)`: their names now, in a fixed number of queries.
Names = Callable[[Collection[str]], dict[str, str]]
# `function(allocation_ids)`: those of them whose machines' histories are still being read, in one query.
Unsettled = Callable[[Collection[int]], set[int]]
# `function(allocation_ids)`: in one query.
WithoutRate = Callable[[Collection[int]], list[Unpriced]]
_sources: list[Source] = []
_without_rate: list[WithoutRate] = []
_unsettled: list[Unsettled] = []
_names: list[Names] = []


def accrual_source(function: Source) -> Source:
    """Decorator: `function(allocation_ids, now)` says what runs there and is not in the ledger yet."""
    if function not in _sources:
        _sources.append(function)
    return function


def name_source(function: Names) -> Names:
    """Decorator: `function(instance_ids)` knows what machines are called."""
    if function not in _names:
        _names.append(function)
    return function


def unsettled_source(function: Unsettled) -> Unsettled:
    """Decorator: `function(allocation_ids)` says where the ledger does not have all yet that is known elsewhere."""
    if function not in _unsettled:
        _unsettled.append(function)
    return function


def unsettled(allocation_ids: Collection[int]) -> set[int]:
    return {pk for function in _unsettled for pk in function(allocation_ids)}


def accrued(allocation_ids: Collection[int], now: datetime) -> list[Accrued]:
    return [found for function in _sources for found in function(allocation_ids, now)]


def names(instance_ids: Collection[str]) -> dict[str, str]:
    return {key: name for function in _names for key, name in function(instance_ids).items()}


def unpriced_source(function: WithoutRate) -> WithoutRate:
    """Decorator: `function(allocation_ids)` says which machines cost nothing for want of a rate."""
    if function not in _without_rate:
        _without_rate.append(function)
    return function


def unpriced(allocation_ids: Collection[int]) -> list[Unpriced]:
    return [found for function in _without_rate for found in function(allocation_ids)]
