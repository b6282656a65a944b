"""Consoles, history, volumes, interfaces and groups of a server."""

from datetime import UTC, datetime

import pytest

from portal.cloud import servers
from portal.cloud.connection import Cloud
from portal.cloud.types import ActionEvent, Attachment
from portal.core.errors import PortalError
from tests.portal.cloud.bodies import SERVER_ID
from tests.portal.cloud.stub import Answer, Stub

HERE = f"/servers/{SERVER_ID}"
NO_SUCH_CONSOLE = Answer(400, {"badRequest": {"code": 400, "message": "Unavailable console type novnc."}})


def console(protocol: str, kind: str) -> Answer:
    return Answer(
        200, {"remote_console": {"protocol": protocol, "type": kind, "url": "http://c/?token=s3cret"}}
    )


def test_the_last_lines_of_the_console(cloud: Cloud, stub: Stub) -> None:
    stub.compute("POST", f"{HERE}/action", Answer(200, {"output": "login: "}))
    assert servers.console_output(cloud, SERVER_ID, 50) == "login: "
    assert stub.seen[-1].json == {"os-getConsoleOutput": {"length": 50}}


def test_the_whole_console(cloud: Cloud, stub: Stub) -> None:
    stub.compute("POST", f"{HERE}/action", Answer(200, {"output": None}))
    assert servers.console_output(cloud, SERVER_ID) == ""
    assert stub.seen[-1].json == {"os-getConsoleOutput": {}}


def test_a_shelved_server_has_no_console_log(cloud: Cloud, stub: Stub) -> None:
    body = {"conflictingRequest": {"code": 409, "message": f"Instance {SERVER_ID} is not ready"}}
    stub.compute("POST", f"{HERE}/action", Answer(409, body))
    with pytest.raises(PortalError) as refused:
        servers.console_output(cloud, SERVER_ID)
    assert refused.value.id == "cloud:conflict"


def test_the_best_console_is_taken(cloud: Cloud, stub: Stub) -> None:
    stub.compute("POST", f"{HERE}/remote-consoles", console("vnc", "novnc"))
    found = servers.remote_console(cloud, SERVER_ID)
    assert (found.protocol, found.type) == ("vnc", "novnc")
    assert "s3cret" in found.url and "s3cret" not in repr(found)


def test_the_next_console_is_tried_where_the_best_is_absent(cloud: Cloud, stub: Stub) -> None:
    stub.compute("POST", f"{HERE}/remote-consoles", NO_SUCH_CONSOLE, console("spice", "spice-html5"))
    assert servers.remote_console(cloud, SERVER_ID).protocol == "spice"
    assert [seen.json["remote_console"]["type"] for seen in stub.calls("POST", "remote-consoles")] == [
        "novnc",
        "spice-html5",
    ]


def test_a_server_that_is_not_there_is_asked_for_once(cloud: Cloud, stub: Stub) -> None:
    body = {"itemNotFound": {"code": 404, "message": f"Instance {SERVER_ID} could not be found."}}
    stub.compute("POST", f"{HERE}/remote-consoles", Answer(404, body))
    with pytest.raises(PortalError) as refused:
        servers.remote_console(cloud, SERVER_ID)
    assert refused.value.id == "cloud:not-found"
    assert len(stub.calls("POST", "remote-consoles")) == 1


def test_a_cloud_without_consoles_says_so_and_tells_its_first_refusal(cloud: Cloud, stub: Stub) -> None:
    stub.compute("POST", f"{HERE}/remote-consoles", NO_SUCH_CONSOLE)
    with pytest.raises(PortalError) as refused:
        servers.remote_console(cloud, SERVER_ID)
    assert refused.value.id == "cloud:no-console" and "serial" in refused.value.problem.what
    assert "novnc" in refused.value.detail
    assert len(stub.calls("POST", "remote-consoles")) == len(servers.consoles.KINDS)


def test_a_console_is_not_tried_elsewhere_when_the_server_is_not_running(cloud: Cloud, stub: Stub) -> None:
    body = {"conflictingRequest": {"code": 409, "message": "Instance is not ready"}}
    stub.compute("POST", f"{HERE}/remote-consoles", Answer(409, body))
    with pytest.raises(PortalError):
        servers.remote_console(cloud, SERVER_ID)
    assert len(stub.calls("POST", "remote-consoles")) == 1


