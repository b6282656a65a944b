"""The worlds a demo cloud can begin with: `demo`, `empty` (all but machines), `load:N` (N machines more), `campus`."""

from __future__ import annotations

import ipaddress
from datetime import timedelta

from portal.democloud import (
    seed_access,
    seed_accounting,
    seed_campus,
    seed_catalogue,
    seed_history,
    seed_identity,
    seed_load,
    seed_network,
    seed_servers,
)
from portal.democloud.clock import Clock
from portal.democloud.state import Region, RegionData, World

REGIONS = (("IU", ""), ("TACC", "/tacc"))


class UnknownSeed(ValueError):
    pass


def parse(name: str) -> int | None:
    """How many machines `load:N` asks for; None for the other seeds. Raises UnknownSeed."""
    if name in ("demo", "empty", "campus"):
        return None
    kind, _, number = name.partition(":")
    if kind != "load" or not number.isdigit():
        raise UnknownSeed(f"{name!r} is no seed: demo, empty, campus or load:N")
    return int(number)


def new_world(name: str, clock: Clock, pool: ipaddress.IPv4Network) -> World:
    """A world of this seed whose floating addresses come from `pool`."""
    count = parse(name)
    if name == "campus":
        return _campus(clock, pool)
    regions = [RegionData(region, prefix) for region, prefix in REGIONS]
    world = World(regions, seed_identity.identity(), clock=clock)
    blocks = seed_network.external_blocks(world, pool)
    for region in world.regions.values():
        _furnish(world, region, blocks[region.name])
    world.access = seed_access.data(world.now().date())
    iu, tacc = world.regions["IU"], world.regions["TACC"]
    if name == "demo":
        seed_history.add_gone(world, iu)
        for old in seed_servers.MACHINES:
            seed_servers.add_machine(world, iu, old)
        seed_servers.add_course_data(iu, world.now() - timedelta(days=20))
        for old in seed_servers.TACC_MACHINES:
            seed_servers.add_machine(world, tacc, old)
        for region in (iu, tacc):
            seed_history.add_deeds(world, region)
    if count is not None:
        seed_load.add_load(world, iu, count)
    return world


def _campus(clock: Clock, pool: ipaddress.IPv4Network) -> World:
    world = World([RegionData(seed_campus.REGION)], seed_campus.identity(), clock=clock)
    world.lacking = seed_campus.LACKING
    region = world.regions[seed_campus.REGION]
    seed_campus.furnish(world, region)
    seed_network.external_network(world, region, pool)
    seed_campus.add_machines(world, region)
    return world


def _furnish(world: World, region: Region, block: ipaddress.IPv4Network) -> None:
    data = region.data
    data.flavors = seed_catalogue.flavors()
    data.providers = seed_catalogue.hosts(region.name)
    data.images = seed_catalogue.images(region.name, world.now())
    data.default_quotas = dict(seed_catalogue.DEFAULT_QUOTAS)
    data.quotas = {
        seed_identity.project_id(name): dict(quota) for name, quota in seed_catalogue.QUOTAS.items()
    }
    data.accounting = seed_accounting.rows(world.now().date())
    seed_network.external_network(world, region, block)
    seed_servers.add_keypairs(world, region)
