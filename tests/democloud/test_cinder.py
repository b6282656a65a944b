from __future__ import annotations

from typing import Any

import pytest

from tests.democloud.cloud import Cloud, Person


def root(person: Person) -> str:
    return f"/volume/v3/{person.project_id}"


async def new(person: Person, size: int = 1, **wanted: Any) -> dict[str, Any]:
    reply = await person.post(f"{root(person)}/volumes", {"volume": {"size": size, "name": "vol"} | wanted})
    assert reply.status_code == 202, reply.text
    found: dict[str, Any] = reply.json()["volume"]
    return found


async def ready(person: Person, size: int = 1, **wanted: Any) -> str:
    volume_id: str = (await new(person, size, **wanted))["id"]
    person.cloud.advance(20)
    assert (await show(person, volume_id))["status"] == "available"
    return volume_id


async def show(person: Person, volume_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await person.get(f"{root(person)}/volumes/{volume_id}")).json()["volume"]
    return found


async def refusal(person: Person, **wanted: Any) -> tuple[int, str, str]:
    reply = await person.post(f"{root(person)}/volumes", {"volume": wanted})
    ((kind, fault),) = reply.json().items()
    return reply.status_code, kind, fault["message"]


async def act(person: Person, volume_id: str, action: str, **given: Any) -> int:
    reply = await person.post(f"{root(person)}/volumes/{volume_id}/action", {action: given})
    return reply.status_code


async def test_versions_are_told_without_a_token(cloud: Cloud) -> None:
    for path in ("/volume/", "/volume/v3/"):
        reply = await cloud.http.get(path)
        assert reply.status_code == 300
        (one,) = reply.json()["versions"]
        assert (one["version"], one["min_version"]) == ("3.70", "3.0")


@pytest.mark.parametrize(
    ("asked", "status", "told"), [("", 200, "3.0"), ("3.60", 200, "3.60"), ("latest", 200, "3.70")]
)
async def test_the_microversion_is_told(alice: Person, asked: str, status: int, told: str) -> None:
    reply = await alice.call(
        "GET", f"{root(alice)}/volumes", OpenStack_API_Version=f"volume {asked}" if asked else ""
    )
    assert (reply.status_code, reply.headers["openstack-api-version"]) == (status, f"volume {told}")


@pytest.mark.parametrize("asked", ["3.71", "2.0", "soon"])
async def test_other_microversions_are_refused(alice: Person, asked: str) -> None:
    reply = await alice.call("GET", f"{root(alice)}/volumes", OpenStack_API_Version=f"volume {asked}")
    assert reply.status_code == 406


async def test_the_path_has_to_name_the_tokens_project(alice: Person, carol: Person) -> None:
    assert (await carol.get(f"{root(alice)}/volumes/detail")).status_code == 400
    assert (await alice.get(f"{root(alice)}/volumes/detail")).status_code == 200


async def test_a_volume_is_creating_then_available(cloud: Cloud, alice: Person) -> None:
    volume = await new(alice, 5, description="d", metadata={"k": "v"})
    assert (volume["status"], volume["size"], volume["metadata"]) == ("creating", 5, {"k": "v"})
    assert volume["created_at"][10] == "T"
    assert not volume["created_at"].endswith("Z")
    cloud.advance(1)
    shown = await show(alice, volume["id"])
    assert (shown["status"], shown["bootable"], shown["attachments"]) == ("available", "false", [])
    assert shown["os-vol-tenant-attr:tenant_id"] == alice.project_id


async def test_a_volume_of_an_image_takes_longer_and_can_boot(cloud: Cloud, alice: Person) -> None:
    image = next(one for one in cloud.region.data.images.values() if one.name == "Featured-Ubuntu24")
    volume = await new(alice, 30, imageRef=image.id)
    assert volume["status"] == "creating"
    cloud.advance(5)
    assert (await show(alice, volume["id"]))["status"] == "downloading"
    cloud.advance(10)
    shown = await show(alice, volume["id"])
    assert (shown["status"], shown["bootable"]) == ("available", "true")
    assert shown["volume_image_metadata"]["image_name"] == "Featured-Ubuntu24"


