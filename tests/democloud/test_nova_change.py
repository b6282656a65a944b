from __future__ import annotations

from typing import Any

import pytest

from tests.democloud.cloud import Cloud, Person


@pytest.fixture
async def path(alice: Person) -> str:
    return f"/compute/v2.1/servers/{await alice.make_server(metadata={'a': '1'}, tags=['x'])}"


async def test_a_rename_answers_with_the_server_and_leaves_the_hostname(alice: Person, path: str) -> None:
    reply = await alice.put(path, {"server": {"name": "renamed", "description": "new"}})
    server = reply.json()["server"]
    assert (server["name"], server["description"]) == ("renamed", "new")
    assert server["OS-EXT-SRV-ATTR:hostname"] == "one"


async def test_a_bad_name_changes_nothing(alice: Person, path: str) -> None:
    assert (await alice.put(path, {"server": {"name": " "}})).status_code == 400
    assert (await alice.get(path)).json()["server"]["name"] == "one"


async def test_a_change_moves_updated(cloud: Cloud, alice: Person, path: str) -> None:
    before = (await alice.get(path)).json()["server"]["updated"]
    cloud.advance(30)
    await alice.put(path, {"server": {"name": "renamed"}})
    assert (await alice.get(path)).json()["server"]["updated"] > before


async def test_metadata_is_added_replaced_and_taken_away(alice: Person, path: str) -> None:
    added = await alice.post(f"{path}/metadata", {"metadata": {"b": "2"}})
    assert added.json() == {"metadata": {"a": "1", "b": "2"}}
    replaced = await alice.put(f"{path}/metadata", {"metadata": {"c": "3"}})
    assert replaced.json() == {"metadata": {"c": "3"}}
    one = await alice.put(f"{path}/metadata/d", {"meta": {"d": "4"}})
    assert one.json() == {"meta": {"d": "4"}}
    assert (await alice.get(f"{path}/metadata/d")).json() == {"meta": {"d": "4"}}
    assert (await alice.delete(f"{path}/metadata/c")).status_code == 204
    assert (await alice.get(f"{path}/metadata")).json() == {"metadata": {"d": "4"}}


async def test_what_is_not_there_cannot_be_read_or_deleted(alice: Person, path: str) -> None:
    assert (await alice.get(f"{path}/metadata/zzz")).status_code == 404
    assert (await alice.delete(f"{path}/metadata/zzz")).status_code == 404


@pytest.mark.parametrize(
    "body", [{"metadata": {"a": 1}}, {"metadata": {"a": "x" * 256}}, {"metadata": []}, {}]
)
async def test_wrong_metadata_is_refused(alice: Person, path: str, body: dict[str, Any]) -> None:
    assert (await alice.post(f"{path}/metadata", body)).status_code == 400
    assert (await alice.get(f"{path}/metadata")).json() == {"metadata": {"a": "1"}}


async def test_an_item_must_be_the_one_of_the_path(alice: Person, path: str) -> None:
    assert (await alice.put(f"{path}/metadata/d", {"meta": {"e": "4"}})).status_code == 400


async def test_no_more_items_than_the_quota(alice: Person, path: str) -> None:
    many = {f"k{number}": "v" for number in range(128)}
    assert (await alice.post(f"{path}/metadata", {"metadata": many})).status_code == 403
    assert (await alice.put(f"{path}/metadata", {"metadata": many})).status_code == 200


async def test_metadata_of_a_shelved_server_cannot_be_changed(cloud: Cloud, alice: Person, path: str) -> None:
    await alice.post(f"{path}/action", {"shelve": None})
    cloud.advance(30)
    reply = await alice.post(f"{path}/metadata", {"metadata": {"b": "2"}})
    assert reply.status_code == 409
    assert "Cannot 'update metadata' instance" in reply.text


