"""What layers above tell about allocations without being imported. They register in their `handlers.py`."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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


@dataclass(frozen=True, slots=True)
class Spender:
    """A machine that is there, and what it costs per hour: as it stands, and were it shelved.

    `owner_key` is that of `allocations.usage`: the person's primary key as text, else "name:<who made it>".
    `shelvable`: shelving it now would lower its cost, and its state lets one do so.
    """

    allocation_id: int
    instance_id: str
    name: str
    owner: str
    owner_key: str
    resource: str
    status: str
    flavor_name: str
    per_hour: Decimal
    per_hour_shelved: Decimal
    shelvable: bool
    url: str
    # How its status is called to people.
    state: str = ""


# The machines of these allocations, dearest first, in a fixed number of queries. What has no rate is not among them.
SpenderSource = Callable[[Collection[int]], Sequence[Spender]]

spender_sources: list[SpenderSource] = []


def spender_source(function: SpenderSource) -> SpenderSource:
    """Decorator: `function(allocation_ids)` says which machines spend, and what shelving each would save."""
    if function not in spender_sources:
        spender_sources.append(function)
    return function


def spenders(*allocation_ids: int) -> list[Spender]:
    """What all sources say together, dearest first."""
    found = [spender for source in spender_sources for spender in source(allocation_ids)]
    return sorted(found, key=lambda spender: (-spender.per_hour, spender.name, spender.instance_id))


@dataclass(frozen=True, slots=True)
class Size:
    """A size of machine that a cloud offers to everybody, as last read."""

    name: str
    vcpus: int
    ram_mb: int
    disk_gb: int
    gpus: int


SizeSource = Callable[[str], Sequence[Size]]

size_sources: list[SizeSource] = []


def size_source(function: SizeSource) -> SizeSource:
    """Decorator: `function(cloud)` says which sizes the cloud offers to everybody, in a fixed number of queries."""
    if function not in size_sources:
        size_sources.append(function)
    return function


def sizes(cloud: str) -> list[Size]:
    """Each once by name, smallest first."""
    found = {size.name: size for source in size_sources for size in source(cloud)}
    return sorted(found.values(), key=lambda size: (size.gpus, size.vcpus, size.ram_mb, size.name))


@dataclass(frozen=True, slots=True)
class Pulse:
    """Machines of an allocation: how many there are, run, are in an error; when the newest change of state was seen.

    `unread_since`: the cloud has not told of them since then. `error_id`: why.
    """

    machines: int = 0
    running: int = 0
    errors: int = 0
    changed_at: datetime | None = None
    unread_since: datetime | None = None
    error_id: str = ""


# {allocation id: Pulse} of all that have machines or are read, in a fixed number of queries.
PulseSource = Callable[[], Mapping[int, Pulse]]

pulse_sources: list[PulseSource] = []


def pulse_source(function: PulseSource) -> PulseSource:
    """Decorator: `function()` says how the machines of all allocations are."""
    if function not in pulse_sources:
        pulse_sources.append(function)
    return function


def pulses() -> dict[int, Pulse]:
    """What the source says, by allocation; one that is absent has no machines and was never read."""
    return {pk: pulse for source in pulse_sources for pk, pulse in source().items()}
