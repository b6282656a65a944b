"""What the contract found on a real cloud, beyond what was recorded in conversations with it."""

from __future__ import annotations

import pytest

from tests.democloud.cloud import Cloud, Person

SERVERS = "/compute/v2.1/servers"
NOWHERE = "00000000-0000-0000-0000-000000000000"


async def asked(person: Person) -> str:
    """The id of a server that is only just asked for."""
    reply = await person.ask_server()
    return str(reply.json()["server"]["id"])


async def test_a_zone_that_is_not_there_is_refused(alice: Person) -> None:
    server_id = await alice.make_server(availability_zone="nova")
    assert alice.cloud.kept(server_id).availability_zone == "nova"
    reply = await alice.ask_server(availability_zone="moon")
    assert (reply.status_code, reply.json()["badRequest"]["message"]) == (
        400,
        "The requested availability zone is not available",
    )


@pytest.mark.parametrize("missing", ["name", "flavorRef"])
async def test_what_must_be_there_is_named(alice: Person, missing: str) -> None:
    body = {"name": "x", "flavorRef": "1", "imageRef": NOWHERE, "networks": "none"}
    del body[missing]
    reply = await alice.post(SERVERS, {"server": body})
    assert reply.status_code == 400
    assert reply.json()["badRequest"]["message"].endswith(f"{missing!r} is a required property")


async def test_only_admins_may_offload(alice: Person) -> None:
    server_id = await alice.make_server()
    reply = await alice.act(server_id, "shelveOffload")
    assert (reply.status_code, list(reply.json())) == (403, ["forbidden"])


async def test_there_is_nothing_to_bring_back(alice: Person) -> None:
    server_id = await alice.make_server()
    reply = await alice.act(server_id, "restore")
    assert (reply.status_code, list(reply.json())) == (409, ["conflictingRequest"])


async def test_what_shelving_kept_goes_with_the_server(cloud: Cloud, alice: Person) -> None:
    server_id = await alice.make_server()
    await alice.act(server_id, "shelve")
    cloud.advance(60)
    kept = cloud.kept(server_id).shelved_image_id
    images = cloud.region.data.images
    assert kept in images
    await alice.call("DELETE", f"{SERVERS}/{server_id}")
    cloud.advance(60)
    assert kept not in images


async def test_before_it_has_a_host_a_server_takes_no_lock(cloud: Cloud, alice: Person) -> None:
    server_id = await asked(alice)
    reply = await alice.act(server_id, "lock")
    assert reply.status_code == 500
    assert "OrphanedObjectError" in reply.json()["computeFault"]["message"]
    assert not cloud.kept(server_id).locked
    cloud.advance(1)
    assert (await alice.act(server_id, "lock")).status_code == 202
    assert cloud.kept(server_id).locked


async def test_a_stopped_server_that_is_rebooted_hard_still_shows_shutoff(alice: Person) -> None:
    server_id = await alice.make_server()
    await alice.act(server_id, "os-stop")
    alice.cloud.advance(60)
    assert (await alice.act(server_id, "reboot", {"type": "HARD"})).status_code == 202
    server = (await alice.get(f"{SERVERS}/{server_id}")).json()["server"]
    assert (server["status"], server["OS-EXT-STS:task_state"]) == ("SHUTOFF", "rebooting_hard")


async def test_no_guest_leaves_a_password(alice: Person) -> None:
    path = f"{SERVERS}/{await alice.make_server()}/os-server-password"
    assert (await alice.get(path)).json() == {"password": ""}
    assert (await alice.call("DELETE", path)).status_code == 204


async def test_cinder_tells_a_request_twice_and_when_to_come_again(alice: Person) -> None:
    path = f"/volume/v3/{alice.project_id}/volumes"
    reply = await alice.post(path, {"volume": {"size": 1_000_000}})
    assert (reply.status_code, reply.json()["overLimit"]["retryAfter"]) == (413, "0")
    assert reply.headers["x-compute-request-id"] == reply.headers["x-openstack-request-id"]
    reply = await alice.get(f"{path}?limit=-1")
    assert reply.json()["badRequest"]["message"] == "limit param must be positive"


async def test_time_can_go_to_the_next_thing_that_happens(cloud: Cloud, alice: Person) -> None:
    server_id = await asked(alice)
    await cloud.control("POST", "/clock", {"freeze": True})
    tasks = [cloud.kept(server_id).task_state]
    while cloud.kept(server_id).vm_state != "active":
        assert (await cloud.control("POST", "/clock", {"to_next": 60})).status_code == 200
        tasks.append(cloud.kept(server_id).task_state)
    assert tasks == ["scheduling", None, "networking", "block_device_mapping", "spawning", None]
    begin = cloud.world.clock.timestamp()
    await cloud.control("POST", "/clock", {"to_next": 5})
    assert cloud.world.clock.timestamp() - begin == pytest.approx(5)