@pytest.mark.parametrize(
    ("wanted", "status", "kind"),
    [
        ({"size": 0}, 400, "badRequest"),
        ({"size": "x"}, 400, "badRequest"),
        ({"size": True}, 400, "badRequest"),
        ({"name": "q"}, 400, "badRequest"),
        ({"size": 1, "name": "x" * 256}, 400, "badRequest"),
        ({"size": 1, "metadata": {"a": 1}}, 400, "badRequest"),
        ({"size": 1, "volume_type": "nope"}, 404, "itemNotFound"),
        ({"size": 1, "imageRef": "nope"}, 400, "badRequest"),
        ({"size": 1, "snapshot_id": "nope"}, 404, "itemNotFound"),
        ({"size": 1, "source_volid": "nope"}, 404, "itemNotFound"),
        ({"size": 100000}, 413, "overLimit"),
    ],
)
async def test_what_is_wrong_is_refused(
    alice: Person, wanted: dict[str, Any], status: int, kind: str
) -> None:
    assert (await refusal(alice, **wanted))[:2] == (status, kind)
    assert (await alice.get(f"{root(alice)}/volumes")).json()["volumes"] == []


async def test_an_image_that_is_too_large_for_the_volume_is_refused(cloud: Cloud, alice: Person) -> None:
    image = next(one for one in cloud.region.data.images.values() if one.name == "Featured-Ubuntu24")
    image.min_disk = 20
    status, _, message = await refusal(alice, size=10, imageRef=image.id)
    assert (status, "minDisk" in message) == (400, True)


async def test_quotas_are_refused_with_their_numbers(cloud: Cloud, alice: Person) -> None:
    cloud.region.data.quotas[alice.project_id] = {"volumes": 2, "gigabytes": 10, "snapshots": 0}
    await new(alice, 4)
    volume_id = await ready(alice, 4)
    _, _, message = await refusal(alice, size=3)
    assert "Requested 3G, quota is 10G and 8G has been consumed." in message
    status, _, message = await refusal(alice, size=1)
    assert (status, "Maximum number of volumes allowed (2) exceeded" in message) == (413, True)
    snapshot = await alice.post(f"{root(alice)}/snapshots", {"snapshot": {"volume_id": volume_id}})
    assert snapshot.status_code == 413
    assert await act(alice, volume_id, "os-extend", new_size=8) == 413


async def test_limits_and_quota_sets_agree(alice: Person, carol: Person) -> None:
    await new(alice, 7)
    absolute = (await alice.get(f"{root(alice)}/limits")).json()["limits"]["absolute"]
    path = f"{root(alice)}/os-quota-sets/{alice.project_id}"
    plain = (await alice.get(path)).json()["quota_set"]
    detailed = (await alice.get(f"{path}?usage=True")).json()["quota_set"]
    assert absolute["totalGigabytesUsed"] == detailed["gigabytes"]["in_use"] == 7
    assert absolute["totalVolumesUsed"] == detailed["volumes"]["in_use"] == 1
    assert absolute["maxTotalVolumes"] == plain["volumes"] == detailed["volumes"]["limit"]
    assert (await alice.get(f"{path}/defaults")).json()["quota_set"]["gigabytes"] == 1000
    other = await alice.get(f"{root(alice)}/os-quota-sets/{carol.project_id}")
    assert other.status_code == 403


async def test_a_volume_belongs_to_its_project(alice: Person, bob: Person, carol: Person) -> None:
    volume_id = await ready(alice)
    path = f"{root(carol)}/volumes/{volume_id}"
    for call in (carol.get(path), carol.delete(path), carol.put(path, {"volume": {"name": "x"}})):
        reply = await call
        assert (reply.status_code, reply.json()["itemNotFound"]["message"]) == (
            404,
            f"Volume {volume_id} could not be found.",
        )
    assert (await bob.put(f"{root(bob)}/volumes/{volume_id}", {"volume": {"name": "x"}})).status_code == 200
    assert (await show(alice, volume_id))["name"] == "x"


