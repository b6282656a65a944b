"""Volumes and interfaces of servers."""

from __future__ import annotations

import pytest

from portal.democloud import fabric
from portal.democloud.model_network import FloatingIP
from portal.democloud.model_storage import Volume
from tests.democloud.cloud import Cloud, Person

VOLUME = "5f0c4d7e-1c1b-4c51-9d3a-0a4b5c6d7e8f"
NONE = "5f0c4d7e-1c1b-4c51-9d3a-0a4b5c6d7e80"


@pytest.fixture
async def server_id(alice: Person) -> str:
    return await alice.make_server()


@pytest.fixture
def attachments(server_id: str) -> str:
    return f"/compute/v2.1/servers/{server_id}/os-volume_attachments"


@pytest.fixture
def volume(cloud: Cloud, alice: Person) -> Volume:
    now = cloud.world.now()
    made = Volume(VOLUME, "data", alice.project_id, alice.user_id, 10, now, now, "available")
    cloud.region.data.volumes[VOLUME] = made
    return made


async def test_a_volume_is_reserved_then_in_use_then_free_again(
    cloud: Cloud, alice: Person, server_id: str, attachments: str, volume: Volume
) -> None:
    alice.version = "2.88"
    reply = await alice.post(attachments, {"volumeAttachment": {"volumeId": VOLUME}})
    assert reply.status_code == 200
    assert reply.json()["volumeAttachment"] == {
        "delete_on_termination": False,
        "device": "/dev/vdb",
        "id": VOLUME,
        "serverId": server_id,
        "tag": None,
        "volumeId": VOLUME,
    }
    assert volume.status == "reserved"
    cloud.advance(3)
    assert (volume.status, volume.attachments[0].server_id) == ("in-use", server_id)
    server = await alice.server(server_id)
    assert server["os-extended-volumes:volumes_attached"] == [{"id": VOLUME, "delete_on_termination": False}]
    assert (await alice.delete(f"{attachments}/{VOLUME}")).status_code == 202
    assert volume.status == "detaching"
    cloud.advance(1)
    assert (volume.status, volume.attachments) == ("available", [])
    assert (await alice.get(attachments)).json() == {"volumeAttachments": []}


async def test_the_newest_version_names_the_attachment(
    cloud: Cloud, alice: Person, attachments: str, volume: Volume
) -> None:
    wanted = {"volumeId": VOLUME, "tag": 'exoVolume::{"name":"data"}', "delete_on_termination": True}
    await alice.post(attachments, {"volumeAttachment": wanted})
    cloud.advance(3)
    one = (await alice.get(f"{attachments}/{VOLUME}")).json()["volumeAttachment"]
    assert "id" not in one
    assert one["attachment_id"] == volume.attachments[0].attachment_id
    assert (one["tag"], one["delete_on_termination"]) == ('exoVolume::{"name":"data"}', True)


async def test_a_tag_longer_than_sixty_is_refused(alice: Person, attachments: str, volume: Volume) -> None:
    wanted = {"volumeId": VOLUME, "tag": "x" * 61}
    assert (await alice.post(attachments, {"volumeAttachment": wanted})).status_code == 400
    assert volume.status == "available"


async def test_a_volume_in_use_or_unknown_or_anothers_is_refused(
    cloud: Cloud, alice: Person, attachments: str, volume: Volume
) -> None:
    volume.status = "in-use"
    used = await alice.post(attachments, {"volumeAttachment": {"volumeId": VOLUME}})
    volume.status, volume.project_id = "available", "another"
    other = await alice.post(attachments, {"volumeAttachment": {"volumeId": VOLUME}})
    none = await alice.post(attachments, {"volumeAttachment": {"volumeId": NONE}})
    assert "the current status is in-use" in used.json()["badRequest"]["message"]
    wrong = await alice.post(attachments, {"volumeAttachment": {"volumeId": "nope"}})
    assert (other.status_code, none.status_code, wrong.status_code) == (404, 404, 400)


