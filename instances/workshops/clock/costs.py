"""What a workshop costs by its times: before anything runs, and what a longer meeting adds. Pure.

Rates have their days of validity (`allocations.rates`), so that meetings in another year are charged by that year's rate.
All seats and spares are counted for the whole time that they are on: what it costs at most, unless machines are replaced.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from allocations.rates import charges, su_per_hour
from instances.workshops.clock.phases import Block, blocks
from instances.workshops.clock.window import Times
from portal.cloud.schema import PortalCloud

ON, SHELVED, STOPPED = "ACTIVE", "SHELVED_OFFLOADED", "SHUTOFF"
_RESTS = {"shelve": SHELVED, "stop": STOPPED, "keep": SHELVED}


@dataclass(frozen=True, slots=True)
class Size:
    """What is built: so many machines (seats and spares) of one flavor, under the rates of one cloud."""

    machines: int
    flavor_name: str
    vcpus: int
    rates: PortalCloud


@dataclass(frozen=True, slots=True)
class MeetingCost:
    """`on_from` to `on_until`: the time charged to this meeting, with what it is ready early and its tail."""

    number: int
    starts_at: datetime
    ends_at: datetime
    on_from: datetime
    on_until: datetime
    su: Decimal

    @property
    def hours(self) -> Decimal:
        """That each machine is on."""
        return (Decimal((self.on_until - self.on_from) // timedelta(seconds=1)) / 3600).quantize(
            Decimal("0.01")
        )


@dataclass(frozen=True, slots=True)
class Cost:
    """In SU. `between`: put away between meetings; `kept`: put away after the last until everything is removed.

    `priced` False: the operator gave no rate for this flavor on some of these days, and the figures lack them.
    """

    meetings: tuple[MeetingCost, ...]
    between: Decimal
    kept: Decimal
    machines: int
    priced: bool

    @property
    def total(self) -> Decimal:
        return sum((one.su for one in self.meetings), Decimal(0)) + self.between + self.kept

    @property
    def per_machine(self) -> Decimal:
        return (self.total / self.machines).quantize(Decimal("0.01")) if self.machines else Decimal(0)


def cost(times: Times, size: Size, *, build_seconds: float, waves: int, keep_days: int = 0) -> Cost:
    """Of all meetings, from the first build until everything is removed."""
    found = blocks(times, build_seconds=build_seconds, waves=waves)
    meetings = [one for block in found for one in _meetings(times, block, size)]
    resting = _RESTS[times.between]
    between = sum(
        (_su(size, resting, earlier.on_until, later.on_from) for earlier, later in pairwise(found)),
        Decimal(0),
    )
    kept, priced = Decimal(0), True
    if found:
        gone = found[-1].on_until + timedelta(days=keep_days)
        kept = _su(size, resting, found[-1].on_until, gone)
        priced = all(_priced(size, at) for block in found for at in (block.on_from, block.on_until))
    return Cost(tuple(meetings), between, kept, size.machines, priced)


def of_stretch(size: Size, start: datetime, end: datetime) -> Decimal:
    """All machines on from `start` to `end`: what an extension costs."""
    return _su(size, ON, start, end)


def per_hour(size: Size, at: datetime) -> Decimal | None:
    """All machines on, by the rate of that day; None: the operator gave none."""
    hourly = su_per_hour(size.flavor_name, size.vcpus, ON, at, size.rates)
    return None if hourly is None else hourly * size.machines


def _meetings(times: Times, block: Block, size: Size) -> list[MeetingCost]:
    """The time of a block shared among its meetings: each has what lies before it, the last one the tail."""
    found: list[MeetingCost] = []
    at = block.on_from
    for number in range(block.first, block.last + 1):
        start, end = times.meetings[number]
        until = block.on_until if number == block.last else end
        found.append(MeetingCost(number, start, end, at, until, _su(size, ON, at, until)))
        at = until
    return found


def _su(size: Size, status: str, start: datetime, end: datetime) -> Decimal:
    pieces = charges(size.flavor_name, size.vcpus, status, start, end, size.rates)
    return sum((piece.su for piece in pieces), Decimal(0)) * size.machines


def _priced(size: Size, at: datetime) -> bool:
    return su_per_hour(size.flavor_name, size.vcpus, ON, at, size.rates) is not None
