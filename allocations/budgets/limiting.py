"""What the limits of a person say to a machine that is wanted, with numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from allocations.budgets import words
from allocations.budgets.hooks import Held
from allocations.budgets.models import Limits
from allocations.models import Allocation
from portal.cloud.config import clouds

_ZERO = Decimal(0)
Over = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """`su_per_hour`: of all `count` together once they run (None: no rate is known); `before`: what the machine costs now.

    `vcpus, ram_mb, gpus`: of one. `machine_id` and `made_at`: of the machine that is there already.
    """

    flavor_name: str
    vcpus: int
    gpus: int
    count: int = 1
    ram_mb: int = 0
    su_per_hour: Decimal | None = None
    resource: str | None = None
    before: Decimal = _ZERO
    machine_id: str = ""
    made_at: datetime | None = None


def over_size(limits: Limits, allocation: Allocation, wanted: Wanted) -> Iterator[Over]:
    """The id of each problem with the size of one machine, and its numbers."""
    if limits.max_vcpus is not None and wanted.vcpus > limits.max_vcpus:
        yield (
            "budgets:vcpus",
            {"wanted": wanted.vcpus, "most": limits.max_vcpus, "flavor": wanted.flavor_name},
        )
    if limits.max_ram_gb is not None and wanted.ram_mb > limits.max_ram_gb * 1024:
        ram = f"{wanted.ram_mb / 1024:,.1f}".removesuffix(".0")
        yield "budgets:ram", {"wanted": ram, "most": limits.max_ram_gb, "flavor": wanted.flavor_name}
    group = clouds().cloud(allocation.cloud).portal.flavor_group(wanted.flavor_name)
    if limits.flavor_groups and (group is None or group.name not in limits.flavor_groups):
        titles = words.flavor_groups(allocation, limits.flavor_groups)
        yield "budgets:flavor-group", {"flavor": wanted.flavor_name, "groups": titles}


def over_use(limits: Limits, mine: Sequence[Held], wanted: Wanted, now: datetime) -> Iterator[Over]:
    """The same of what the person has together; `mine`: the machines that they have."""
    new = 0 if wanted.machine_id else wanted.count
    if limits.max_machines is not None and new and len(mine) + new > limits.max_machines:
        yield "budgets:machines", {"have": len(mine), "wanted": new, "most": limits.max_machines}
    yield from _gpus_over(limits, mine, wanted)
    yield from _lifetime_over(limits, wanted, now)


def _gpus_over(limits: Limits, mine: Sequence[Held], wanted: Wanted) -> Iterator[Over]:
    if limits.max_gpus is None or not wanted.gpus:
        return
    holding = sum(held.holds_gpus for held in mine if held.id != wanted.machine_id)
    asked = wanted.gpus * wanted.count
    if holding + asked > limits.max_gpus:
        yield "budgets:gpus", {"have": holding, "wanted": asked, "most": limits.max_gpus}


def _lifetime_over(limits: Limits, wanted: Wanted, now: datetime) -> Iterator[Over]:
    if limits.lifetime_hours is None or wanted.made_at is None or not limits.shelve_at_end:
        return
    ended = wanted.made_at + timedelta(hours=limits.lifetime_hours)
    if ended <= now:
        yield (
            "budgets:lifetime",
            {"hours": limits.lifetime_hours, "ended": words.moment(ended)},
        )
