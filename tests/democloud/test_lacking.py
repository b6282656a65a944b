"""A cloud can be made to lack things, and to have them again."""

from __future__ import annotations

from typing import Any

import pytest

from portal.democloud.errors import Fault
from portal.democloud.lacking import Lacking
from tests.democloud.cloud import Cloud, Person


def lack(cloud: Cloud, **what: Any) -> None:
    cloud.world.lacking = Lacking.of(what)


async def types(person: Person) -> set[str]:
    return {service["type"] for service in (await person.get("/identity/v3/auth/catalog")).json()["catalog"]}


async def test_a_service_that_is_lacking_is_in_no_catalogue_and_at_no_address(
    cloud: Cloud, alice: Person
) -> None:
    assert "volumev3" in await types(alice)
    lack(cloud, services=["volume"])
    assert "volumev3" not in await types(alice)
    assert (await alice.get(f"/volume/v3/{alice.project_id}/volumes")).status_code == 404
    lack(cloud)
    assert "volumev3" in await types(alice)


async def test_a_closed_service_tells_its_versions_and_nothing_else(cloud: Cloud, alice: Person) -> None:
    lack(cloud, forbidden=["image", "accounting"])
    assert (await alice.get("/image/v2/images")).status_code == 403
    assert (await alice.get("/image/")).status_code in (200, 300)
    assert (await alice.get("/accounting")).status_code == 403


@pytest.mark.parametrize(
    ("extension", "path"),
    [
        ("auto-allocated-topology", "/network/v2.0/auto-allocated-topology/null"),
        ("security-group", "/network/v2.0/security-groups"),
        ("router", "/network/v2.0/floatingips"),
    ],
)
async def test_addresses_of_a_lacking_extension_do_not_exist(
    cloud: Cloud, alice: Person, extension: str, path: str
) -> None:
    assert (await alice.get(path)).status_code != 404
    lack(cloud, extensions=[extension])
    assert (await alice.get(path)).status_code == 404
    told = (await alice.get("/network/v2.0/extensions")).json()["extensions"]
    assert extension not in {one["alias"] for one in told}
    assert (await alice.get("/network/v2.0/networks")).status_code == 200


async def test_an_older_nova_says_so_and_refuses_what_is_newer(cloud: Cloud, alice: Person) -> None:
    lack(cloud, compute_max=53)
    assert (await alice.get("/compute/v2.1/servers")).status_code == 406
    alice.version = "2.53"
    assert (await alice.get("/compute/v2.1")).json()["version"]["version"] == "2.53"
    answer = await alice.get("/compute/v2.1/servers")
    assert answer.headers["OpenStack-API-Version"] == "compute 2.53"


@pytest.mark.parametrize("wrong", [{"colour": ["red"]}, {"extensions": ["teleport"]}])
def test_what_no_cloud_can_lack_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Fault):
        Lacking.of(wrong)
