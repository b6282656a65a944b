"""The history of a server, what it used, and its console."""

from __future__ import annotations

from urllib.parse import quote

from portal.democloud.clock import iso_micro
from tests.democloud.cloud import Cloud, Person

SERVERS = "/compute/v2.1/servers"


async def test_the_history_is_newest_first_with_request_ids_of_the_answers(
    cloud: Cloud, alice: Person, bob: Person
) -> None:
    server_id = await alice.make_server()
    stopped = await bob.act(server_id, "os-stop")
    cloud.advance(10)
    path = f"{SERVERS}/{server_id}/os-instance-actions"
    lines = (await alice.get(path)).json()["instanceActions"]
    assert [line["action"] for line in lines] == ["stop", "create"]
    assert lines[0]["request_id"] == stopped.headers["x-openstack-request-id"]
    assert (lines[0]["user_id"], lines[0]["project_id"]) == (bob.user_id, alice.project_id)
    assert lines[0]["updated_at"] > lines[0]["start_time"]
    one = (await alice.get(f"{path}/{lines[0]['request_id']}")).json()["instanceAction"]
    (event,) = one["events"]
    assert (event["event"], event["result"]) == ("compute_stop_instance", "Success")
    assert event["finish_time"] > event["start_time"]


async def test_an_event_is_open_while_the_action_runs(alice: Person) -> None:
    server_id = await alice.make_server()
    reply = await alice.act(server_id, "os-stop")
    path = f"{SERVERS}/{server_id}/os-instance-actions/{reply.headers['x-openstack-request-id']}"
    (event,) = (await alice.get(path)).json()["instanceAction"]["events"]
    assert (event["finish_time"], event["result"]) == (None, None)


async def test_what_failed_says_why(alice: Person) -> None:
    for number in range(3):
        reply = await alice.ask_server(f"g{number}", "g5.xl")
    alice.cloud.advance(10)
    server_id = reply.json()["server"]["id"]
    path = f"{SERVERS}/{server_id}/os-instance-actions/{reply.headers['x-openstack-request-id']}"
    action = (await alice.get(path)).json()["instanceAction"]
    assert action["message"] == "Error"
    assert action["events"][0]["result"] == "Error"
    assert action["events"][0]["details"] == "No valid host was found. "
    alice.version = "2.83"
    assert "details" not in (await alice.get(path)).json()["instanceAction"]["events"][0]


async def test_deleted_servers_keep_their_history_for_their_project(alice: Person, carol: Person) -> None:
    server_id = await alice.make_server()
    await alice.delete(f"{SERVERS}/{server_id}")
    alice.cloud.advance(10)
    path = f"{SERVERS}/{server_id}/os-instance-actions"
    assert (await alice.get(path)).json()["instanceActions"][0]["action"] == "delete"
    assert (await carol.get(path)).status_code == 404
    alice.version = "2.20"
    assert (await alice.get(path)).status_code == 404


async def test_the_history_since_a_moment(alice: Person) -> None:
    server_id = await alice.make_server()
    since = iso_micro(alice.cloud.world.now())
    alice.cloud.advance(5)
    await alice.act(server_id, "lock")
    path = f"{SERVERS}/{server_id}/os-instance-actions"
    lines = (await alice.get(f"{path}?changes-since={since}")).json()["instanceActions"]
    assert [line["action"] for line in lines] == ["lock"]
    assert len((await alice.get(f"{path}?limit=1")).json()["instanceActions"]) == 1
    assert (await alice.get(f"{path}?changes-since=then")).status_code == 400
    assert (await alice.get(f"{path}/req-nope")).status_code == 404


async def test_usage_counts_hours_between_two_moments(cloud: Cloud, alice: Person) -> None:
    start = cloud.world.now()
    await alice.make_server("one", "m3.quad")
    cloud.advance(3 * 3600)
    path = f"/compute/v2.1/os-simple-tenant-usage/{alice.project_id}"
    query = f"start={quote(start.isoformat())}&end={quote(cloud.world.now().isoformat())}"
    usage = (await alice.get(f"{path}?{query}")).json()["tenant_usage"]
    assert 3.0 <= usage["total_hours"] < 3.1
    assert usage["total_vcpus_usage"] == usage["total_hours"] * 4
    assert usage["server_usages"][0]["name"] == "one"


async def test_usage_without_moments_is_empty_and_that_of_others_refused(
    alice: Person, carol: Person
) -> None:
    await alice.make_server()
    path = f"/compute/v2.1/os-simple-tenant-usage/{alice.project_id}"
    assert (await alice.get(path)).json() == {"tenant_usage": {}}
    assert (await carol.get(path)).status_code == 403


async def test_the_console_of_a_server_without_a_host_is_not_ready(alice: Person) -> None:
    server_id = await alice.make_server()
    assert (await alice.act(server_id, "os-getConsoleOutput", {"length": 10})).json() == {"output": ""}
    assert (await alice.act(server_id, "os-getConsoleOutput", {"length": "ten"})).status_code == 400
    await alice.act(server_id, "shelve")
    alice.cloud.advance(60)
    reply = await alice.act(server_id, "os-getConsoleOutput", {})
    assert reply.status_code == 409
    assert "is not ready" in reply.text


async def test_a_browser_console_has_an_address_with_a_ticket(alice: Person) -> None:
    server_id = await alice.make_server()
    path = f"{SERVERS}/{server_id}/remote-consoles"
    reply = await alice.post(path, {"remote_console": {"protocol": "vnc", "type": "novnc"}})
    console = reply.json()["remote_console"]
    assert reply.status_code == 200
    assert console["url"].startswith("http://cloud.test/vnc_auto.html?path=%3Ftoken%3D")
    token = console["url"].rsplit("%3D", 1)[1]
    assert [one for one, _ in alice.cloud.world.consoles.values()] == [server_id]
    assert token in alice.cloud.world.consoles
    other = await alice.post(path, {"remote_console": {"protocol": "spice", "type": "spice-html5"}})
    assert other.status_code == 400
    alice.version = "2.5"
    assert (await alice.post(path, {})).status_code == 404


async def test_usage_begins_with_the_launch_and_tells_of_deleted_servers(cloud: Cloud, alice: Person) -> None:
    start = cloud.world.now()
    server_id = await alice.make_server("short-lived", "m3.quad")
    cloud.advance(3600)
    await alice.delete(f"{SERVERS}/{server_id}")
    cloud.advance(3600)
    path = f"/compute/v2.1/os-simple-tenant-usage/{alice.project_id}"
    query = f"start={quote(start.isoformat())}&end={quote(cloud.world.now().isoformat())}"
    [row] = (await alice.get(f"{path}?{query}")).json()["tenant_usage"]["server_usages"]
    server = cloud.world.regions["IU"].data.servers[server_id]
    assert row["started_at"] == iso_micro(server.launched_at)
    assert row["ended_at"] == iso_micro(server.terminated_at)
    assert row["state"] == "terminated"
    assert 1.0 < row["hours"] < 1.1
