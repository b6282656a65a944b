"""Machines made here, read by a strict reader of Exosphere's kind: on the demo cloud, through the whole portal."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from instances.mirror import details
from instances.models import Instance
from portal.cloud import servers
from portal.cloud.config import clouds
from tests.instances import exosphere_reader as exosphere
from tests.instances.demo import Project

MINUTE_MS = 60_000


def document(project: Project, service: str, path: str, key: str, version: str = "") -> Any:
    """As Exosphere asks for it."""
    cloud = project.cloud_as("bob")
    headers = {"X-OpenStack-Nova-API-Version": version} if version else {}
    return cloud.session.get(f"{cloud.endpoint(service)}{path}", headers=headers).json()[key]


def seen(project: Project, row: Instance) -> exosphere.Seen:
    found = document(project, "compute", "/servers/detail", "servers", "2.27")
    return exosphere.server(next(one for one in found if one["id"] == row.server_id))


def ready(project: Project, **changes: Any) -> Instance:
    """A machine whose guest has ended its set-up and printed its first usage line."""
    row = project.machine(**changes)
    end = time.monotonic() + 20
    while row.setup_status != "complete" and time.monotonic() < end:
        project.read()
        project.read_consoles()
        time.sleep(0.1)
        row.refresh_from_db()
    assert row.setup_status == "complete"
    return row


def console(project: Project, row: Instance) -> str:
    return servers.console_output(project.cloud_as("bob"), row.server_id)


def test_a_new_machine_is_one_of_exospheres_by_its_creator(project: Project) -> None:
    found = seen(project, project.machine(by="bob"))
    assert (found.version, found.creator) == (6, "bob")
    assert exosphere.hazards(found, settled=False) == []


def test_all_machines_of_the_portal_are_of_one_client_which_never_does_a_new_servers_chores(
    project: Project,
) -> None:
    one, two = seen(project, project.machine("bob")), seen(project, project.machine("alice"))
    assert one.client == two.client
    assert one.client.version == 5  # Exosphere's own are random: no tab has this one


def test_its_set_up_is_told_forwards_until_it_is_complete(project: Project) -> None:
    row = project.machine()
    assert seen(project, row).setup in exosphere.OPEN
    row = ready(project)
    found = seen(project, row)
    assert found.setup == "complete"
    assert found.setup_epoch is not None
    assert abs(found.setup_epoch - timezone.now().timestamp() * 1000) < 20 * MINUTE_MS
    assert exosphere.hazards(found, settled=True) == []


def test_what_another_tab_has_written_meanwhile_is_not_taken_back(project: Project) -> None:
    row = project.machine()
    cloud = project.cloud_as("alice")
    servers.set_metadata(cloud, row.server_id, {"exoSetup": '{"status":"complete","epoch":null}'})
    # Our row does not know yet, and thinks that it took too long.
    Instance.objects.filter(pk=row.pk).update(launched_at=timezone.now() - timedelta(hours=3))
    details._tell_exosphere(row, cloud, "timeout")
    assert seen(project, row).setup == "complete"


def test_its_console_tells_exosphere_the_same(project: Project) -> None:
    row = ready(project)
    end, text = time.monotonic() + 20, ""
    while not exosphere.usage(text) and time.monotonic() < end:
        time.sleep(0.2)
        text = console(project, row)
    status = exosphere.status_line(text)
    assert status is not None and status[0] == "complete"
    assert status[1] is not None and status[1] > 10**12  # milliseconds
    series = exosphere.usage(text)
    assert series
    for epoch, line in series.items():
        assert epoch < timezone.now().timestamp() * 1000 + 60 * MINUTE_MS  # seconds, made milliseconds
        assert all(0 <= line[key] <= 100 for key in ("cpuPctUsed", "memPctUsed", "rootfsPctUsed"))


@pytest.mark.parametrize(("address", "shown"), [("automatic", 1), ("none", 0)])
def test_its_address_is_as_its_metadata_promises(project: Project, address: str, shown: int) -> None:
    row = ready(project, address=address)
    found = seen(project, row)
    assert len(found.public_addresses) == shown
    assert exosphere.hazards(found, settled=True) == []


def test_also_after_an_address_was_given_and_taken_away(project: Project) -> None:
    row = ready(project, address="none")
    project.act(row, "assign_address", address="new")
    found = seen(project, row)
    assert (found.address, len(found.public_addresses)) == ("automatic", 1)
    project.act(row, "unassign_address", release=True)
    found = seen(project, row)
    assert (found.address, found.public_addresses) == ("doNotUseFloatingIp", ())
    assert exosphere.hazards(found, settled=True) == []


def test_and_where_the_cloud_had_no_address_left(project: Project) -> None:
    project.demo.control(
        "POST", "/quotas", {"project": project.allocation.project_name, "quotas": {"floatingip": 0}}
    )
    row = project.machine(address="automatic")
    found = seen(project, row)
    assert found.address == "doNotUseFloatingIp"
    assert "waiting for its address" not in str(exosphere.hazards(found, settled=True))


def test_shelving_with_release_keeps_the_promise_for_unshelving(project: Project) -> None:
    row = ready(project, address="automatic")
    project.act(row, "shelve", release_address=True)
    found = seen(project, row)
    assert (found.address, found.public_addresses) == ("automatic", ())
    project.act(row, "unshelve")
    assert exosphere.hazards(seen(project, row), settled=True) == []


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("stop", {}),
        ("suspend", {}),
        ("lock", {}),
        ("rename", {"name": "other name"}),
        ("resize", {"flavor_id": "3"}),
    ],
)
def test_after_every_action_it_still_can_be_decoded(
    project: Project, action: str, params: dict[str, Any]
) -> None:
    row = ready(project)
    before = seen(project, row)
    project.act(row, action, **params)
    after = seen(project, row)
    assert (after.version, after.creator, after.setup) == (6, before.creator, "complete")
    assert exosphere.hazards(after, settled=True) == []


def test_a_desktop_of_ours_is_no_guacamole(project: Project) -> None:
    found = seen(project, project.machine(desktop=True))
    assert not found.web_shell and not found.web_desktop


def test_no_passphrase_is_left_where_other_members_read_it(project: Project) -> None:
    assert seen(project, ready(project)).passphrase == ""


def test_the_default_group_is_left_alone_by_an_open_tab(project: Project) -> None:
    project.machine()
    groups = document(project, "network", "/v2.0/security-groups", "security_groups")
    [ours] = [group for group in groups if group["name"] == "exosphere"]
    assert exosphere.group_is_untouched(ours)


def test_the_default_group_that_is_configured_is_exospheres_letter_by_letter() -> None:
    rules = {
        (rule.description, rule.direction, rule.ethertype, rule.protocol, rule.port_min, rule.port_max)
        for rule in clouds().cloud("demo").portal.security_group.rules
    }
    assert rules == exosphere.RULES
    assert clouds().cloud("demo").portal.security_group.name == "exosphere"
    assert all(rule.remote_cidr is None for rule in clouds().cloud("demo").portal.security_group.rules)


def test_a_snapshot_is_marked_and_decodes(project: Project) -> None:
    row = ready(project)
    project.act(row, "snapshot", name="lab-image")
    found = document(project, "image", "/v2/images?limit=100", "images")
    assert exosphere.image(next(one for one in found if one["name"] == "lab-image"))
    assert all(exosphere.image(one) in (True, False) for one in found)


def test_volumes_and_addresses_decode(project: Project) -> None:
    ready(project, boot_volume_gb=20, address="automatic")
    for one in document(project, "volumev3", "/volumes/detail", "volumes"):
        exosphere.volume(one)
    for one in document(project, "network", "/v2.0/floatingips", "floatingips"):
        exosphere.floating_ip(one)


class TestTheReader:
    """It must be able to fail: each convention broken once."""

    def sound(self, **metadata: str) -> dict[str, Any]:
        given = {
            "exoServerVersion": "6",
            "exoClientUuid": "6d3c4b0e-0000-5000-8000-000000000000",
            "exoCreatorUsername": "bob",
            "exoSetup": '{"status":"complete","epoch":1772366400000}',
            "exoFloatingIpOption": "doNotUseFloatingIp",
        }
        return {
            "id": "s",
            "name": "lab",
            "status": "ACTIVE",
            "OS-EXT-STS:power_state": 1,
            "locked": False,
            "tags": [],
            "addresses": {},
            "metadata": {key: value for key, value in {**given, **metadata}.items() if value != "-"},
        }

    def test_what_is_sound_is(self) -> None:
        assert exosphere.hazards(exosphere.server(self.sound()), settled=True) == []

    @pytest.mark.parametrize(
        "broken",
        [
            {"exoServerVersion": "six"},
            {"exoServerVersion": "-"},
            {"exoSetup": "{"},
            {"exoSetup": '{"status":"done"}'},
            {"exoSetup": '{"status":"complete","epoch":"now"}'},
            {"exoGuac": "true"},
            {"exoFloatingIpOption": "useFloatingIp", "exoFloatingIpReuseOption": "mine"},
        ],
    )
    def test_what_it_cannot_decode_breaks(self, broken: dict[str, str]) -> None:
        with pytest.raises(exosphere.Breaks):
            exosphere.server(self.sound(**broken))

    @pytest.mark.parametrize(
        "changes", [{"status": "SLEEPING"}, {"OS-EXT-STS:power_state": 2}, {"tags": ["x" * 61]}]
    )
    def test_also_outside_metadata(self, changes: dict[str, Any]) -> None:
        with pytest.raises(exosphere.Breaks):
            exosphere.server({**self.sound(), **changes})

    @pytest.mark.parametrize(
        ("metadata", "hazard"),
        [
            ({"exoSetup": "-"}, "each 15 s"),
            ({"exoSetup": "running"}, "never ends"),
            ({"exoFloatingIpOption": "automatic"}, "waiting for its address"),
            ({"exoGuac": '{"v":1,"ssh":true,"vnc":false}'}, "Guacamole"),
            ({"exoCreatorUsername": "-"}, "nobody"),
        ],
    )
    def test_what_goes_wrong_in_its_tabs_is_told(self, metadata: dict[str, str], hazard: str) -> None:
        assert hazard in str(exosphere.hazards(exosphere.server(self.sound(**metadata)), settled=True))

    def test_a_usage_line_with_fractions_is_none(self) -> None:
        line = '{"epoch": 1772366400, "cpuPctUsed": 1.5, "memPctUsed": 2, "rootfsPctUsed": 3}'
        assert exosphere.usage(line) == {}