async def test_a_volume_is_deleting_then_gone(cloud: Cloud, alice: Person) -> None:
    volume_id = await ready(alice)
    assert (await alice.delete(f"{root(alice)}/volumes/{volume_id}")).status_code == 202
    assert (await show(alice, volume_id))["status"] == "deleting"
    assert (await alice.delete(f"{root(alice)}/volumes/{volume_id}")).status_code == 400
    cloud.advance(3)
    assert (await alice.get(f"{root(alice)}/volumes/{volume_id}")).status_code == 404


async def test_a_volume_grows_and_never_shrinks(cloud: Cloud, alice: Person) -> None:
    volume_id = await ready(alice, 2)
    assert await act(alice, volume_id, "os-extend", new_size=2) == 400
    assert await act(alice, volume_id, "os-extend", new_size="big") == 400
    assert await act(alice, volume_id, "os-extend", new_size=4) == 202
    assert (await show(alice, volume_id))["status"] == "extending"
    assert await act(alice, volume_id, "os-extend", new_size=5) == 400
    cloud.advance(2)
    shown = await show(alice, volume_id)
    assert (shown["status"], shown["size"]) == ("available", 4)


async def test_unknown_actions_are_refused_and_status_is_an_administrators_to_reset(alice: Person) -> None:
    volume_id = await ready(alice)
    assert await act(alice, volume_id, "os-nope") == 400
    assert await act(alice, volume_id, "os-reset_status", status="error") == 403
    assert await act(alice, volume_id, "os-set_bootable", bootable=True) == 202
    assert (await show(alice, volume_id))["bootable"] == "true"
    assert await act(alice, volume_id, "os-update_readonly_flag", readonly=True) == 202


async def test_a_volume_on_a_server_shows_it_and_cannot_be_deleted(cloud: Cloud, alice: Person) -> None:
    volume_id, server_id = await ready(alice), await alice.make_server()
    attachments = f"/compute/v2.1/servers/{server_id}/os-volume_attachments"
    await alice.post(attachments, {"volumeAttachment": {"volumeId": volume_id}})
    cloud.advance(5)
    shown = await show(alice, volume_id)
    (attached,) = shown["attachments"]
    assert (shown["status"], attached["server_id"], attached["device"]) == ("in-use", server_id, "/dev/vdb")
    assert (await alice.delete(f"{root(alice)}/volumes/{volume_id}")).status_code == 400
    assert await act(alice, volume_id, "os-extend", new_size=9) == 400
    await alice.delete(f"{attachments}/{volume_id}")
    cloud.advance(5)
    assert (await show(alice, volume_id))["status"] == "available"
    assert (await alice.delete(f"{root(alice)}/volumes/{volume_id}")).status_code == 202


async def test_a_snapshot_holds_its_volume(cloud: Cloud, alice: Person, carol: Person) -> None:
    volume_id = await ready(alice, 3)
    wanted = {"snapshot": {"volume_id": volume_id, "name": "snap"}}
    made = (await alice.post(f"{root(alice)}/snapshots", wanted)).json()["snapshot"]
    assert (made["status"], made["size"]) == ("creating", 3)
    path = f"{root(alice)}/snapshots/{made['id']}"
    assert (await alice.delete(path)).status_code == 400
    cloud.advance(2)
    assert (await alice.get(path)).json()["snapshot"]["status"] == "available"
    assert (await carol.get(f"{root(carol)}/snapshots/{made['id']}")).status_code == 404
    assert (await alice.delete(f"{root(alice)}/volumes/{volume_id}")).status_code == 400
    assert (await alice.put(path, {"snapshot": {"name": "new"}})).json()["snapshot"]["name"] == "new"
    child = await new(alice, 3, snapshot_id=made["id"])
    assert child["snapshot_id"] == made["id"]
    assert (await refusal(alice, size=1, snapshot_id=made["id"]))[0] == 400
    listed = (await alice.get(f"{root(alice)}/snapshots/detail?volume_id={volume_id}")).json()["snapshots"]
    assert [one["id"] for one in listed] == [made["id"]]
    assert (await alice.delete(path)).status_code == 202
    cloud.advance(3)
    assert (await alice.get(path)).status_code == 404


