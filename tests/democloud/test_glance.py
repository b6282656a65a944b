from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.democloud.cloud import Cloud, Person

IMAGES = "/image/v2/images"
PATCH = "application/openstack-images-v2.1-json-patch"


async def rows(person: Person, query: str = "") -> list[dict[str, Any]]:
    reply = await person.get(IMAGES + query)
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["images"]
    return found


async def new(person: Person, **wanted: Any) -> dict[str, Any]:
    reply = await person.post(IMAGES, {"name": "mine"} | wanted)
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def patch(
    person: Person, image_id: str, *operations: dict[str, Any], kind: str = PATCH
) -> httpx.Response:
    return await person.cloud.http.patch(
        f"{IMAGES}/{image_id}",
        content=json.dumps(operations),
        headers={"X-Auth-Token": person.token, "Content-Type": kind},
    )


async def test_versions_are_told_without_a_token(cloud: Cloud) -> None:
    reply = await cloud.http.get("/image/")
    assert reply.status_code == 300
    assert reply.json()["versions"][0]["links"][0]["href"] == "http://cloud.test/image/v2/"
    assert (await cloud.http.get("/image/versions")).json() == reply.json()


async def test_refusals_are_html_as_glances_are(alice: Person, cloud: Cloud) -> None:
    reply = await alice.get(f"{IMAGES}/<nope>")
    assert (reply.status_code, reply.headers["content-type"]) == (404, "text/html; charset=UTF-8")
    assert "No image found with ID &lt;nope&gt;" in reply.text
    assert (await cloud.http.get(IMAGES)).status_code == 401


async def test_an_image_has_its_properties_at_the_top_level(alice: Person) -> None:
    image = (await rows(alice, "?name=Featured-Ubuntu24"))[0]
    assert (image["os_distro"], image["visibility"], image["status"]) == ("ubuntu", "public", "active")
    assert image["file"] == f"/v2/images/{image['id']}/file"
    assert (await alice.get(f"{IMAGES}/{image['id']}")).json() == image


async def test_a_property_never_hides_what_glance_says(cloud: Cloud, alice: Person) -> None:
    one = next(iter(cloud.region.data.images.values()))
    one.properties["status"] = "haunted"
    assert (await alice.get(f"{IMAGES}/{one.id}")).json()["status"] == "active"


async def test_community_images_are_listed_only_when_asked_for(alice: Person, carol: Person) -> None:
    plain = {row["name"] for row in await rows(alice)}
    assert "Course-RStudio-2026" not in plain
    assert [row["name"] for row in await rows(alice, "?visibility=community")] == ["Course-RStudio-2026"]
    assert "Course-RStudio-2026" in {row["name"] for row in await rows(carol)}, "its owner sees it always"
    assert "Course-RStudio-2026" in {row["name"] for row in await rows(alice, "?visibility=all")}


async def test_private_images_are_as_absent_as_none_to_others(alice: Person, carol: Person) -> None:
    (mine,) = await rows(alice, "?visibility=private")
    assert mine["image_type"] == "snapshot"
    assert mine["id"] not in {row["id"] for row in await rows(carol, "?visibility=all")}
    assert (await carol.get(f"{IMAGES}/{mine['id']}")).status_code == 404
    assert (await carol.delete(f"{IMAGES}/{mine['id']}")).status_code == 404


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?os_distro=rocky", 2),
        ("?name=in:Featured-Ubuntu24,Featured-Debian12", 4),
        ("?protected=true", 0),
        ("?status=active&os_distro=debian", 2),
        ("?nothing=like-this", 0),
        ("?os_hidden=true", 0),
    ],
)
async def test_filters_are_by_any_property(alice: Person, query: str, count: int) -> None:
    assert len(await rows(alice, query)) == count


async def test_order_is_newest_first_or_as_asked(alice: Person) -> None:
    times = [row["created_at"] for row in await rows(alice)]
    assert times == sorted(times, reverse=True)
    names = [row["name"] for row in await rows(alice, "?sort=name:asc,created_at:desc")]
    assert names == sorted(names)
    backwards = [row["name"] for row in await rows(alice, "?sort_key=name&sort_dir=desc")]
    assert backwards == sorted(backwards, reverse=True)


async def test_pages_follow_next_to_the_end(alice: Person) -> None:
    path, seen = f"{IMAGES}?limit=2", []
    while path:
        body = (await alice.get(path)).json()
        seen += [row["id"] for row in body["images"]]
        path = f"/image{body['next']}" if "next" in body else ""
    assert seen == [row["id"] for row in await rows(alice, "?limit=100")]
    assert len(seen) > 4


@pytest.mark.parametrize(
    "query", ["?limit=x", "?marker=nope", "?visibility=bad", "?sort=foo:asc", "?sort_key=foo"]
)
async def test_odd_questions_are_refused(alice: Person, query: str) -> None:
    assert (await alice.get(IMAGES + query)).status_code == 400


