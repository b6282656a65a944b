"""Acting on machines that were made with other tools: what was asked for is done, and nothing else is written.

Exosphere, Horizon and Terraform keep what they know in metadata, tags, groups and ports. `WRITES` is the whole list of
what the portal calls on such a machine; a call that is not in it fails the test.
"""

import json
from typing import Any
from unittest.mock import patch

import pytest

from instances.mirror.details import read_console
from instances.models import ConsoleLog, Instance
from portal.accounts.models import CloudLink
from portal.cloud import networks, servers
from portal.operations.models import Operation
from tests.instances.demo import Project

ACTION = "compute POST /v2.1/servers/{server_id}/action"
RELEASE = "network DELETE /v2.0/floatingips/{id}"
RENAME = "compute PUT /v2.1/servers/{server_id}"
# Reading a console is a POST to the same address as an action: Nova's own record tells what was one.
WRITES = {
    "stop": {ACTION},
    "reboot": {ACTION},
    "hard_reboot": {ACTION},
    "suspend": {ACTION},
    "lock": {ACTION},
    "shelve": {ACTION},
    "snapshot": {ACTION},
    "rename": {ACTION, RENAME},
    "resize": {ACTION},
    "confirm_resize": {ACTION},
    "revert_resize": {ACTION},
    "assign_address": {ACTION, "network POST /v2.0/floatingips"},
    "unassign_address": {ACTION, RELEASE},
}
SECRET = "apple bear cat dog egg fox goat hat ink jam kite"
EXOSPHERE = {
    "exoServerVersion": "6",
    "exoClientUuid": "c2a1f1de-6a3e-4a44-9c53-2f1fbd3fca01",
    "exoCreatorUsername": "alice",
    "exoSetup": '{"status":"complete","epoch":1772366400000}',
    "exoGuac": '{"v":1,"ssh":true,"vnc":true}',
    "exoFloatingIpOption": "automatic",
    "exoVolumes::0d4a": '{"name":"data"}',
}
TERRAFORM = {"terraform": "true", "workspace": "lab"}


def foreign(project: Project, metadata: dict[str, str], *, floating: bool = False, **more: Any) -> Instance:
    """A machine that somebody made with another tool, with a passphrase and a note among its tags."""
    made = project.demo.control(
        "POST",
        "/servers",
        {
            "project": project.allocation.project_name,
            "user": "alice",
            "name": "theirs",
            "flavor": "m3.small",
            "image": "Featured-Debian12",
            "metadata": metadata,
            "tags": [f"exoPw:{SECRET}", "keep-me"],
            "floating": floating,
            **more,
        },
    )
    project.read(complete=True)
    return Instance.objects.select_related("allocation", "owner").get(server_id=made["server"]["id"])


def marks(project: Project, row: Instance) -> dict[str, Any]:
    """All that other tools depend on, as the cloud has it."""
    cloud = project.cloud_as("alice")
    found = servers.get_server(cloud, row.server_id)
    groups = networks.list_security_groups(cloud)
    ports = networks.list_ports(cloud, row.server_id)
    return {
        "metadata": found.metadata,
        "tags": sorted(found.tags),
        "groups": sorted(found.security_groups),
        "rules": sorted(repr(rule) for group in groups for rule in group.rules),
        "ports": sorted((port.id, port.security_group_ids, port.fixed_ips) for port in ports),
        "key": found.key_name,
        "hostname": found.hostname,
        "user": found.user_id,
        "volumes": found.volume_ids,
    }


def writes(project: Project) -> set[str]:
    """The calls that may change something, since they were last forgotten."""
    reading = ("GET", "HEAD", "OPTIONS")
    routes = project.demo.cloud_calls()
    return {
        route for route in routes if route.split()[1] not in reading and not route.startswith("identity ")
    }


def recorded(project: Project, row: Instance) -> list[str]:
    """What Nova says was done to it."""
    return [entry.action for entry in servers.actions_of(project.cloud_as("alice"), row.server_id)]


def act(project: Project, row: Instance, action: str, **params: Any) -> Operation:
    before = len(recorded(project, row))
    project.demo.control("DELETE", "/calls")
    ended = project.act(row, action, by="alice", **params)
    assert (ended.state, ended.error_id) == ("done", "")
    if action in WRITES:
        allowed = WRITES[action] | ({RELEASE} if params.get("release_address") else set())
        assert writes(project) <= allowed
        assert len(recorded(project, row)) - before <= 1
    return ended


SIMPLE: list[tuple[str, dict[str, Any]]] = [
    ("stop", {}),
    ("reboot", {}),
    ("hard_reboot", {}),
    ("suspend", {}),
    ("lock", {}),
    ("shelve", {"release_address": False}),
    ("rename", {"name": "theirs-2"}),
    ("snapshot", {"name": "theirs-image"}),
]