async def test_a_volume_in_use_is_snapshot_only_by_force(cloud: Cloud, alice: Person) -> None:
    volume_id, server_id = await ready(alice), await alice.make_server()
    attachments = f"/compute/v2.1/servers/{server_id}/os-volume_attachments"
    await alice.post(attachments, {"volumeAttachment": {"volumeId": volume_id}})
    cloud.advance(5)
    path = f"{root(alice)}/snapshots"
    assert (await alice.post(path, {"snapshot": {"volume_id": volume_id}})).status_code == 400
    assert (await alice.post(path, {"snapshot": {"volume_id": volume_id, "force": True}})).status_code == 202


async def test_lists_filter_order_and_page(cloud: Cloud, alice: Person) -> None:
    for name in ("c", "a", "b"):
        await new(alice, name=name)
        cloud.advance(2)
    path = f"{root(alice)}/volumes"

    async def names(query: str) -> list[str]:
        return [row["name"] for row in (await alice.get(f"{path}/detail{query}")).json()["volumes"]]

    assert await names("") == ["b", "a", "c"], "the newest first"
    assert await names("?sort=name:asc") == ["a", "b", "c"]
    assert await names("?name=a") == ["a"]
    assert await names("?status=in-use") == []
    assert await names("?unknown=x") == ["b", "a", "c"], "Cinder ignores what it does not know"
    first = (await alice.get(f"{path}?limit=2")).json()
    href = first["volumes_links"][0]["href"].removeprefix("http://cloud.test")
    rest = (await alice.get(href)).json()["volumes"]
    assert [row["name"] for row in first["volumes"] + rest] == ["b", "a", "c"]
    assert set(rest[0]) == {"id", "name", "links"}


@pytest.mark.parametrize(("query", "status"), [("?limit=x", 400), ("?marker=nope", 404), ("?sort=foo", 400)])
async def test_odd_pages_are_refused(alice: Person, query: str, status: int) -> None:
    await new(alice)
    assert (await alice.get(f"{root(alice)}/volumes/detail{query}")).status_code == status


async def test_metadata_is_merged_replaced_and_taken_away(alice: Person) -> None:
    volume_id = await ready(alice, metadata={"a": "1"})
    path = f"{root(alice)}/volumes/{volume_id}/metadata"
    body = await alice.post(path, {"metadata": {"b": "2"}})
    assert body.json() == {"metadata": {"a": "1", "b": "2"}}
    assert (await alice.put(path, {"metadata": {"c": "3"}})).json() == {"metadata": {"c": "3"}}
    assert (await alice.delete(f"{path}/c")).status_code == 200
    assert (await alice.delete(f"{path}/c")).status_code == 404


async def test_types_zones_and_backups_are_there_for_the_clients(alice: Person) -> None:
    types = (await alice.get(f"{root(alice)}/types")).json()["volume_types"]
    assert types[0]["name"] == "ceph-ssd"
    assert (await alice.get(f"{root(alice)}/types/default")).json()["volume_type"] == types[0]
    assert (await alice.get(f"{root(alice)}/types/{types[1]['id']}")).json()["volume_type"] == types[1]
    assert (await alice.get(f"{root(alice)}/types/nope")).status_code == 404
    zones = (await alice.get(f"{root(alice)}/os-availability-zone")).json()["availabilityZoneInfo"]
    assert [zone["zoneName"] for zone in zones] == ["nova"]
    assert (await alice.get(f"{root(alice)}/backups/detail")).json() == {"backups": []}
