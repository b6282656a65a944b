from __future__ import annotations

import base64
from typing import Any

import pytest

from portal.democloud import fabric
from portal.democloud.nova_input import hostname_of
from tests.democloud.cloud import Cloud, Person

SERVERS = "/compute/v2.1/servers"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEhlbGlvc3BoZXJlIGRlbW8gbGFwdG9wIGtleSAhISEh me@here"


async def test_the_answer_has_the_id_a_password_and_its_place(alice: Person) -> None:
    reply = await alice.ask_server("one")
    body = reply.json()["server"]
    assert reply.status_code == 202
    assert set(body) == {"id", "links", "OS-DCF:diskConfig", "security_groups", "adminPass"}
    assert reply.headers["location"] == f"http://cloud.test{SERVERS}/{body['id']}"


async def test_an_active_server_shows_what_was_asked(alice: Person) -> None:
    data = base64.b64encode(b"#!/bin/sh\necho hello\n").decode()
    await alice.post("/compute/v2.1/os-keypairs", {"keypair": {"name": "mine", "public_key": KEY}})
    server_id = await alice.make_server(
        "My machine_1",
        metadata={"exoSetup": '{"status":"waiting","epoch":null}'},
        tags=["op:7"],
        key_name="mine",
        user_data=data,
        description="for the paper",
        config_drive=True,
        availability_zone="nova",
    )
    server = await alice.server(server_id)
    assert server["name"] == "My machine_1"
    assert server["OS-EXT-SRV-ATTR:hostname"] == "my-machine-1"
    assert server["metadata"] == {"exoSetup": '{"status":"waiting","epoch":null}'}
    assert (server["tags"], server["key_name"], server["config_drive"]) == (["op:7"], "mine", "True")
    assert server["description"] == "for the paper"
    assert server["security_groups"] == [{"name": "default"}]
    assert server["OS-SRV-USG:launched_at"].endswith(".000000")
    assert alice.cloud.kept(server_id).user_data == data


@pytest.mark.parametrize(
    ("name", "hostname"),
    [
        ("Web Server.2", "web-server-2"),
        ("--", "server-X"),
        ("🌻 sunflower", "sunflower"),
        ("a" * 80, "a" * 63),
    ],
)
def test_hostnames_are_sanitised_as_nova_does(name: str, hostname: str) -> None:
    assert hostname_of(name, "X") == hostname


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "x" * 255, "näme"])
async def test_strange_names_are_accepted_as_they_are(alice: Person, name: str) -> None:
    server_id = await alice.make_server(name)
    assert (await alice.server(server_id))["name"] == name


@pytest.mark.parametrize("name", ["", "x" * 256, 5, None])
async def test_bad_names_are_refused(alice: Person, name: Any) -> None:
    reply = await alice.ask_server(name)
    assert reply.status_code == 400
    assert reply.json()["badRequest"]["message"].startswith("Invalid input for field/attribute name.")


@pytest.mark.parametrize("name", ["   ", " padded", "tab\there", "🌻 sunflower"])
async def test_names_with_characters_that_nova_does_not_print_are_refused(alice: Person, name: str) -> None:
    reply = await alice.ask_server(name)
    assert reply.status_code == 400
    assert reply.json()["badRequest"]["message"].startswith("An invalid 'name' value was provided.")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"flavorRef": "nope"}, "Flavor nope could not be found."),
        ({"imageRef": "nope"}, "'nope' is not valid under any of the given schemas"),
        ({"imageRef": "5f0c4d7e-1c1b-4c51-9d3a-0a4b5c6d7e8f"}, "Can not find requested image"),
        ({"imageRef": ...}, "Missing imageRef attribute"),
        ({"key_name": "nope"}, "Invalid key_name provided."),
        ({"security_groups": [{"name": "nope"}]}, "Unable to find security_group with name or id 'nope'"),
        ({"networks": [{"uuid": "nope"}]}, "Network nope could not be found."),
        ({"networks": [{"port": "nope"}]}, "Port id nope could not be found."),
        ({"networks": "wrong"}, "Invalid input for field/attribute networks."),
        ({"networks": ...}, "'networks' is a required property"),
        ({"user_data": "abc"}, "'abc' is not a 'base64'"),
        ({"user_data": "A" * 65536}, "too long"),
        ({"metadata": {"k": 5}}, "Invalid input for field/attribute k."),
        ({"metadata": {"k": "x" * 256}}, "is too long"),
        ({"metadata": {"": "x"}}, "does not match any of the regexes"),
        ({"tags": ["ok", "a,b"]}, "Invalid input for field/attribute 1. Value: a,b. 'a,b' does not match"),
        ({"tags": ["x" * 61]}, "is too long"),
        ({"tags": [""]}, "is too short"),
        ({"frob": 1}, "Additional properties are not allowed ('frob' was unexpected)"),
        ({"tags": [str(n) for n in range(51)]}, "exceeded the per-server limit 50"),
        ({"min_count": 3, "max_count": 2}, "min_count must be <= max_count"),
        ({"min_count": 0}, "less than the minimum of 1"),
    ],
)
async def test_a_wrong_request_is_refused_in_novas_words(
    alice: Person, more: dict[str, Any], message: str
) -> None:
    reply = await alice.ask_server(**more)
    assert reply.status_code == 400
    assert message in reply.json()["badRequest"]["message"]
    assert alice.cloud.region.data.servers == {}