async def test_an_image_is_made_filled_and_used(alice: Person) -> None:
    image = await new(alice, disk_format="qcow2", container_format="bare", min_disk=1, foo="bar")
    assert (image["status"], image["visibility"], image["foo"]) == ("queued", "shared", "bar")
    refused = await alice.ask_server(imageRef=image["id"])
    assert refused.status_code == 400, "a queued image boots nothing"
    sent = await alice.cloud.http.put(
        f"{IMAGES}/{image['id']}/file", content=b"x" * 1000, headers={"X-Auth-Token": alice.token}
    )
    assert sent.status_code == 204
    filled = (await alice.get(f"{IMAGES}/{image['id']}")).json()
    assert (filled["status"], filled["size"], filled["os_hash_algo"]) == ("active", 1000, "sha512")
    assert (await alice.ask_server(imageRef=image["id"])).status_code == 202
    again = await alice.cloud.http.put(
        f"{IMAGES}/{image['id']}/file", content=b"y", headers={"X-Auth-Token": alice.token}
    )
    assert again.status_code == 409


async def test_an_image_is_patched(alice: Person) -> None:
    image = await new(alice, foo="bar")
    changed = await patch(
        alice,
        image["id"],
        {"op": "add", "path": "/x", "value": "y"},
        {"op": "replace", "path": "/name", "value": "new"},
        {"op": "remove", "path": "/foo"},
        {"op": "add", "path": "/tags", "value": ["t"]},
    )
    found = changed.json()
    assert (found["x"], found["name"], found["tags"], "foo" in found) == ("y", "new", ["t"], False)


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        ({"op": "replace", "path": "/nope", "value": "y"}, 409),
        ({"op": "remove", "path": "/nope"}, 409),
        ({"op": "remove", "path": "/name"}, 403),
        ({"op": "replace", "path": "/status", "value": "active"}, 403),
        ({"op": "add", "path": "/owner", "value": "me"}, 403),
        ({"op": "replace", "path": "/visibility", "value": "public"}, 403),
        ({"op": "replace", "path": "/visibility", "value": "mine"}, 400),
        ({"op": "replace", "path": "/min_disk", "value": "big"}, 400),
        ({"op": "replace", "path": "/min_disk", "value": True}, 400),
        ({"op": "add", "path": "/x", "value": 7}, 400),
        ({"op": "move", "path": "/x"}, 400),
        ({"op": "add", "path": "x", "value": "y"}, 400),
    ],
)
async def test_a_wrong_patch_is_refused(alice: Person, operation: dict[str, Any], status: int) -> None:
    image = await new(alice)
    if operation["op"] != "add":
        operation = dict(operation)
    reply = await patch(alice, image["id"], operation)
    assert reply.status_code == status if operation["path"] != "/status" else reply.status_code in (403, 409)
    assert (await alice.get(f"{IMAGES}/{image['id']}")).json() == image


async def test_a_patch_of_another_type_is_refused(alice: Person) -> None:
    image = await new(alice)
    assert (await patch(alice, image["id"], kind="application/json")).status_code == 415


async def test_others_images_are_not_ours_to_change(alice: Person, carol: Person) -> None:
    public = (await rows(alice))[0]
    reply = await alice.delete(f"{IMAGES}/{public['id']}")
    assert (reply.status_code, "You do not own this image" in reply.text) == (403, True)
    community = (await rows(alice, "?visibility=community"))[0]
    assert (await patch(alice, community["id"])).status_code == 403
    assert (await alice.put(f"{IMAGES}/{community['id']}/tags/x")).status_code == 403
    assert (await carol.put(f"{IMAGES}/{community['id']}/tags/x")).status_code == 204


async def test_a_protected_image_stays(alice: Person) -> None:
    image = await new(alice, protected=True)
    assert (await alice.delete(f"{IMAGES}/{image['id']}")).status_code == 403
    await patch(alice, image["id"], {"op": "replace", "path": "/protected", "value": False})
    assert (await alice.delete(f"{IMAGES}/{image['id']}")).status_code == 204
    assert (await alice.get(f"{IMAGES}/{image['id']}")).status_code == 404


async def test_only_an_administrator_publishes(alice: Person, admin: Person) -> None:
    assert (await alice.post(IMAGES, {"name": "x", "visibility": "public"})).status_code == 403
    assert (await admin.post(IMAGES, {"name": "x", "visibility": "public"})).status_code == 201


async def test_tags_filter(alice: Person) -> None:
    image = await new(alice)
    for _ in range(2):
        assert (await alice.put(f"{IMAGES}/{image['id']}/tags/one")).status_code == 204
    assert [row["id"] for row in await rows(alice, "?tag=one")] == [image["id"]]
    assert (await alice.delete(f"{IMAGES}/{image['id']}/tags/one")).status_code == 204
    assert (await alice.delete(f"{IMAGES}/{image['id']}/tags/one")).status_code == 404
    assert await rows(alice, "?tag=one") == []


async def test_members_are_for_shared_images(alice: Person) -> None:
    image = await new(alice)
    assert (await alice.get(f"{IMAGES}/{image['id']}/members")).json()["members"] == []
    public = (await rows(alice, "?visibility=public"))[0]
    assert (await alice.get(f"{IMAGES}/{public['id']}/members")).status_code == 403


async def test_a_snapshot_of_a_server_appears_and_is_active_in_the_end(cloud: Cloud, alice: Person) -> None:
    server_id = await alice.make_server()
    reply = await alice.act(
        server_id, "createImage", {"name": "snap", "metadata": {"from-exosphere": "true"}}
    )
    path = f"{IMAGES}/{reply.json()['image_id']}"
    before = (await alice.get(path)).json()
    assert (before["status"], before["from-exosphere"], before["instance_uuid"]) == (
        "queued",
        "true",
        server_id,
    )
    cloud.advance(30)
    assert (await alice.get(path)).json()["status"] == "active"
