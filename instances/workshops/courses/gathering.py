"""The facts of a preflight, from our tables alone: a fixed number of queries for a workshop of any size."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from allocations.budgets import enforcement
from allocations.budgets.enforcement import Wanted
from allocations.models import Allocation
from allocations.rates import resource_of
from instances import budgets, catalogue
from instances.budgets import Budget
from instances.catalogue import Catalogue
from instances.choices import smallest_disk
from instances.remote.models import JumpHost
from instances.workshops.clock import costs
from instances.workshops.clock.costs import Cost
from instances.workshops.clock.phases import lead
from instances.workshops.clock.reading import times_of
from instances.workshops.clock.repeating import Planned
from instances.workshops.clock.window import Times, moments, overlapping, window
from instances.workshops.courses import rivals
from instances.workshops.courses.facts import Facts, Holding, Picture, Share, Size, Words
from instances.workshops.courses.preflight import Report, examine
from instances.workshops.courses.upkeep import announced
from instances.workshops.engine.usual import usual_build_seconds
from instances.workshops.guests import preflight as guests
from instances.workshops.models import Workshop
from portal.accounts import credentials
from portal.accounts.models import User
from portal.cloud.config import clouds
from portal.cloud.schema import PortalCloud
from portal.cloud.types import Flavor, Image
from portal.core.errors import PortalError

State = Workshop.State


@dataclass(frozen=True, slots=True)
class Alternative:
    """The same workshop on one size. `stops`: the first thing that blocks it there, empty when nothing does."""

    size: Size
    su_per_hour: Decimal | None
    total: Decimal | None
    stops: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """`earliest`: when all of it could be ready, were it begun now. `sizes`: every size of the cloud, and what stops it."""

    facts: Facts
    report: Report
    cost: Cost | None
    su_per_hour: Decimal | None
    earliest: datetime
    build_seconds: float
    waves: int
    sizes: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What is read once, whatever size is looked at."""

    workshop: Workshop
    rates: PortalCloud
    budget: Budget
    found: Catalogue
    times: Times
    there: int
    against: Sequence[rivals.Rival]
    promised: Mapping[str, Decimal]
    build_seconds: float

    @property
    def now(self) -> datetime:
        return self.budget.now

    @property
    def machines(self) -> int:
        return self.workshop.seats + self.workshop.spares

    @property
    def waves(self) -> int:
        """How many times as many as may be built at once."""
        return -(-max(0, self.machines - self.there) // self.rates.workshops.builds_per_project)


def report_of(workshop: Workshop, by: User) -> Report:
    return check(workshop, by, sizes=False).report


def check(
    workshop: Workshop, by: User, meetings: Sequence[Planned] | None = None, *, sizes: bool = True
) -> Checked:
    """`workshop` may be one that is not saved, as a form has it; then with its `meetings`."""
    ground = _ground(workshop, meetings)
    flavor = ground.found.flavors.get(workshop.flavor_id)
    facts = _facts(by, ground, flavor)
    return Checked(
        facts=facts,
        report=examine(facts),
        cost=_cost(ground, flavor),
        su_per_hour=_hourly(ground, flavor),
        earliest=ground.now + facts.lead,
        build_seconds=ground.build_seconds,
        waves=ground.waves,
        sizes=tuple(_alternatives(ground, facts)) if sizes else (),
    )


def _ground(workshop: Workshop, meetings: Sequence[Planned] | None) -> _Ground:
    allocation, new, now = workshop.allocation, workshop._state.adding, timezone.now()
    rates, against = clouds().cloud(allocation.cloud).portal, rivals.rivals_of(workshop)
    return _Ground(
        workshop=workshop,
        rates=rates,
        budget=budgets.of(allocation, now),
        found=catalogue.load(allocation),
        times=times_of(workshop) if meetings is None else _times(workshop, meetings),
        there=0 if new else workshop.machines.filter(rivals.STANDING).count(),
        against=against,
        promised=rivals.promised(against, rates, now),
        build_seconds=usual_build_seconds(allocation, workshop.image_id, workshop.flavor_id),
    )


def _times(workshop: Workshop, meetings: Sequence[Planned]) -> Times:
    found = sorted(moments(one.day, one.begins, one.ends, workshop.time_zone) for one in meetings)
    return replace(times_of(workshop, ()), meetings=tuple(found))


def _facts(by: User, ground: _Ground, flavor: Flavor | None) -> Facts:
    workshop, times, rates = ground.workshop, ground.times, ground.rates
    allocation, opened = workshop.allocation, window(ground.times)
    person, cost = workshop.owner or by, _cost(ground, flavor)
    copies, copies_gb = rivals.copies_of(workshop)
    return Facts(
        now=ground.now,
        zone=workshop.time_zone,
        seats=workshop.seats,
        spares=workshop.spares,
        there=ground.there,
        most_seats=rates.workshops.most_seats,
        most_spares=rates.workshops.most_spares,
        size=_size(ground, flavor) if flavor else _unknown_size(workshop),
        image=_picture(workshop, ground.found.images.get(workshop.image_id)),
        boot_volume_gb=workshop.boot_volume_gb,
        data_volumes=copies,
        data_gb=copies_gb,
        read_at=ground.found.read_at,
        quota=_quota(ground.budget),
        gpus=ground.budget.gpus,
        others=tuple(rivals.as_others(workshop, ground.against)),
        meetings=times.meetings,
        opens_at=opened[0] if opened else None,
        gone_at=opened[1] + timedelta(days=workshop.keep_days) if opened else None,
        overlapping=overlapping(times.meetings) is not None,
        planned=workshop.state != State.DRAFT,
        lead=lead(times, build_seconds=ground.build_seconds, waves=max(1, ground.waves)),
        cost=cost.total if cost and cost.priced else None,
        priced=cost is None or cost.priced,
        cap=workshop.su_cap,
        holding=_holding(ground, flavor),
        needs_address=not JumpHost.objects.filter(allocation=allocation).exists(),
        needs_group=workshop.begun_at is None,
        connected=_connected(person, allocation),
        maintenance=announced(allocation, *opened) if opened else (),
        budget=tuple(_of_budget(person, ground, flavor)),
        problems=tuple(_of_seats(workshop)),
        notes=tuple(_notes(workshop)),
    )


def _size(ground: _Ground, flavor: Flavor) -> Size:
    named = {name.removeprefix("resources:") for name in flavor.extra_specs if name.startswith("resources:")}
    return Size(
        id=flavor.id,
        name=flavor.name,
        vcpus=flavor.vcpus,
        ram_mb=flavor.ram_mb,
        disk_gb=flavor.disk_gb,
        gpus=catalogue.gpus_of(flavor.extra_specs, ground.rates),
        gpu_classes=frozenset(named & set(ground.budget.gpus)),
        gone=flavor.disabled,
        fits_image=_runs_on(ground, flavor),
    )


def _unknown_size(workshop: Workshop) -> Size | None:
    if not workshop.flavor_id:
        return None
    name = workshop.flavor_name
    return Size(id=workshop.flavor_id, name=name, vcpus=0, ram_mb=0, disk_gb=0, gone=True)


def _runs_on(ground: _Ground, flavor: Flavor) -> bool:
    """Some versions of a system run on some sizes only, by the operator's configuration."""
    image = ground.found.images.get(ground.workshop.image_id)
    if image is None:
        return True
    rules = [
        version.restrict_flavors
        for kind in ground.rates.instance_types
        for version in kind.versions
        if version.restrict_flavors is not None and catalogue.fits(image, version.image)
    ]
    return not rules or any(rule.match(flavor.name) for rule in rules)


def _picture(workshop: Workshop, image: Image | None) -> Picture | None:
    if not workshop.image_id:
        return None
    if image is None or image.status != "active":
        return Picture(name=image.name if image else workshop.image_name, disk_gb=0, gone=True)
    return Picture(name=image.name, disk_gb=smallest_disk(image), ram_mb=image.min_ram_mb)


def _quota(budget: Budget) -> dict[str, Share]:
    return {name: Share(one.used + one.queued, one.limit) for name, one in budget.room.shares.items()}


def _cost(ground: _Ground, flavor: Flavor | None) -> Cost | None:
    """Of what is still to come."""
    if flavor is None or not ground.times.meetings:
        return None
    return costs.cost(
        rivals.ahead(ground.times, ground.now),
        costs.Size(ground.machines, flavor.name, flavor.vcpus, ground.rates),
        build_seconds=ground.build_seconds,
        waves=max(1, ground.waves),
        keep_days=ground.workshop.keep_days,
    )


def _hourly(ground: _Ground, flavor: Flavor | None) -> Decimal | None:
    """All machines on, by the rate of the first meeting."""
    if flavor is None:
        return None
    size = costs.Size(ground.machines, flavor.name, flavor.vcpus, ground.rates)
    first = ground.times.meetings[0][0] if ground.times.meetings else ground.now
    return costs.per_hour(size, first)


def _holding(ground: _Ground, flavor: Flavor | None) -> Holding | None:
    budget = ground.budget
    resource = resource_of(flavor.name, ground.now, ground.rates) if flavor else None
    if resource is None or not budget.balances:
        return None
    balance = budget.balances.get(resource)
    return Holding(
        resource=resource,
        remaining=balance.remaining if balance else None,
        ends_on=balance.ends_on if balance else None,
        absent=balance is None,
        promised=ground.promised.get(resource, Decimal(0)),
    )


def _connected(person: User, allocation: Allocation) -> bool:
    credential = credentials.live(person, allocation.cloud, allocation.project_id)
    return credential is not None and credential.usable()


def _of_budget(person: User, ground: _Ground, flavor: Flavor | None) -> Iterator[Words]:
    """What budgets and limits say to one seat of the owner's: each seat is launched by itself, one after the other."""
    if flavor is None:
        return
    wanted = Wanted(
        flavor_name=flavor.name,
        vcpus=flavor.vcpus,
        ram_mb=flavor.ram_mb,
        gpus=catalogue.gpus_of(flavor.extra_specs, ground.rates),
        su_per_hour=_hourly(ground, flavor),
        resource=resource_of(flavor.name, ground.now, ground.rates),
        count=max(0, ground.machines - ground.there),
    )
    allocation = ground.workshop.allocation
    for error in enforcement.check(allocation=allocation, person=person, wanted=wanted, now=ground.now):
        words = error.problem
        yield Words(words.title, words.what, words.todo)


def _of_seats(workshop: Workshop) -> Iterator[Words]:
    """What would keep a seat from being what it must be."""
    for error in guests.problems(workshop):
        words = error.problem
        yield Words(words.title, words.what, words.todo)


def _notes(workshop: Workshop) -> Iterator[Words]:
    with suppress(PortalError):  # what is wrong with it is among the problems
        for text in guests.notes(workshop):
            yield Words("For your seats", text, "If you do not want that, change what is on each machine.")


def _alternatives(ground: _Ground, facts: Facts) -> Iterator[Alternative]:
    """Every size that the cloud offers, smallest first."""
    flavors = (one for one in ground.found.flavors.values() if not one.disabled)
    for flavor in sorted(flavors, key=lambda one: (one.vcpus, one.ram_mb, one.name)):
        size, cost = _size(ground, flavor), _cost(ground, flavor)
        on_it = replace(
            facts,
            size=size,
            cost=cost.total if cost and cost.priced else None,
            priced=cost is None or cost.priced,
            holding=_holding(ground, flavor),
            budget=(),
            problems=(),
        )
        stops = [one for one in examine(on_it).blocks if one.id not in _NOT_OF_SIZE]
        yield Alternative(
            size,
            _hourly(ground, flavor),
            on_it.cost,
            stops[0].title if stops else "",
            chosen=flavor.id == ground.workshop.flavor_id,
        )


# What stands in the way on every size alike.
_NOT_OF_SIZE = frozenset({"dates", "past", "overlap", "seats", "most", "credential", "unread", "image"})
