"""The clock, timers, indexes, places and the file that the world is kept in."""

from __future__ import annotations

import ipaddress
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.democloud import capacity, fabric, persistence, seed
from portal.democloud.clock import Clock, iso_micro, iso_micro_z, iso_z, parse_iso
from portal.democloud.errors import Fault
from portal.democloud.model_network import FloatingIP
from portal.democloud.state import RegionData, World, on_timer
from tests.democloud.cloud import POOL, Cloud, Person, new_cloud

fired: list[str] = []


@on_timer("test-ring")
def ring(world: World, region: object, target: str, args: dict[str, object]) -> None:
    fired.append(target)
    if "again" in args:
        world.later(1, "test-ring", world.regions["IU"], str(args["again"]))


@pytest.fixture
def world() -> World:
    fired.clear()
    clock = Clock(speed=1.0)
    clock.freeze()
    return World([RegionData("IU"), RegionData("TACC", "/tacc")], clock=clock)


def test_a_frozen_clock_stands_until_it_is_moved_and_goes_on_without_a_jump() -> None:
    clock = Clock()
    clock.freeze()
    first = clock.timestamp()
    assert clock.timestamp() == first
    clock.advance(100)
    clock.thaw()
    assert clock.timestamp() == pytest.approx(first + 100, abs=0.5)
    assert clock.frozen_at is None


def test_the_speed_divides_durations_and_not_the_date() -> None:
    clock = Clock(speed=10)
    clock.freeze()
    assert clock.after(30) == pytest.approx(clock.timestamp() + 3)
    assert abs((clock.now() - datetime.now(UTC)).total_seconds()) < 5


def test_each_service_writes_moments_in_its_own_way() -> None:
    moment = datetime(2026, 11, 20, 21, 31, 4, tzinfo=UTC)
    assert iso_z(moment) == "2026-11-20T21:31:04Z"
    assert iso_micro(moment) == "2026-11-20T21:31:04.000000"
    assert iso_micro_z(moment) == "2026-11-20T21:31:04.000000Z"
    assert (iso_z(None), iso_micro(None), iso_micro_z(None)) == (None, None, None)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_is_read_as_it_was_written(moment: datetime) -> None:
    assert parse_iso(moment.isoformat()) == moment
    assert parse_iso(str(iso_micro(moment)).zfill(26)) == moment


def test_timers_fire_in_order_and_not_before_they_are_due(world: World) -> None:
    region = world.regions["IU"]
    for seconds in (3, 1, 2):
        world.later(seconds, "test-ring", region, str(seconds))
    world.run_due()
    assert fired == []
    world.advance(2)
    assert fired == ["1", "2"]
    assert world.next_due() == pytest.approx(world.clock.timestamp() + 1)


def test_what_a_timer_sets_in_motion_happens_within_the_same_time(world: World) -> None:
    world.later(1, "test-ring", world.regions["IU"], "first", again="second")
    world.advance(5)
    assert fired == ["first", "second"]


def test_a_new_timer_wakes_who_sleeps(world: World) -> None:
    woken: list[bool] = []
    world.woken = lambda: woken.append(True)
    world.later(1, "test-ring", world.regions["IU"], "x")
    assert woken == [True]


async def test_a_world_comes_back_from_its_file_as_it_was(demo: Cloud, tmp_path: Path) -> None:
    alice = await demo.login()
    reply = await alice.ask_server("half-built", tags=["op:1"])
    demo.advance(0.3)
    path = tmp_path / "world.json"
    persistence.write(path, persistence.dump(demo.world))
    assert path.stat().st_mode & 0o777 == 0o600
    clock = Clock(speed=1.0)
    clock.freeze()
    again = persistence.load(path, clock)
    assert again is not None
    assert again.identity == demo.world.identity
    assert [r.data for r in again.regions.values()] == [r.data for r in demo.world.regions.values()]
    again.advance(60)
    server = again.regions["IU"].data.servers[reply.json()["server"]["id"]]
    assert (server.vm_state, server.tags) == ("active", ["op:1"])
    assert again.regions["IU"].server_ports(server.id)