def test_the_password_that_the_guest_left_is_read_and_cleared(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", f"{HERE}/os-server-password", Answer(200, {"password": "one two three"}))
    stub.compute("DELETE", f"{HERE}/os-server-password", Answer(204))
    assert servers.server_password(cloud, SERVER_ID) == "one two three"
    servers.clear_server_password(cloud, SERVER_ID)
    assert stub.seen[-1].method == "DELETE"


def test_no_password_is_an_empty_one(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", f"{HERE}/os-server-password", Answer(200, {"password": ""}))
    assert servers.server_password(cloud, SERVER_ID) == ""


ACTION_ROW = {
    "action": "detach_volume",
    "instance_uuid": SERVER_ID,
    "message": None,
    "project_id": "p",
    "request_id": "req-9",
    "start_time": "2026-11-20T21:35:45.000000",
    "updated_at": "2026-11-20T21:35:46.000000",
    "user_id": "u",
}


def test_history_is_read(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", f"{HERE}/os-instance-actions", Answer(200, {"instanceActions": [ACTION_ROW]}))
    [action] = servers.actions_of(cloud, SERVER_ID)
    assert (action.action, action.request_id, action.user_id, action.message) == (
        "detach_volume",
        "req-9",
        "u",
        "",
    )
    assert action.started == datetime(2026, 11, 20, 21, 35, 45, tzinfo=UTC)
    assert action.events == ()


def test_one_action_has_its_events(cloud: Cloud, stub: Stub) -> None:
    event = {
        "event": "compute__do_build_and_run_instance",
        "start_time": "2026-11-20T21:31:00.000000",
        "finish_time": None,
        "result": None,
    }
    row = {**ACTION_ROW, "events": [event]}
    stub.compute("GET", f"{HERE}/os-instance-actions/req-9", Answer(200, {"instanceAction": row}))
    assert servers.action_of(cloud, SERVER_ID, "req-9").events == (
        ActionEvent(
            event="compute__do_build_and_run_instance",
            started=datetime(2026, 11, 20, 21, 31, tzinfo=UTC),
            finished=None,
            result="",
        ),
    )


VOLUME_ROW = {
    "attachment_id": "att-1",
    "bdm_uuid": "b",
    "delete_on_termination": True,
    "device": "/dev/vdb",
    "serverId": SERVER_ID,
    "tag": None,
    "volumeId": "vol-1",
}


def test_attached_volumes(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", f"{HERE}/os-volume_attachments", Answer(200, {"volumeAttachments": [VOLUME_ROW]}))
    assert servers.attached_volumes(cloud, SERVER_ID) == [
        Attachment(
            server_id=SERVER_ID,
            volume_id="vol-1",
            device="/dev/vdb",
            attachment_id="att-1",
            delete_on_termination=True,
        )
    ]


@pytest.mark.parametrize(
    ("tag", "sent"), [("", {"volumeId": "v"}), ("exoVolume", {"volumeId": "v", "tag": "exoVolume"})]
)
def test_attaching_a_volume(cloud: Cloud, stub: Stub, tag: str, sent: dict[str, str]) -> None:
    stub.compute("POST", f"{HERE}/os-volume_attachments", Answer(200, {"volumeAttachment": VOLUME_ROW}))
    assert servers.attach_volume(cloud, SERVER_ID, "v", tag).device == "/dev/vdb"
    assert stub.seen[-1].json == {"volumeAttachment": sent}


def test_detaching_a_volume(cloud: Cloud, stub: Stub) -> None:
    stub.compute("DELETE", f"{HERE}/os-volume_attachments/vol-1", Answer(202))
    servers.detach_volume(cloud, SERVER_ID, "vol-1")
    assert stub.seen[-1].method == "DELETE"


def test_interfaces_are_ports(cloud: Cloud, stub: Stub) -> None:
    row = {
        "fixed_ips": [{"ip_address": "10.0.0.124", "subnet_id": "s"}],
        "mac_addr": "fa:16:3e:9a:df:e4",
        "net_id": "net-1",
        "port_id": "port-1",
        "port_state": "ACTIVE",
    }
    stub.compute("GET", f"{HERE}/os-interface", Answer(200, {"interfaceAttachments": [row]}))
    [port] = servers.interfaces(cloud, SERVER_ID)
    assert (port.id, port.network_id, port.fixed_ips, port.device_id) == (
        *("port-1", "net-1", ("10.0.0.124",), SERVER_ID),
    )


def test_security_groups_are_told_by_id(cloud: Cloud, stub: Stub) -> None:
    body = {"security_groups": [{"id": "sg-1", "name": "exosphere"}, {"id": "sg-2", "name": "exosphere"}]}
    stub.compute("GET", f"{HERE}/os-security-groups", Answer(200, body))
    assert servers.security_group_ids(cloud, SERVER_ID) == ("sg-1", "sg-2")