async def test_anothers_private_image_cannot_be_found(alice: Person, carol: Person) -> None:
    own = next(one for one in alice.cloud.region.data.images.values() if one.visibility == "private")
    assert (await alice.ask_server(imageRef=own.id)).status_code == 202
    refused = await carol.ask_server(imageRef=own.id)
    assert refused.json()["badRequest"]["message"] == "Can not find requested image"


async def test_an_image_that_needs_more_disk_or_memory_than_the_flavor_has_is_refused(alice: Person) -> None:
    image = next(iter(alice.cloud.region.data.images.values()))
    image.min_disk = 40
    disk = await alice.ask_server(imageRef=image.id)
    image.min_disk, image.min_ram = 0, 4096
    memory = await alice.ask_server(imageRef=image.id)
    assert "Flavor's disk is too small for requested image." in disk.text
    assert "Flavor's memory is too small for requested image." in memory.text
    assert (await alice.ask_server(flavor="m3.small", imageRef=image.id)).status_code == 202


async def test_a_flavor_on_request_is_for_those_who_have_it(cloud: Cloud, alice: Person) -> None:
    assert (await alice.ask_server(flavor="p3.tiny")).status_code == 400
    allowed = await cloud.login("alice", "CIS220046")
    assert (await allowed.ask_server(flavor="p3.tiny")).status_code == 202


async def test_many_at_once_are_numbered(alice: Person) -> None:
    reply = await alice.ask_server("node", min_count=3, return_reservation_id=True)
    assert reply.json()["reservation_id"].startswith("r-")
    listed = (await alice.get(SERVERS)).json()["servers"]
    assert sorted(one["name"] for one in listed) == ["node-1", "node-2", "node-3"]


async def test_the_quota_is_refused_with_its_numbers(alice: Person) -> None:
    cloud = alice.cloud
    await cloud.control("POST", "/quotas", {"project": "BIO220047", "quotas": {"instances": 2, "cores": 5}})
    assert (await alice.ask_server(flavor="m3.quad")).status_code == 202
    cores = await alice.ask_server(flavor="m3.quad")
    assert cores.status_code == 403
    assert cores.json() == {
        "forbidden": {
            "code": 403,
            "message": "Quota exceeded for cores: Requested 4, but already used 4 of 5 cores",
        }
    }
    both = await alice.ask_server(flavor="m3.tiny", min_count=3)
    assert both.json()["forbidden"]["message"] == (
        "Quota exceeded for cores, instances: Requested 3, 3, but already used 4, 1 of 5, 2 cores, instances"
    )
    assert (await alice.ask_server(flavor="m3.tiny")).status_code == 202


async def test_a_deleted_server_gives_its_quota_back(alice: Person) -> None:
    await alice.cloud.control("POST", "/quotas", {"project": "BIO220047", "quotas": {"instances": 1}})
    server_id = await alice.make_server()
    assert (await alice.ask_server()).status_code == 403
    await alice.delete(f"{SERVERS}/{server_id}")
    alice.cloud.advance(10)
    assert (await alice.ask_server()).status_code == 202


async def test_auto_makes_the_topology_once(alice: Person) -> None:
    first, second = await alice.make_server("a"), await alice.make_server("b")
    shown = [(await alice.server(one))["addresses"]["auto_allocated_network"][0] for one in (first, second)]
    assert shown[0]["addr"] != shown[1]["addr"]
    assert shown[0]["OS-EXT-IPS-MAC:mac_addr"].startswith("fa:16:3e:")
    assert len(alice.cloud.region.data.topologies) == 1


async def test_without_a_network_there_is_no_address(alice: Person) -> None:
    server_id = await alice.make_server(networks="none")
    assert (await alice.server(server_id))["addresses"] == {}


async def test_several_networks_must_be_named(alice: Person) -> None:
    cloud = alice.cloud
    topology, _ = fabric.ensure_topology(cloud.world, cloud.region, alice.project_id)
    network = cloud.region.data.networks[topology.network_id]
    other = type(network)("n2", "lab", alice.project_id, network.created_at, network.updated_at)
    cloud.region.data.networks["n2"] = other
    assert (await alice.ask_server()).status_code == 409
    assert (await alice.ask_server(networks=[{"uuid": network.id}])).status_code == 202


