"""The world `campus` is a cloud like any other, and unlike the demo's."""

from __future__ import annotations

import ipaddress

import pytest

from portal.democloud import persistence, seed, seed_campus
from portal.democloud.clock import Clock
from portal.democloud.seed_catalogue import stable_hex
from portal.democloud.state import World

POOL = ipaddress.IPv4Network("127.1.96.0/22")


@pytest.fixture
def campus() -> World:
    return seed.new_world("campus", Clock(speed=10), POOL)


def test_it_has_one_region_with_machines_that_hold_addresses_of_its_pool(campus: World) -> None:
    assert list(campus.regions) == ["main"]
    data = campus.regions["main"].data
    assert {server.name for server in data.servers.values()} == {"gauge-reader", "flood-model"}
    assert all(ipaddress.ip_address(ip.floating_ip_address) in POOL for ip in data.floating_ips.values())


def test_nobody_is_called_as_at_the_demo_cloud(campus: World) -> None:
    demo = seed.new_world("empty", Clock(speed=10), POOL)
    mine = {user.name for user in campus.identity.users.values()}
    assert mine & {user.name for user in demo.identity.users.values()} == {"admin"}
    flavors = {flavor.name for flavor in campus.regions["main"].data.flavors.values()}
    assert not flavors & {flavor.name for flavor in demo.regions["IU"].data.flavors.values()}


def test_it_has_no_accounting(campus: World) -> None:
    assert "accounting" in campus.lacking.services
    assert campus.regions["main"].data.accounting == []


def test_everybody_has_a_role_in_projects_that_exist(campus: World) -> None:
    identity = campus.identity
    for one in identity.assignments:
        assert one.user_id in identity.users and one.project_id in identity.projects
    amoreau = {one.project_id for one in identity.assignments if one.user_id == stable_hex("user", "amoreau")}
    assert amoreau == {stable_hex("project", name) for name in ("hydrology", "optics-lab")}


def test_it_can_be_saved_and_read_again(campus: World) -> None:
    assert persistence.dump(campus)
    assert seed_campus.identity().projects.keys() == campus.identity.projects.keys()


def test_its_name_is_a_seed() -> None:
    assert seed.parse("campus") is None