def test_no_file_is_no_world_and_a_broken_one_says_so(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    assert persistence.load(path, Clock()) is None
    path.write_text("{}")
    with pytest.raises(persistence.Unreadable, match=r"world\.json"):
        persistence.load(path, Clock())


def test_another_format_is_not_guessed_at(demo: Cloud, tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    content = json.loads(persistence.dump(demo.world))
    path.write_text(json.dumps(content | {"format": 99}))
    with pytest.raises(persistence.Unreadable, match="format 99"):
        persistence.load(path, Clock())


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    persistence.write(path, b"old")
    (tmp_path / "world.new").mkdir()
    with pytest.raises(OSError):
        persistence.write(path, b"new")
    assert path.read_bytes() == b"old"


async def test_changes_come_in_the_order_of_the_last_change(cloud: Cloud, alice: Person) -> None:
    ids = [await alice.make_server(str(number)) for number in range(5)]
    shuffled = random.Random(7).sample(ids, 5)
    since = cloud.world.now()
    for server_id in shuffled:
        cloud.advance(2)
        cloud.region.touch_server(cloud.kept(server_id), cloud.world.now())
    found = [server.id for server in cloud.region.servers_changed_since(alice.project_id, since)]
    assert found == shuffled[::-1]


async def test_ports_follow_their_device(cloud: Cloud, alice: Person) -> None:
    first, second = await alice.make_server("a"), await alice.make_server("b")
    (port,) = cloud.region.server_ports(first)
    port.device_id = second
    cloud.region.index_port(port)
    assert cloud.region.server_ports(first) == []
    assert port in cloud.region.server_ports(second)
    cloud.region.drop_port(port)
    assert port not in cloud.region.server_ports(second)


async def test_a_floating_address_leads_to_one_port_at_a_time(cloud: Cloud, alice: Person) -> None:
    ports = [cloud.region.server_ports(await alice.make_server(name))[0] for name in "ab"]
    now = cloud.world.now()
    floating = FloatingIP("f", "127.1.252.7", "n", alice.project_id, now, now)
    for port in ports:
        cloud.region.point_floating_ip(floating, port)
    assert cloud.region.port_floating_ip(ports[0].id) is None
    assert cloud.region.port_floating_ip(ports[1].id) is floating
    assert floating.fixed_ip_address == ports[1].fixed_ips[0].ip_address
    cloud.region.point_floating_ip(floating, None)
    assert (floating.status, cloud.region.port_floating_ip(ports[1].id)) == ("DOWN", None)


def test_addresses_of_a_subnet_are_given_lowest_first_and_run_out(cloud: Cloud) -> None:
    topology, made = fabric.ensure_topology(cloud.world, cloud.region, "p")
    _, again = fabric.ensure_topology(cloud.world, cloud.region, "p")
    assert (made, again) == (True, False)
    subnet = cloud.region.data.subnets[topology.subnet_id]
    subnet.cidr = "10.0.0.0/29"
    network = cloud.region.data.networks[topology.network_id]
    given = [fabric.create_port(cloud.world, cloud.region, network, "p").fixed_ips[0] for _ in range(5)]
    assert [one.ip_address for one in given] == [f"10.0.0.{number}" for number in range(2, 7)]
    with pytest.raises(Fault, match="No more IP addresses"):
        fabric.create_port(cloud.world, cloud.region, network, "p")


def test_two_projects_networks_do_not_overlap(cloud: Cloud) -> None:
    for project in ("p", "q"):
        fabric.ensure_topology(cloud.world, cloud.region, project)
    blocks = [ipaddress.ip_network(one.cidr) for one in cloud.region.data.subnets.values()]
    assert not any(a.overlaps(b) for a in blocks for b in blocks if a is not b)


def test_the_default_group_is_made_once_and_lets_everything_out(cloud: Cloud) -> None:
    first = fabric.default_security_group(cloud.world, cloud.region, "p")
    assert fabric.default_security_group(cloud.world, cloud.region, "p") is first
    rules = [
        one for one in cloud.region.data.security_group_rules.values() if one.security_group_id == first.id
    ]
    assert sorted(
        (one.direction, one.ethertype, one.remote_group_id) for one in rules if one.direction == "egress"
    ) == [
        ("egress", "IPv4", None),
        ("egress", "IPv6", None),
    ]
    assert {one.remote_group_id for one in rules if one.direction == "ingress"} == {first.id}


async def test_a_resize_holds_both_places_until_it_is_confirmed(cloud: Cloud, alice: Person) -> None:
    server_id = await alice.make_server()
    await alice.act(server_id, "resize", {"flavorRef": "3"})
    cloud.advance(60)
    held = capacity.allocations(cloud.kept(server_id))
    assert [resources["VCPU"] for _, resources in held] == [4, 1]
    await alice.act(server_id, "confirmResize")
    cloud.advance(5)
    assert [resources["VCPU"] for _, resources in capacity.allocations(cloud.kept(server_id))] == [4]


async def test_gpu_hosts_take_only_flavors_with_gpus(cloud: Cloud, alice: Person) -> None:
    plain, gpu = await alice.make_server("plain"), await alice.make_server("gpu", "g3.medium")
    hosts = {one: cloud.region.data.providers[cloud.kept(one).provider_id or ""] for one in (plain, gpu)}
    assert not any(name.startswith("CUSTOM_") for name in hosts[plain].inventory)
    assert hosts[gpu].inventory["CUSTOM_A100X_10C"] == 16


async def test_servers_of_one_project_on_one_host_share_its_host_id(
    cloud: Cloud, alice: Person, carol: Person
) -> None:
    for provider in list(cloud.region.data.providers.values())[1:]:
        del cloud.region.data.providers[provider.id]
    ids = [await alice.make_server("a"), await alice.make_server("b"), await carol.make_server("c")]
    hosts = [cloud.kept(one).host_id for one in ids]
    assert hosts[0] == hosts[1] != hosts[2]


@pytest.mark.parametrize("name", ["demo", "empty", "load:50"])
def test_every_seed_makes_a_sound_world(name: str) -> None:
    region = new_cloud(name).region
    data = region.data
    for server in data.servers.values():
        assert server.flavor_id in data.flavors
        assert server.image_id in data.images
        assert (server.provider_id is None) == (server.vm_state in ("error", "shelved_offloaded", "deleted"))
        assert {one.volume_id for one in server.volumes} <= set(data.volumes)
        for port in region.server_ports(server.id):
            assert port.network_id in data.networks
            assert set(port.security_groups) <= set(data.security_groups)
    for used, provider in ((capacity.usages(region)[one.id], one) for one in data.providers.values()):
        if not name.startswith("load"):
            assert all(used[kind] <= provider.inventory[kind] for kind in used)


def test_the_demo_has_machines_of_every_kind() -> None:
    data = new_cloud("demo").region.data
    servers = list(data.servers.values())
    assert {one.vm_state for one in servers} == {
        "active",
        "stopped",
        "suspended",
        "shelved_offloaded",
        "resized",
        "error",
        "deleted",
    }
    assert {bool(one.metadata) for one in servers} == {True, False}
    assert {sum(one.flavor.resources().values()) for one in servers} == {0, 1, 2}
    names = [image.name for image in data.images.values()]
    assert names.count("Featured-Ubuntu24") == 2


def test_ids_are_the_same_in_every_demo_and_differ_between_regions() -> None:
    first, second = new_cloud("demo").world, new_cloud("demo").world
    assert list(first.regions["IU"].data.servers) == list(second.regions["IU"].data.servers)
    assert not set(first.regions["IU"].data.images) & set(first.regions["TACC"].data.images)


@pytest.mark.parametrize("name", ["", "load", "load:", "load:-1", "load:x", "weeds"])
def test_an_unknown_seed_is_refused(name: str) -> None:
    with pytest.raises(seed.UnknownSeed):
        seed.new_world(name, Clock(), POOL)


def test_one_allocation_is_nearly_used_up_and_ends_soon() -> None:
    made = new_cloud("demo")
    project = next(one.id for one in made.world.identity.projects.values() if one.name == "PHY220011")
    rows = [row for row in made.region.data.accounting if row.project_id == project]
    active = next(row for row in rows if row.active and row.resource.startswith("jetstream2.indiana"))
    assert active.service_units_used is not None
    assert active.service_units_used / active.service_units_allocated > 0.95
    assert active.end_date - made.world.now().date() == timedelta(days=9)
    assert any(not row.active and row.end_date < active.start_date for row in rows)


@settings(deadline=None, max_examples=25)  # each example makes a whole cloud
@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from(["m3.tiny", "m3.quad", "g3.medium"]), st.booleans())
    )
)
def test_what_is_held_is_the_sum_over_the_servers_after_any_changes(
    changes: list[tuple[int, str, bool]],
) -> None:
    region = new_cloud("demo").region
    servers = sorted(region.data.servers.values(), key=lambda server: server.name)[:5]
    flavors = {flavor.name: flavor for flavor in region.data.flavors.values()}
    for number, flavor, gone in changes:
        server = servers[number]
        server.flavor, server.gone = flavors[flavor], gone
        region.touch_server(server, server.updated)
    live = [server for server in region.data.servers.values() if not server.gone]
    for project in {server.project_id for server in servers}:
        own = [server for server in live if server.project_id == project]
        held = region.ledger.of_project(project)
        assert held["instances"] == len(own)
        assert held["cores"] == sum(server.flavor.vcpus for server in own)
    for provider in region.data.providers:
        expected = sum(
            resources.get("VCPU", 0)
            for server in region.data.servers.values()
            for host, resources in server.allocations()
            if host == provider
        )
        assert capacity.usages(region)[provider]["VCPU"] == expected


def test_an_address_that_is_given_back_is_given_out_again(cloud: Cloud) -> None:
    topology, _ = fabric.ensure_topology(cloud.world, cloud.region, "p")
    cloud.region.data.subnets[topology.subnet_id].cidr = "10.0.0.0/29"
    network = cloud.region.data.networks[topology.network_id]
    ports = [fabric.create_port(cloud.world, cloud.region, network, "p") for _ in range(5)]
    fabric.delete_port(cloud.world, cloud.region, ports[2])
    again = fabric.create_port(cloud.world, cloud.region, network, "p")
    assert again.fixed_ips == ports[2].fixed_ips