async def test_the_external_network_is_not_for_servers(alice: Person) -> None:
    external = fabric.external_network(alice.cloud.region)
    assert external is not None
    assert (await alice.ask_server(networks=[{"uuid": external.id}])).status_code == 403


async def test_a_port_made_before_is_taken_and_only_once(alice: Person) -> None:
    cloud = alice.cloud
    topology, _ = fabric.ensure_topology(cloud.world, cloud.region, alice.project_id)
    network = cloud.region.data.networks[topology.network_id]
    port = fabric.create_port(cloud.world, cloud.region, network, alice.project_id)
    server_id = await alice.make_server(networks=[{"port": port.id}])
    shown = (await alice.get(f"{SERVERS}/{server_id}/os-interface")).json()["interfaceAttachments"]
    assert [one["port_id"] for one in shown] == [port.id]
    assert (await alice.ask_server(networks=[{"port": port.id}])).status_code == 409


async def test_two_groups_of_one_name_must_be_told_apart_by_id(alice: Person) -> None:
    cloud = alice.cloud
    group = fabric.default_security_group(cloud.world, cloud.region, alice.project_id)
    twins = [
        type(group)(one, "exosphere", alice.project_id, group.created_at, group.updated_at) for one in "ab"
    ]
    cloud.region.data.security_groups.update({one.id: one for one in twins})
    refused = await alice.ask_server(security_groups=[{"name": "exosphere"}])
    assert refused.status_code == 409
    assert (await alice.ask_server(security_groups=[{"name": "a"}])).status_code == 202


async def test_a_root_disk_on_a_volume_is_made_from_the_image(alice: Person) -> None:
    image = next(iter(alice.cloud.region.data.images))
    boot = {
        "boot_index": 0,
        "source_type": "image",
        "destination_type": "volume",
        "uuid": image,
        "volume_size": 40,
        "delete_on_termination": True,
    }
    server_id = await alice.make_server(imageRef="", block_device_mapping_v2=[boot])
    server = await alice.server(server_id)
    (attached,) = server["os-extended-volumes:volumes_attached"]
    volume = alice.cloud.region.data.volumes[attached["id"]]
    assert server["image"] == ""
    assert attached["delete_on_termination"] is True
    assert (volume.size, volume.bootable, volume.status, volume.image_id) == (40, True, "in-use", image)
    await alice.delete(f"{SERVERS}/{server_id}")
    alice.cloud.advance(10)
    assert volume.id not in alice.cloud.region.data.volumes


@pytest.mark.parametrize(
    "mapping",
    [
        {"source_type": "volume", "uuid": "nope", "boot_index": 0},
        {"source_type": "image", "uuid": "nope", "boot_index": 0, "volume_size": 10},
        {"source_type": "tape", "boot_index": 0},
    ],
)
async def test_a_wrong_mapping_is_refused(alice: Person, mapping: dict[str, Any]) -> None:
    reply = await alice.ask_server(imageRef="", block_device_mapping_v2=[mapping])
    assert reply.status_code == 400
    expected = "is not one of" if mapping["source_type"] == "tape" else "Block Device Mapping is Invalid"
    assert expected in reply.text


async def test_a_volume_mapping_needs_a_size(alice: Person) -> None:
    image = next(iter(alice.cloud.region.data.images))
    mapping = {"source_type": "image", "uuid": image, "boot_index": 0, "destination_type": "volume"}
    reply = await alice.ask_server(imageRef="", block_device_mapping_v2=[mapping])
    assert "need to have a non-zero size specified" in reply.text


async def test_a_server_in_a_group_shows_it(alice: Person) -> None:
    made = await alice.post(
        "/compute/v2.1/os-server-groups", {"server_group": {"name": "g", "policy": "affinity"}}
    )
    group = made.json()["server_group"]["id"]
    image = next(iter(alice.cloud.region.data.images))
    wanted = {"name": "in", "flavorRef": "1", "imageRef": image, "networks": "none"}
    document = {"server": wanted, "os:scheduler_hints": {"group": group}}
    server_id = (await alice.post(SERVERS, document)).json()["server"]["id"]
    assert (await alice.server(server_id))["server_groups"] == [group]
    document["os:scheduler_hints"] = {"group": "nope"}
    assert (await alice.post(SERVERS, document)).status_code == 400


async def test_the_body_must_hold_a_server(alice: Person) -> None:
    assert (await alice.post(SERVERS, {})).status_code == 400
    assert (await alice.post(SERVERS, {"server": []})).status_code == 400