async def test_attached_twice_is_a_conflict(
    cloud: Cloud, alice: Person, attachments: str, volume: Volume
) -> None:
    await alice.post(attachments, {"volumeAttachment": {"volumeId": VOLUME}})
    cloud.advance(3)
    again = await alice.post(attachments, {"volumeAttachment": {"volumeId": VOLUME}})
    assert again.status_code == 409


async def test_what_is_not_attached_cannot_be_detached(
    alice: Person, attachments: str, volume: Volume
) -> None:
    assert (await alice.delete(f"{attachments}/{VOLUME}")).status_code == 404


async def test_the_root_disk_stays(cloud: Cloud, alice: Person) -> None:
    image = next(iter(cloud.region.data.images))
    boot = {"boot_index": 0, "source_type": "image", "uuid": image, "volume_size": 20}
    server_id = await alice.make_server(imageRef="", block_device_mapping_v2=[boot])
    root = cloud.kept(server_id).volumes[0]
    assert root.device == "/dev/vda"
    path = f"/compute/v2.1/servers/{server_id}/os-volume_attachments/{root.volume_id}"
    assert (await alice.delete(path)).status_code == 403


async def test_what_happens_at_the_end_can_be_changed(
    cloud: Cloud, alice: Person, server_id: str, attachments: str, volume: Volume
) -> None:
    await alice.post(attachments, {"volumeAttachment": {"volumeId": VOLUME}})
    cloud.advance(3)
    change = {"volumeAttachment": {"volumeId": VOLUME, "delete_on_termination": True}}
    assert (await alice.put(f"{attachments}/{VOLUME}", change)).status_code == 202
    await alice.delete(f"/compute/v2.1/servers/{server_id}")
    cloud.advance(5)
    assert VOLUME not in cloud.region.data.volumes


async def test_deleting_the_server_frees_a_volume_that_stays(
    cloud: Cloud, alice: Person, server_id: str, attachments: str, volume: Volume
) -> None:
    await alice.post(attachments, {"volumeAttachment": {"volumeId": VOLUME}})
    cloud.advance(3)
    await alice.delete(f"/compute/v2.1/servers/{server_id}")
    cloud.advance(5)
    assert (volume.status, volume.attachments) == ("available", [])


async def test_a_server_deleted_while_a_volume_is_on_its_way_frees_it(
    cloud: Cloud, alice: Person, server_id: str, attachments: str, volume: Volume
) -> None:
    await alice.post(attachments, {"volumeAttachment": {"volumeId": VOLUME}})
    await cloud.control("DELETE", f"/servers/{server_id}?now")
    cloud.advance(5)
    assert (volume.status, volume.attachments) == ("available", [])


async def test_interfaces_show_port_network_and_addresses(
    cloud: Cloud, alice: Person, server_id: str
) -> None:
    (port,) = cloud.region.server_ports(server_id)
    path = f"/compute/v2.1/servers/{server_id}/os-interface"
    (shown,) = (await alice.get(path)).json()["interfaceAttachments"]
    fixed = port.fixed_ips[0]
    assert shown == {
        "fixed_ips": [{"ip_address": fixed.ip_address, "subnet_id": fixed.subnet_id}],
        "mac_addr": port.mac_address,
        "net_id": port.network_id,
        "port_id": port.id,
        "port_state": "ACTIVE",
        "tag": None,
    }
    assert (await alice.get(f"{path}/{port.id}")).json()["interfaceAttachment"] == shown
    assert (await alice.get(f"{path}/nope")).status_code == 404


async def test_an_interface_is_added_and_taken_away(cloud: Cloud, alice: Person, server_id: str) -> None:
    (port,) = cloud.region.server_ports(server_id)
    path = f"/compute/v2.1/servers/{server_id}/os-interface"
    added = await alice.post(path, {"interfaceAttachment": {"net_id": port.network_id}})
    assert added.status_code == 200
    assert len((await alice.server(server_id))["addresses"]["auto_allocated_network"]) == 2
    new = added.json()["interfaceAttachment"]["port_id"]
    assert (await alice.delete(f"{path}/{new}")).status_code == 202
    cloud.advance(1)
    assert len((await alice.server(server_id))["addresses"]["auto_allocated_network"]) == 1
    assert new not in cloud.region.data.ports


