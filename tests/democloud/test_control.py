"""Faults on order, and what can be done to the cloud from outside."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from portal.democloud.connection import NoTransport
from tests.democloud.cloud import Cloud, Person

SERVERS = "/compute/v2.1/servers"


async def order(cloud: Cloud, **rule: Any) -> None:
    reply = await cloud.control("POST", "/faults", rule)
    assert reply.status_code == 201, reply.text


@pytest.mark.parametrize("key", [None, "", "wrong"])
async def test_without_its_key_the_control_url_is_shut(cloud: Cloud, key: str | None) -> None:
    headers = {} if key is None else {"X-Control-Key": key}
    assert (await cloud.http.get("/_control/faults", headers=headers)).status_code == 403
    assert (await cloud.http.post("/_control/seed", headers=headers)).status_code == 403
    cloud.app.control_key = None
    assert (await cloud.control("GET", "/faults")).status_code == 403


async def test_a_status_is_answered_in_the_services_own_words(cloud: Cloud, alice: Person) -> None:
    await order(cloud, action="status", status=503, service="compute", retry_after=7)
    reply = await alice.get(SERVERS)
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "7")
    assert reply.json()["serviceUnavailable"]["code"] == 503
    assert (await alice.get("/identity/v3/auth/projects")).status_code == 200


@pytest.mark.parametrize(
    ("service", "path", "key"),
    [
        ("identity", "/identity/v3/auth/projects", "error"),
        ("network", "/network/v2.0/networks", "NeutronError"),
        ("placement", "/placement/resource_providers", "errors"),
    ],
)
async def test_each_service_words_it_differently(
    cloud: Cloud, alice: Person, service: str, path: str, key: str
) -> None:
    await order(cloud, action="status", status=500, service=service)
    assert key in (await alice.get(path)).json()


async def test_a_body_can_be_anything(cloud: Cloud, alice: Person) -> None:
    await order(cloud, action="status", status=502, body="<html>Bad Gateway</html>", content_type="text/html")
    reply = await alice.get(SERVERS)
    assert (reply.text, reply.headers["content-type"]) == (
        "<html>Bad Gateway</html>",
        "text/html; charset=utf-8",
    )


async def test_a_rule_ends_after_its_count_and_begins_after_its_skip(cloud: Cloud, alice: Person) -> None:
    await order(cloud, action="status", status=500, path="^/v2.1/servers$", skip=1, count=2)
    found = [(await alice.get(SERVERS)).status_code for _ in range(5)]
    assert found == [200, 500, 500, 200, 200]
    (rule,) = (await cloud.control("GET", "/faults")).json()["faults"]
    assert rule["hits"] == 2


async def test_a_rule_is_for_one_method_path_and_region(cloud: Cloud, alice: Person) -> None:
    await order(cloud, action="status", status=500, method="POST", path="/action$", region="TACC")
    server_id = await alice.make_server()
    assert (await alice.act(server_id, "lock")).status_code == 202
    there = await cloud.login(prefix="/tacc")
    assert (await there.act(server_id, "lock")).status_code == 500
    assert (await there.get(SERVERS)).status_code == 200


async def test_slow_waits_and_then_works(cloud: Cloud, alice: Person) -> None:
    await order(cloud, action="slow", seconds=0.2, service="compute")
    begin = time.monotonic()
    assert (await alice.get(SERVERS)).status_code == 200
    assert time.monotonic() - begin >= 0.2


async def test_a_lost_reply_has_done_its_work_and_a_reset_has_not(cloud: Cloud, alice: Person) -> None:
    await order(cloud, action="reset", method="POST", path="/servers$", count=1)
    await order(cloud, action="lost-reply", method="POST", path="/servers$", count=1)
    with pytest.raises(NoTransport):
        await alice.ask_server("reset")
    with pytest.raises(NoTransport):
        await alice.ask_server("lost")
    assert [server.name for server in cloud.region.data.servers.values()] == ["lost"]


async def test_faults_can_be_taken_back(cloud: Cloud, alice: Person) -> None:
    first = (await cloud.control("POST", "/faults", {"action": "status", "service": "image"})).json()["id"]
    await order(cloud, action="status", service="compute")
    await cloud.control("DELETE", f"/faults/{first}")
    assert len(cloud.app.faults.rules) == 1
    await cloud.control("DELETE", "/faults")
    assert (await alice.get(SERVERS)).status_code == 200


@pytest.mark.parametrize("rule", [{}, {"action": "explode"}, {"action": "slow", "color": "red"}])
async def test_a_fault_that_makes_no_sense_is_refused(cloud: Cloud, rule: dict[str, Any]) -> None:
    assert (await cloud.control("POST", "/faults", rule)).status_code == 400


async def test_the_clock_is_moved_and_what_was_due_has_happened(cloud: Cloud, alice: Person) -> None:
    await alice.ask_server()
    reply = await cloud.control("POST", "/clock", {"advance": 30})
    assert reply.json()["frozen"] is True
    (server,) = cloud.region.data.servers.values()
    assert server.vm_state == "active"


async def test_calls_are_counted_by_route(cloud: Cloud, alice: Person) -> None:
    await cloud.control("DELETE", "/calls")
    server_id = await alice.make_server()
    for _ in range(3):
        await alice.server(server_id)
    calls = (await cloud.control("GET", "/calls")).json()["calls"]
    assert calls["compute GET /v2.1/servers/{server_id}"] == 3
    assert calls["compute POST /v2.1/servers"] == 1


async def test_tokens_of_one_person_or_of_all_are_expired(cloud: Cloud, alice: Person, bob: Person) -> None:
    assert (await cloud.control("POST", "/tokens/expire", {"user": "bob"})).json() == {"expired": 1}
    assert (await bob.get(SERVERS)).status_code == 401
    assert (await alice.get(SERVERS)).status_code == 200
    await cloud.control("POST", "/tokens/expire", {})
    assert (await alice.get(SERVERS)).status_code == 401
    assert (await cloud.control("POST", "/tokens/expire", {"user": "nobody"})).status_code == 400


async def test_tokens_can_be_made_short(cloud: Cloud) -> None:
    await cloud.control("POST", "/token-seconds", {"seconds": 5})
    alice = await cloud.login()
    cloud.advance(6)
    assert (await alice.get(SERVERS)).status_code == 401


async def test_credentials_are_revoked(cloud: Cloud, alice: Person) -> None:
    path = f"/identity/v3/users/{alice.user_id}/application_credentials"
    await alice.post(path, {"application_credential": {"name": "portal"}})
    assert (await cloud.control("POST", "/credentials/revoke", {"user": "bob"})).json() == {"revoked": 0}
    assert (await cloud.control("POST", "/credentials/revoke", {"user": "alice"})).json() == {"revoked": 1}
    assert (await alice.get(path)).json()["application_credentials"] == []


async def elsewhere(cloud: Cloud, **more: Any) -> httpx.Response:
    wanted = {"project": "BIO220047", "user": "bob", "name": "foreign", **more}
    return await cloud.control("POST", "/servers", wanted)


@pytest.mark.parametrize(
    ("vm_state", "status"),
    [
        ("active", "ACTIVE"),
        ("stopped", "SHUTOFF"),
        ("shelved_offloaded", "SHELVED_OFFLOADED"),
        ("error", "ERROR"),
    ],
)
async def test_a_server_made_elsewhere_is_there_in_its_state(
    cloud: Cloud, alice: Person, vm_state: str, status: str
) -> None:
    made = await elsewhere(cloud, vm_state=vm_state, flavor="m3.quad", floating=True, tags=["t"])
    server = await alice.server(made.json()["server"]["id"])
    assert (server["name"], server["status"], server["tags"]) == ("foreign", status, ["t"])
    assert server["flavor"]["original_name"] == "m3.quad"
    assert server["metadata"] == {}


async def test_one_made_by_exosphere_carries_its_metadata(cloud: Cloud, alice: Person) -> None:
    made = await elsewhere(cloud, exosphere=True)
    metadata = (await alice.server(made.json()["server"]["id"]))["metadata"]
    assert (metadata["exoServerVersion"], metadata["exoCreatorUsername"]) == ("6", "bob")


@pytest.mark.parametrize(
    "more", [{"project": "NOPE"}, {"vm_state": "flying"}, {"image": "x"}, {"region": "MARS"}]
)
async def test_a_server_elsewhere_must_make_sense(cloud: Cloud, more: dict[str, Any]) -> None:
    assert (await elsewhere(cloud, **more)).status_code == 400


async def test_a_server_is_deleted_or_changed_elsewhere(cloud: Cloud, alice: Person) -> None:
    slow, fast = await alice.make_server("slow"), await alice.make_server("fast")
    await cloud.control("DELETE", f"/servers/{slow}")
    await cloud.control("DELETE", f"/servers/{fast}?now")
    assert (await alice.server(slow))["OS-EXT-STS:task_state"] == "deleting"
    assert (await alice.get(f"{SERVERS}/{fast}")).status_code == 404
    assert (await cloud.control("DELETE", "/servers/nope")).status_code == 404
    wrong = await cloud.control("PATCH", f"/servers/{slow}", {"color": "red"})
    assert wrong.status_code == 400


async def test_a_server_can_be_left_stuck(cloud: Cloud, alice: Person) -> None:
    server_id = (await alice.ask_server()).json()["server"]["id"]
    await cloud.control("PATCH", f"/servers/{server_id}", {"vm_state": "building", "task_state": "spawning"})
    cloud.advance(600)
    assert (await alice.server(server_id))["status"] == "BUILD"


async def test_a_new_seed_replaces_everything(cloud: Cloud, alice: Person) -> None:
    await alice.make_server()
    await order(cloud, action="status", service="compute", skip=99)
    assert (await cloud.control("POST", "/seed", {"seed": "load:20"})).status_code == 204
    assert (await alice.get(SERVERS)).status_code == 401
    again = await cloud.login()
    assert len((await again.get(SERVERS)).json()["servers"]) == 20
    assert cloud.app.faults.rules == []
    assert (await cloud.control("POST", "/seed", {"seed": "weeds"})).status_code == 400


async def test_unknown_quotas_are_refused(cloud: Cloud) -> None:
    reply = await cloud.control("POST", "/quotas", {"project": "BIO220047", "quotas": {"unicorns": 1}})
    assert reply.status_code == 400


async def test_what_the_cloud_lacks_answers_501_with_its_name(alice: Person) -> None:
    reply = await alice.get("/compute/v2.1/os-hypervisors")
    assert reply.status_code == 501
    assert (
        reply.json()["notImplemented"]["message"] == "The demo cloud lacks GET /compute/v2.1/os-hypervisors"
    )
    assert (await alice.get("/dns/v2/zones")).status_code == 501


async def test_what_goes_wrong_inside_a_machine_needs_a_guest(cloud: Cloud, alice: Person) -> None:
    server = await alice.make_server()
    assert (await cloud.control("GET", f"/servers/{server}/guest")).json() == {"guest": None}
    refused = await cloud.control("PATCH", f"/servers/{server}/guest", {"ssh": "silent"})
    assert (refused.status_code, "no guests" in refused.text) == (400, True)
    assert (await cloud.control("PATCH", "/servers/nope/guest", {})).status_code == 404