@pytest.mark.parametrize(("action", "params"), SIMPLE)
@pytest.mark.parametrize("metadata", [EXOSPHERE, TERRAFORM], ids=["exosphere", "terraform"])
def test_an_action_does_what_was_asked_and_leaves_everything_else(
    project: Project, metadata: dict[str, str], action: str, params: dict[str, Any]
) -> None:
    row = foreign(project, metadata)
    before = marks(project, row)
    act(project, row, action, **params)
    assert marks(project, row) == before


@pytest.mark.parametrize("settle", ["confirm_resize", "revert_resize"])
def test_a_resize_and_its_end_leave_everything_else(project: Project, settle: str) -> None:
    row = foreign(project, EXOSPHERE)
    before = marks(project, row)
    act(project, row, "resize", flavor_id="3")
    act(project, row, settle)
    assert marks(project, row) == before


@pytest.mark.parametrize("metadata", [EXOSPHERE, TERRAFORM], ids=["exosphere", "terraform"])
def test_an_address_given_and_taken_is_not_written_into_their_metadata(
    project: Project, metadata: dict[str, str]
) -> None:
    row = foreign(project, metadata)
    before = marks(project, row)
    act(project, row, "assign_address", address="new")
    assert marks(project, row) == before
    act(project, row, "unassign_address", release=True)
    assert marks(project, row) == before


def test_shelving_with_release_and_unshelving_give_an_address_back_as_exosphere_would(
    project: Project,
) -> None:
    row = foreign(project, EXOSPHERE, floating=True)
    before = marks(project, row)
    act(project, row, "shelve", release_address=True)
    assert networks.list_floating_ips(project.cloud_as("alice")) == []
    act(project, row, "unshelve")
    assert row.public_address
    assert marks(project, row) == before


def test_a_machine_without_exospheres_marks_gets_no_address_that_nobody_asked_for(project: Project) -> None:
    row = foreign(project, TERRAFORM)
    act(project, row, "shelve", release_address=False)
    assert act(project, row, "unshelve").outcome == "Unshelved"
    assert networks.list_floating_ips(project.cloud_as("alice")) == []


@pytest.mark.parametrize(("release", "left"), [(False, 1), (True, 0)])
def test_deleting_takes_the_address_along_only_when_that_was_asked(
    project: Project, release: bool, left: int
) -> None:
    row = foreign(project, EXOSPHERE, floating=True)
    others = foreign(project, TERRAFORM, floating=True)
    before = marks(project, others)
    act(project, row, "delete", release_address=release)
    assert len(networks.list_floating_ips(project.cloud_as("alice"))) == left + 1
    assert marks(project, others) == before


def test_reading_it_writes_nothing(project: Project) -> None:
    row = foreign(project, TERRAFORM)
    before, record = marks(project, row), recorded(project, row)
    project.demo.control("DELETE", "/calls")
    project.read(complete=True)
    project.read_catalogue()
    read_console(row, project.cloud_as("alice"))
    assert writes(project) <= {ACTION}
    assert recorded(project, row) == record
    assert marks(project, row) == before


def test_the_end_of_exospheres_set_up_is_the_only_thing_written_and_only_where_it_belongs(
    project: Project,
) -> None:
    waiting = {**EXOSPHERE, "exoSetup": '{"status":"waiting","epoch":null}'}
    row = foreign(project, waiting)
    before = marks(project, row)
    line = '{"status":"complete", "epoch": 1772366400000}'
    with patch("portal.cloud.servers.console_output", return_value=line):
        read_console(row, project.cloud_as("alice"))
    after = marks(project, row)
    assert json.loads(after["metadata"].pop("exoSetup"))["status"] == "complete"
    before["metadata"].pop("exoSetup")
    assert after == before


def test_a_passphrase_is_in_none_of_our_tables_pages_or_logs(
    project: Project, caplog: pytest.LogCaptureFixture, client: Any
) -> None:
    caplog.set_level("DEBUG")
    row = foreign(project, {**EXOSPHERE, "exouserPassword": SECRET})
    act(project, row, "rename", name="theirs-3")
    read_console(row, project.cloud_as("alice"))
    row.refresh_from_db()
    assert "keep-me" in row.tags
    for model in (Instance, Operation, ConsoleLog, CloudLink):
        assert SECRET not in repr(list(model.objects.values()))
    client.force_login(project.people["bob"], backend="django.contrib.auth.backends.ModelBackend")
    for path in (f"/instances/{row.pk}/", f"/instances/{row.pk}/facts/", f"/api/v1/instances/{row.pk}"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert SECRET not in answer.content.decode()
    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert not any(SECRET in record.getMessage() for record in ours)
