"""Flavors, keypairs, quotas and server groups."""

from __future__ import annotations

from typing import Any

import pytest

from portal.democloud.nova_keys import fingerprint
from portal.democloud.nova_sshkeys import generate
from tests.democloud.cloud import Cloud, Person

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEhlbGlvc3BoZXJlIGRlbW8gbGFwdG9wIGtleSAhISEh me@here"
KEYS = "/compute/v2.1/os-keypairs"
FLAVORS = "/compute/v2.1/flavors"
GROUPS = "/compute/v2.1/os-server-groups"


async def test_flavors_are_jetstream2s_with_their_gpus(alice: Person) -> None:
    found = {one["name"]: one for one in (await alice.get(f"{FLAVORS}/detail")).json()["flavors"]}
    sizes = {name: (one["vcpus"], one["ram"] // 1024, one["disk"]) for name, one in found.items()}
    assert sizes["m3.tiny"] == (1, 3, 20)
    assert sizes["m3.quad"] == (4, 15, 20)
    assert sizes["m3.2xl"] == (64, 250, 60)
    assert sizes["r3.xl"] == (128, 1000, 60)
    assert sizes["g3.xl"] == (32, 125, 60)
    assert found["g3.medium"]["extra_specs"]["resources:CUSTOM_A100X_10C"] == "1"
    assert found["g4.2xl"]["extra_specs"]["resources:CUSTOM_PCI_10DE_26B9"] == "2"


async def test_flavors_on_request_are_hidden_from_the_others(
    cloud: Cloud, alice: Person, admin: Person
) -> None:
    async def names(person: Person, query: str = "") -> set[str]:
        listed = (await person.get(f"{FLAVORS}{query}")).json()["flavors"]
        return {one["name"] for one in listed}

    vision = await cloud.login("dave", "CIS220046")
    assert {"p3.tiny", "m3.3xl"} & await names(alice) == set()
    assert {"p3.tiny", "m3.3xl"} & await names(vision) == {"p3.tiny"}
    assert {"p3.tiny", "m3.3xl"} <= await names(admin, "?is_public=None")
    assert {"p3.tiny", "m3.3xl"} == await names(admin, "?is_public=false")
    assert (await alice.get(f"{FLAVORS}/200")).status_code == 404
    assert (await vision.get(f"{FLAVORS}/200")).status_code == 200


async def test_flavors_come_in_pages_and_by_size(alice: Person) -> None:
    first = (await alice.get(f"{FLAVORS}/detail?limit=2")).json()
    href = first["flavors_links"][0]["href"].removeprefix("http://cloud.test")
    second = (await alice.get(href)).json()
    assert [one["name"] for one in first["flavors"] + second["flavors"]] == [
        "m3.tiny",
        "m3.small",
        "m3.quad",
        "m3.medium",
    ]
    large = (await alice.get(f"{FLAVORS}?minRam=512000")).json()["flavors"]
    assert {one["name"] for one in large} == {"r3.large", "r3.xl"}
    assert (await alice.get(f"{FLAVORS}?marker=nope")).status_code == 400
    assert (await alice.get(f"{FLAVORS}?minRam=x")).status_code == 400


@pytest.mark.parametrize(
    ("version", "has", "lacks"),
    [("2.54", set(), {"description", "extra_specs"}), ("2.61", {"description", "extra_specs"}, set())],
)
async def test_a_flavors_fields_follow_the_version(
    alice: Person, version: str, has: set[str], lacks: set[str]
) -> None:
    alice.version = version
    flavor = (await alice.get(f"{FLAVORS}/1")).json()["flavor"]
    assert has <= set(flavor) and not lacks & set(flavor)


async def test_no_swap_is_empty_before_2_75_and_zero_after(alice: Person) -> None:
    alice.version = "2.74"
    assert (await alice.get(f"{FLAVORS}/1")).json()["flavor"]["swap"] == ""
    alice.version = "2.75"
    assert (await alice.get(f"{FLAVORS}/1")).json()["flavor"]["swap"] == 0


async def test_extra_specs_one_by_one(alice: Person) -> None:
    flavor = f"{FLAVORS}/93/os-extra_specs"
    assert (await alice.get(flavor)).json()["extra_specs"]["hw_rng:allowed"] == "True"
    one = await alice.get(f"{flavor}/resources:CUSTOM_A100X_10C")
    assert one.json() == {"resources:CUSTOM_A100X_10C": "1"}
    assert (await alice.get(f"{flavor}/nope")).status_code == 404


async def add_key(person: Person, name: str = "mine", **more: Any) -> Any:
    return await person.post(KEYS, {"keypair": {"name": name, "public_key": KEY, **more}})


async def test_a_keypair_is_its_users_own_in_all_their_projects(
    cloud: Cloud, alice: Person, bob: Person
) -> None:
    assert (await add_key(alice)).status_code == 201
    vision = await cloud.login("alice", "CIS220046")
    assert (await vision.get(f"{KEYS}/mine")).json()["keypair"]["fingerprint"] == fingerprint(KEY)
    assert (await bob.get(f"{KEYS}/mine")).status_code == 404
    assert (await bob.delete(f"{KEYS}/mine")).status_code == 404
    assert (await alice.delete(f"{KEYS}/mine")).status_code == 204
    assert (await alice.get(f"{KEYS}/mine")).status_code == 404


async def test_the_same_name_twice_is_a_conflict(alice: Person) -> None:
    await add_key(alice)
    reply = await add_key(alice)
    assert reply.status_code == 409
    assert reply.json()["conflictingRequest"]["message"] == "Key pair 'mine' already exists."


@pytest.mark.parametrize(
    "key", ["", "hello", "ssh-rsa !!!", "ssh-rsa AAAA", "PRIVATE KEY", KEY.replace("25519", "25518", 1)]
)
async def test_what_is_no_public_key_is_refused(alice: Person, key: str) -> None:
    reply = await alice.post(KEYS, {"keypair": {"name": "bad", "public_key": key}})
    assert reply.status_code == 400


@pytest.mark.parametrize("name", ["", "a/b", "x" * 256, None])
async def test_bad_names_of_keys_are_refused(alice: Person, name: Any) -> None:
    reply = await alice.post(KEYS, {"keypair": {"name": name, "public_key": KEY}})
    assert reply.status_code == 400


async def test_nova_makes_a_key_only_before_2_92(alice: Person) -> None:
    alice.version = "2.91"
    made = (await alice.post(KEYS, {"keypair": {"name": "made"}})).json()["keypair"]
    assert made["private_key"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert "private_key" not in (await alice.get(f"{KEYS}/made")).text
    alice.version = "2.92"
    assert (await alice.post(KEYS, {"keypair": {"name": "other"}})).status_code == 400


def test_a_made_key_has_a_fingerprint_in_pairs() -> None:
    public, _ = generate()
    assert len(fingerprint(public).split(":")) == 16


async def test_keys_have_a_quota_and_pages(alice: Person) -> None:
    await alice.cloud.control("POST", "/quotas", {"project": "BIO220047", "quotas": {"key_pairs": 3}})
    for name in ("a", "b"):
        await add_key(alice, name)
    assert (await add_key(alice, "c")).status_code == 403  # "laptop" is the first
    page = (await alice.get(f"{KEYS}?limit=2")).json()
    assert [one["keypair"]["name"] for one in page["keypairs"]] == ["a", "b"]
    assert page["keypairs_links"][0]["href"].endswith("limit=2&marker=b")
    rest = (await alice.get(f"{KEYS}?limit=2&marker=b")).json()
    assert [one["keypair"]["name"] for one in rest["keypairs"]] == ["laptop"]


async def test_limits_count_what_the_project_has(alice: Person, carol: Person) -> None:
    await alice.make_server("one", "m3.quad")
    await carol.make_server("theirs")
    absolute = (await alice.get("/compute/v2.1/limits")).json()["limits"]["absolute"]
    assert absolute == {
        "maxServerGroupMembers": 10,
        "maxServerGroups": 10,
        "maxServerMeta": 128,
        "maxTotalCores": 278,
        "maxTotalInstances": 50,
        "maxTotalKeypairs": 100,
        "maxTotalRAMSize": 1585 * 1024,
        "totalCoresUsed": 4,
        "totalInstancesUsed": 1,
        "totalRAMUsed": 15 * 1024,
        "totalServerGroupsUsed": 0,
    }
    alice.version = "2.35"
    old = (await alice.get("/compute/v2.1/limits")).json()["limits"]["absolute"]
    assert {"maxImageMeta", "maxPersonality", "maxTotalFloatingIps"} <= set(old)


async def test_a_quota_set_is_the_projects_own(alice: Person, carol: Person, admin: Person) -> None:
    path = f"/compute/v2.1/os-quota-sets/{alice.project_id}"
    await alice.make_server("one", "m3.quad")
    own = (await alice.get(path)).json()["quota_set"]
    detail = (await alice.get(f"{path}/detail")).json()["quota_set"]
    defaults = (await alice.get(f"{path}/defaults")).json()["quota_set"]
    assert (own["cores"], defaults["cores"]) == (278, 150)
    assert detail["cores"] == {"limit": 278, "in_use": 4, "reserved": 0}
    assert (await carol.get(path)).status_code == 403
    assert (await admin.get(path)).status_code == 200


async def test_groups_are_made_listed_and_deleted_by_their_project(alice: Person, carol: Person) -> None:
    made = await alice.post(GROUPS, {"server_group": {"name": "g", "policy": "anti-affinity"}})
    group = made.json()["server_group"]
    assert (group["policy"], group["members"]) == ("anti-affinity", [])
    alice.version = "2.63"
    old = (await alice.get(f"{GROUPS}/{group['id']}")).json()["server_group"]
    assert (old["policies"], old["metadata"]) == (["anti-affinity"], {})
    assert (await carol.get(f"{GROUPS}/{group['id']}")).status_code == 404
    assert (await carol.get(GROUPS)).json() == {"server_groups": []}
    assert (await alice.delete(f"{GROUPS}/{group['id']}")).status_code == 204
    assert (await alice.get(GROUPS)).json() == {"server_groups": []}


async def test_a_group_needs_a_policy_and_room(alice: Person) -> None:
    assert (await alice.post(GROUPS, {"server_group": {"name": "g", "policy": "love"}})).status_code == 400
    for number in range(10):
        await alice.post(GROUPS, {"server_group": {"name": f"g{number}", "policy": "affinity"}})
    full = await alice.post(GROUPS, {"server_group": {"name": "g", "policy": "affinity"}})
    assert full.status_code == 403


async def test_zones_are_named_for_all_and_detailed_for_admins(alice: Person, admin: Person) -> None:
    zones = "/compute/v2.1/os-availability-zone"
    assert (await alice.get(zones)).json()["availabilityZoneInfo"][0]["zoneName"] == "nova"
    assert (await alice.get(f"{zones}/detail")).status_code == 403
    assert (await admin.get(f"{zones}/detail")).json()["availabilityZoneInfo"][0]["hosts"]