async def test_a_port_in_use_or_an_unknown_network_cannot_be_added(
    cloud: Cloud, alice: Person, server_id: str
) -> None:
    (port,) = cloud.region.server_ports(server_id)
    path = f"/compute/v2.1/servers/{server_id}/os-interface"
    assert (await alice.delete(f"{path}/nope")).status_code == 202
    cloud.advance(1)
    assert port.id in cloud.region.data.ports
    for wanted in ({"port_id": port.id}, {"net_id": "nope"}, {}):
        assert (await alice.post(path, {"interfaceAttachment": wanted})).status_code == 400
    assert (await alice.post(path, {"interfaceAttachment": {"port_id": "nope"}})).status_code == 404


async def test_a_floating_address_shows_beside_the_fixed_one_without_a_new_updated(
    cloud: Cloud, alice: Person, server_id: str
) -> None:
    before = await alice.server(server_id)
    cloud.advance(60)
    (port,) = cloud.region.server_ports(server_id)
    external = fabric.external_network(cloud.region)
    assert external is not None
    now = cloud.world.now()
    floating = FloatingIP("f1", "127.1.252.9", external.id, alice.project_id, now, now)
    cloud.region.data.floating_ips["f1"] = floating
    cloud.region.point_floating_ip(floating, port)
    after = await alice.server(server_id)
    shown = after["addresses"]["auto_allocated_network"]
    assert [(one["OS-EXT-IPS:type"], one["addr"]) for one in shown][1] == ("floating", "127.1.252.9")
    assert after["updated"] == before["updated"]
    ips = (await alice.get(f"/compute/v2.1/servers/{server_id}/ips")).json()["addresses"]
    assert ips["auto_allocated_network"][1] == {"version": 4, "addr": "127.1.252.9"}


async def test_a_deleted_server_leaves_its_floating_address_to_the_project(
    cloud: Cloud, alice: Person, server_id: str
) -> None:
    (port,) = cloud.region.server_ports(server_id)
    now = cloud.world.now()
    floating = FloatingIP("f1", "127.1.252.9", "net", alice.project_id, now, now)
    cloud.region.data.floating_ips["f1"] = floating
    cloud.region.point_floating_ip(floating, port)
    await alice.delete(f"/compute/v2.1/servers/{server_id}")
    cloud.advance(5)
    assert (floating.port_id, floating.fixed_ip_address, floating.status) == (None, None, "DOWN")
    assert "f1" in cloud.region.data.floating_ips


async def test_a_volume_that_several_may_have_is_on_several(
    cloud: Cloud, alice: Person, attachments: str, volume: Volume
) -> None:
    volume.multiattach = True
    other = f"/compute/v2.1/servers/{await alice.make_server()}/os-volume_attachments"
    wanted = {"volumeAttachment": {"volumeId": VOLUME}}
    assert (await alice.post(attachments, wanted)).status_code == 200
    assert (await alice.post(other, wanted)).status_code == 400, "it is just being given to the first"
    cloud.advance(3)
    assert (await alice.post(other, wanted)).status_code == 200
    assert volume.status == "in-use"
    cloud.advance(3)
    assert len(volume.attachments) == 2
    await alice.delete(f"{attachments}/{VOLUME}")
    cloud.advance(1)
    assert (volume.status, len(volume.attachments)) == ("in-use", 1)


async def test_any_other_volume_is_on_one_server_only(
    cloud: Cloud, alice: Person, attachments: str, volume: Volume
) -> None:
    other = f"/compute/v2.1/servers/{await alice.make_server()}/os-volume_attachments"
    wanted = {"volumeAttachment": {"volumeId": VOLUME}}
    await alice.post(attachments, wanted)
    cloud.advance(3)
    assert (await alice.post(other, wanted)).status_code == 400
