"""What layers above tell budgets about machines, and do for them. They register in their `handlers.py`."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A machine that is there, or asked for.

    `owner_key` is that of `allocations.usage`: the person's key as text, else "name:<who made it>". `per_hour`: SUs as it
    stands; of a machine that is being made, started or enlarged, as it will stand. `holds_gpus`: GPUs that it keeps now.
    """

    allocation_id: int
    id: str
    name: str
    owner_id: int | None
    owner_key: str
    owner_name: str
    resource: str
    per_hour: Decimal
    vcpus: int
    holds_gpus: int
    shelvable: bool
    made_at: datetime
    url: str


# Of these allocations, in a fixed number of queries.
MachineSource = Callable[[Collection[int]], Sequence[Held]]
# Ask for the machine to be shelved, acting for the allocation; PortalError when that cannot be now.
Shelver = Callable[[str, str], None]

machine_sources: list[MachineSource] = []
shelvers: list[Shelver] = []


def machine_source(function: MachineSource) -> MachineSource:
    """Decorator: `function(allocation_ids)` says which machines there are, whose, and what they cost per hour."""
    if function not in machine_sources:
        machine_sources.append(function)
    return function


def machines(allocation_ids: Collection[int]) -> list[Held]:
    return [held for source in machine_sources for held in source(allocation_ids)] if allocation_ids else []


def shelver(function: Shelver) -> Shelver:
    """Decorator: `function(machine_id, reason)` asks for a machine to be shelved."""
    if function not in shelvers:
        shelvers.append(function)
    return function


def shelve(machine_id: str, reason: str) -> None:
    for function in shelvers:
        function(machine_id, reason)
