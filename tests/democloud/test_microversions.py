from __future__ import annotations

import pytest

from portal.democloud.nova_view import MARKS, bucket
from tests.democloud.cloud import Cloud, Person

SERVERS = "/compute/v2.1/servers"


async def asked(person: Person, **headers: str) -> str:
    sent = {"X-Auth-Token": person.token} | {name.replace("_", "-"): text for name, text in headers.items()}
    reply = await person.cloud.http.get(SERVERS, headers=sent)
    return reply.headers["openstack-api-version"] if reply.status_code == 200 else str(reply.status_code)


async def test_no_header_means_the_first_version(alice: Person) -> None:
    assert await asked(alice) == "compute 2.1"


async def test_both_headers_are_understood_and_the_answer_names_the_version(alice: Person) -> None:
    assert await asked(alice, OpenStack_API_Version="compute 2.87") == "compute 2.87"
    assert await asked(alice, X_OpenStack_Nova_API_Version="2.60") == "compute 2.60"
    assert await asked(alice, OpenStack_API_Version="volume 3.70, compute 2.5") == "compute 2.5"
    assert await asked(alice, OpenStack_API_Version="compute latest") == "compute 2.96"


@pytest.mark.parametrize(("version", "status"), [("2.97", 406), ("3.0", 406), ("2.0", 406), ("new", 400)])
async def test_a_version_outside_is_refused(alice: Person, version: str, status: int) -> None:
    assert await asked(alice, OpenStack_API_Version=f"compute {version}") == str(status)


async def test_the_refusal_names_the_range(alice: Person) -> None:
    alice.version = "2.99"
    reply = await alice.get(SERVERS)
    assert reply.json() == {
        "computeFault": {
            "code": 406,
            "message": "Version 2.99 is not supported by the API. Minimum is 2.1 and maximum is 2.96.",
        }
    }


async def test_every_answer_varies_by_version_and_has_both_request_ids(alice: Person) -> None:
    reply = await alice.get(SERVERS)
    assert reply.headers["vary"] == "OpenStack-API-Version, X-OpenStack-Nova-API-Version"
    assert reply.headers["x-compute-request-id"] == reply.headers["x-openstack-request-id"]


async def test_the_version_document_announces_the_range_without_a_token(cloud: Cloud) -> None:
    one = (await cloud.http.get("/compute/v2.1")).json()["version"]
    many = (await cloud.http.get("/compute/")).json()["versions"][0]
    assert (one["min_version"], one["version"]) == (many["min_version"], many["version"]) == ("2.1", "2.96")


@pytest.mark.parametrize(
    ("field", "since"),
    [
        ("locked", 9),
        ("description", 19),
        ("tags", 26),
        ("trusted_image_certificates", 63),
        ("server_groups", 71),
        ("locked_reason", 73),
        ("OS-EXT-SRV-ATTR:hostname", 90),
        ("pinned_availability_zone", 96),
    ],
)
async def test_a_field_appears_with_its_version_and_not_before(alice: Person, field: str, since: int) -> None:
    server_id = await alice.make_server()
    alice.version = f"2.{since - 1}"
    assert field not in await alice.server(server_id)
    alice.version = f"2.{since}"
    assert field in await alice.server(server_id)


async def test_the_flavor_is_a_link_before_2_47_and_a_copy_after(alice: Person) -> None:
    server_id = await alice.make_server()
    alice.version = "2.46"
    assert set((await alice.server(server_id))["flavor"]) == {"id", "links"}
    alice.version = "2.47"
    flavor = (await alice.server(server_id))["flavor"]
    assert (flavor["original_name"], flavor["vcpus"], flavor["ram"]) == ("m3.tiny", 1, 3072)


@pytest.mark.parametrize("minor", range(1, 97))
def test_each_version_shares_its_rendering_with_the_mark_below_it(minor: int) -> None:
    assert bucket(minor) in MARKS
    assert bucket(minor) <= minor
    assert not [mark for mark in MARKS if bucket(minor) < mark <= minor]


@pytest.mark.parametrize(("path", "since"), [("/tags", 26)])
async def test_a_call_is_404_below_its_version(alice: Person, path: str, since: int) -> None:
    server_id = await alice.make_server()
    alice.version = f"2.{since - 1}"
    assert (await alice.get(f"{SERVERS}/{server_id}{path}")).status_code == 404
    alice.version = f"2.{since}"
    assert (await alice.get(f"{SERVERS}/{server_id}{path}")).status_code == 200


async def test_in_front_of_glance_a_bad_token_is_refused_with_a_page(alice: Person) -> None:
    alice.token = "gAAAAnope"
    reply = await alice.get("/image/v2/images")
    assert (reply.status_code, reply.headers["content-type"]) == (401, "text/html; charset=utf-8")
    assert "<title>401 Unauthorized</title>" in reply.text
    assert "x-openstack-request-id" not in reply.headers


@pytest.mark.parametrize("path", [SERVERS, "/network/v2.0/networks"])
async def test_a_bad_token_is_refused_in_keystones_words_by_every_service(alice: Person, path: str) -> None:
    alice.token = "gAAAAnope"
    reply = await alice.get(path)
    assert (reply.status_code, reply.json()["error"]["title"]) == (401, "Unauthorized")
    assert reply.headers["www-authenticate"].startswith("Keystone uri=")
    assert "openstack-api-version" not in reply.headers