async def test_tags_are_added_found_replaced_and_removed(alice: Person, path: str) -> None:
    added = await alice.put(f"{path}/tags/exoPw:one two")
    again = await alice.put(f"{path}/tags/exoPw:one two")
    assert (added.status_code, again.status_code) == (201, 204)
    assert added.headers["location"].endswith("/tags/exoPw:one two")
    assert (await alice.get(f"{path}/tags")).json() == {"tags": ["x", "exoPw:one two"]}
    assert (await alice.get(f"{path}/tags/x")).status_code == 204
    assert (await alice.get(f"{path}/tags/y")).status_code == 404
    assert (await alice.delete(f"{path}/tags/x")).status_code == 204
    assert (await alice.delete(f"{path}/tags/x")).status_code == 404
    assert (await alice.put(f"{path}/tags", {"tags": ["p", "q"]})).json() == {"tags": ["p", "q"]}
    assert (await alice.delete(f"{path}/tags")).status_code == 204
    assert (await alice.get(f"{path}/tags")).json() == {"tags": []}


async def test_a_fifty_first_tag_is_refused(alice: Person, path: str) -> None:
    await alice.put(f"{path}/tags", {"tags": [str(number) for number in range(50)]})
    assert (await alice.put(f"{path}/tags/more")).status_code == 400


async def test_a_snapshot_answers_with_its_image_which_is_active_in_the_end(
    cloud: Cloud, alice: Person, path: str
) -> None:
    reply = await alice.post(f"{path}/action", {"createImage": {"name": "snap", "metadata": {"from": "me"}}})
    image = cloud.region.data.images[reply.json()["image_id"]]
    assert (image.status, image.visibility, image.owner) == ("queued", "private", alice.project_id)
    cloud.advance(10)
    assert image.status == "active" and image.size
    assert image.properties["image_type"] == "snapshot"
    assert image.properties["from"] == "me"


async def test_a_snapshot_before_2_45_answers_with_its_place(cloud: Cloud, alice: Person, path: str) -> None:
    alice.version = "2.44"
    reply = await alice.post(f"{path}/action", {"createImage": {"name": "snap"}})
    assert reply.content == b""
    assert "/images/" in reply.headers["location"]


async def test_a_rebuild_makes_a_new_disk_from_another_image(cloud: Cloud, alice: Person, path: str) -> None:
    server = cloud.kept(path.rsplit("/", 1)[1])
    disk = server.disk_serial
    other = next(one for one in cloud.region.data.images if one != server.image_id)
    wanted = {"imageRef": other, "name": "Again", "metadata": {"n": "1"}}
    reply = await alice.post(f"{path}/action", {"rebuild": wanted})
    assert reply.status_code == 202
    assert reply.json()["server"]["status"] == "REBUILD"
    cloud.advance(10)
    assert (server.image_id, server.name, server.hostname) == (other, "Again", "again")
    assert server.disk_serial != disk
    assert server.metadata == {"n": "1"}


async def test_a_rebuild_from_no_image_is_refused(alice: Person, path: str) -> None:
    assert (await alice.post(f"{path}/action", {"rebuild": {"imageRef": "nope"}})).status_code == 400


async def test_a_security_group_is_added_to_the_ports_and_taken_off(
    cloud: Cloud, alice: Person, path: str
) -> None:
    server_id = path.rsplit("/", 1)[1]
    (port,) = cloud.region.server_ports(server_id)
    default = port.security_groups[0]
    group = type(cloud.region.data.security_groups[default])(
        "g1", "web", alice.project_id, cloud.world.now(), cloud.world.now()
    )
    cloud.region.data.security_groups["g1"] = group
    assert (await alice.act(server_id, "addSecurityGroup", {"name": "web"})).status_code == 202
    assert port.security_groups == [default, "g1"]
    shown = (await alice.get(f"{path}/os-security-groups")).json()["security_groups"]
    assert {one["name"] for one in shown} == {"default", "web"}
    assert (await alice.act(server_id, "removeSecurityGroup", {"name": "web"})).status_code == 202
    assert (await alice.act(server_id, "removeSecurityGroup", {"name": "web"})).status_code == 404
    assert port.security_groups == [default]


async def test_force_delete_is_delete(cloud: Cloud, alice: Person, path: str) -> None:
    assert (await alice.post(f"{path}/action", {"forceDelete": None})).status_code == 202
    cloud.advance(10)
    assert (await alice.get(path)).status_code == 404
