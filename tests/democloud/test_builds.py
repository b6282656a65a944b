"""Builds that take as long as they are told to, and go wrong where they are told to."""

from __future__ import annotations

from collections import Counter

from portal.democloud.builds import Builds
from portal.democloud.nova_status import status_of
from tests.democloud.cloud import Cloud, Person


async def asked(alice: Person) -> str:
    reply = await alice.ask_server("one", "m3.tiny")
    return str(reply.json()["server"]["id"])


async def test_a_build_takes_as_long_as_was_ordered(cloud: Cloud, alice: Person) -> None:
    assert (await cloud.control("POST", "/builds", {"seconds": 60})).status_code == 204
    server = await asked(alice)
    cloud.advance(55)
    assert status_of(cloud.kept(server)) == "BUILD"
    cloud.advance(10)
    assert status_of(cloud.kept(server)) == "ACTIVE"


async def test_each_so_manieth_finds_no_host_breaks_or_never_ends(cloud: Cloud, alice: Person) -> None:
    await cloud.control("POST", "/builds", {"full_each": 4, "broken_each": 6, "stuck_each": 7})
    servers = [await asked(alice) for _ in range(6)]
    cloud.advance(3600)
    states = [status_of(cloud.kept(server)) for server in servers]
    assert states == ["ACTIVE", "ERROR", "BUILD", "ERROR", "ACTIVE", "ACTIVE"]
    faults = [cloud.kept(server).fault for server in servers]
    messages = [fault.message for fault in faults if fault is not None]
    assert sorted(message.split(" ")[0] for message in messages) == ["Build", "No"]


def test_of_a_hundred_five_fail_and_five_are_stuck_and_no_build_meets_two_fates() -> None:
    builds = Builds(full_each=20, stuck_each=20)
    assert Counter(builds.fate() for _ in range(100)) == {"": 90, "full": 5, "stuck": 5}


async def test_what_nobody_knows_is_refused_and_a_new_world_builds_as_ever(cloud: Cloud) -> None:
    assert (await cloud.control("POST", "/builds", {"slow_each": 2})).status_code == 400
    await cloud.control("POST", "/builds", {"stuck_each": 1})
    await cloud.control("POST", "/seed", {"seed": "empty"})
    assert cloud.world.builds == Builds()
