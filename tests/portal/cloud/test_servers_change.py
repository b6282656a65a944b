"""Making, changing and deleting servers: the exact bodies, because Nova takes them literally."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from portal.cloud import servers
from portal.cloud.connection import Cloud
from portal.cloud.types import NewServer
from portal.core.errors import PortalError
from tests.portal.cloud.bodies import SERVER_ID
from tests.portal.cloud.stub import Answer, Stub

ACTION = f"/servers/{SERVER_ID}/action"
CREATED = Answer(
    202, {"server": {"id": SERVER_ID, "links": [], "adminPass": "x"}}, {"x-openstack-request-id": "req-c"}
)


def new(**changes: Any) -> NewServer:
    return NewServer(**({"name": "pine", "flavor_id": "2", "image_id": "img"} | changes))


def created(cloud: Cloud, stub: Stub, **changes: Any) -> dict[str, Any]:
    stub.compute("POST", "/servers", CREATED)
    assert servers.create_server(cloud, new(**changes)) == SERVER_ID
    body: dict[str, Any] = stub.only("POST", "/servers").json
    return body["server"]  # type: ignore[no-any-return]


def test_the_smallest_server_lets_nova_choose_the_network(cloud: Cloud, stub: Stub) -> None:
    assert created(cloud, stub) == {
        "name": "pine",
        "flavorRef": "2",
        "imageRef": "img",
        "networks": "auto",
        "metadata": {},
        "tags": [],
    }


def test_everything_asked_for_is_sent(cloud: Cloud, stub: Stub) -> None:
    body = created(
        cloud,
        stub,
        network_ids=("net-1",),
        security_groups=("sg-1", "sg-2"),
        key_name="laptop",
        user_data=b"#cloud-config\n\xff",
        metadata={"exoServerVersion": "6"},
        tags=("op:1",),
        description="for class",
        availability_zone="fake",
        config_drive=True,
    )
    assert body["networks"] == [{"uuid": "net-1"}]
    assert body["security_groups"] == [{"name": "sg-1"}, {"name": "sg-2"}]
    assert base64.b64decode(body["user_data"]) == b"#cloud-config\n\xff"
    assert (body["key_name"], body["description"], body["availability_zone"], body["config_drive"]) == (
        *("laptop", "for class", "fake", True),
    )
    assert (body["metadata"], body["tags"]) == ({"exoServerVersion": "6"}, ["op:1"])


def test_the_tag_travels_with_the_request_that_creates(cloud: Cloud, stub: Stub) -> None:
    created(cloud, stub, tags=("op:1",))
    assert stub.only("POST", "/servers").microversion == "compute 2.90"
    assert [seen.method for seen in stub.seen if "/servers" in seen.path] == ["POST"]


def test_a_volume_as_root_disk_goes_with_the_server(cloud: Cloud, stub: Stub) -> None:
    body = created(cloud, stub, boot_volume_gb=40)
    assert "imageRef" not in body
    assert body["block_device_mapping_v2"] == [
        {
            "boot_index": 0,
            "uuid": "img",
            "source_type": "image",
            "destination_type": "volume",
            "volume_size": 40,
            "delete_on_termination": True,
        }
    ]


def test_ports_bring_their_own_security_groups(cloud: Cloud, stub: Stub) -> None:
    body = created(cloud, stub, port_ids=("port-1",), network_ids=("net-1",), security_groups=("sg-1",))
    assert body["networks"] == [{"port": "port-1"}]
    assert "security_groups" not in body


def test_the_request_id_of_the_creation_is_kept(cloud: Cloud, stub: Stub) -> None:
    created(cloud, stub)
    assert cloud.request_ids == ["req-c"]


def test_quota_that_ran_out_meanwhile_is_told_in_numbers(cloud: Cloud, stub: Stub) -> None:
    message = "Quota exceeded for instances: Requested 26, but already used 1 of 25 instances"
    stub.compute("POST", "/servers", Answer(403, {"forbidden": {"code": 403, "message": message}}))
    with pytest.raises(PortalError) as refused:
        servers.create_server(cloud, new())
    assert refused.value.id == "cloud:quota"
    assert "25" in refused.value.problem.what and "26" in refused.value.problem.what


@pytest.mark.parametrize(
    "reply", [Answer(202, {"server": {}}), Answer(202, {}), Answer(202, body=b"accepted")]
)
def test_a_creation_with_an_unreadable_reply_may_have_been_made(
    cloud: Cloud, stub: Stub, reply: Answer
) -> None:
    stub.compute("POST", "/servers", reply)
    with pytest.raises(PortalError) as odd:
        servers.create_server(cloud, new())
    assert (odd.value.id, odd.value.outcome) == ("cloud:bad-answer", "unknown")


@pytest.mark.parametrize(
    ("act", "body"),
    [
        (servers.start, {"os-start": None}),
        (servers.stop, {"os-stop": None}),
        (servers.reboot, {"reboot": {"type": "SOFT"}}),
        (lambda cloud, id: servers.reboot(cloud, id, "HARD"), {"reboot": {"type": "HARD"}}),
        (servers.pause, {"pause": None}),
        (servers.unpause, {"unpause": None}),
        (servers.suspend, {"suspend": None}),
        (servers.resume, {"resume": None}),
        (servers.shelve, {"shelve": None}),
        (servers.shelve_offload, {"shelveOffload": None}),
        (servers.unshelve, {"unshelve": None}),
        (servers.lock, {"lock": None}),
        (lambda cloud, id: servers.lock(cloud, id, "exam"), {"lock": {"locked_reason": "exam"}}),
        (servers.unlock, {"unlock": None}),
        (servers.restore, {"restore": None}),
        (lambda cloud, id: servers.resize(cloud, id, "3"), {"resize": {"flavorRef": "3"}}),
        (servers.revert_resize, {"revertResize": None}),
        (lambda cloud, id: servers.rebuild(cloud, id, "img"), {"rebuild": {"imageRef": "img"}}),
        (lambda cloud, id: servers.add_security_group(cloud, id, "sg"), {"addSecurityGroup": {"name": "sg"}}),
        (
            lambda cloud, id: servers.remove_security_group(cloud, id, "sg"),
            {"removeSecurityGroup": {"name": "sg"}},
        ),
    ],
)
def test_each_action_says_what_nova_expects(
    cloud: Cloud, stub: Stub, act: Callable[[Cloud, str], None], body: dict[str, Any]
) -> None:
    stub.compute("POST", ACTION, Answer(202))
    act(cloud, SERVER_ID)
    assert stub.only("POST", ACTION).json == body


def test_confirming_a_resize_answers_204(cloud: Cloud, stub: Stub) -> None:
    stub.compute("POST", ACTION, Answer(204))
    servers.confirm_resize(cloud, SERVER_ID)
    assert stub.only("POST", ACTION).json == {"confirmResize": None}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (f"Instance {SERVER_ID} is locked", "cloud:locked"),
        (f"Cannot 'stop' instance {SERVER_ID} while it is in vm_state suspended", "cloud:wrong-state"),
    ],
)
def test_an_action_that_nova_refuses_is_refused(
    cloud: Cloud, stub: Stub, message: str, expected: str
) -> None:
    stub.compute("POST", ACTION, Answer(409, {"conflictingRequest": {"code": 409, "message": message}}))
    with pytest.raises(PortalError) as refused:
        servers.stop(cloud, SERVER_ID)
    assert (refused.value.id, refused.value.outcome) == (expected, "refused")


def test_rebuild_asks_for_the_version_that_knows_volumes(cloud: Cloud, stub: Stub) -> None:
    stub.compute("POST", ACTION, Answer(202, {"server": {}}))
    servers.rebuild(cloud, SERVER_ID, "img")
    assert stub.only("POST", ACTION).microversion == "compute 2.93"


def test_renaming_changes_the_name_only(cloud: Cloud, stub: Stub) -> None:
    stub.compute("PUT", f"/servers/{SERVER_ID}", Answer(200, {"server": {}}))
    servers.rename(cloud, SERVER_ID, "näme <b>")
    assert stub.only("PUT", f"/servers/{SERVER_ID}").json == {"server": {"name": "näme <b>"}}


def test_a_snapshot_tells_its_image(cloud: Cloud, stub: Stub) -> None:
    stub.compute("POST", ACTION, Answer(202, {"image_id": "img-2"}))
    assert servers.create_image(cloud, SERVER_ID, "pine-image", {"from-exosphere": "true"}) == "img-2"
    assert stub.only("POST", ACTION).json == {
        "createImage": {"name": "pine-image", "metadata": {"from-exosphere": "true"}}
    }


def test_an_old_cloud_does_not_tell_the_image_of_a_snapshot(cloud: Cloud, stub: Stub) -> None:
    stub.compute("POST", ACTION, Answer(202))
    assert servers.create_image(cloud, SERVER_ID, "pine-image") is None


def test_deleting(cloud: Cloud, stub: Stub) -> None:
    stub.compute("DELETE", f"/servers/{SERVER_ID}", Answer(204))
    servers.delete_server(cloud, SERVER_ID)
    assert len(stub.calls("DELETE", f"/servers/{SERVER_ID}")) == 1


def test_deleting_what_is_gone_says_so(cloud: Cloud, stub: Stub) -> None:
    with pytest.raises(PortalError) as absent:
        servers.delete_server(cloud, SERVER_ID)
    assert absent.value.id == "cloud:not-found"


def test_metadata_is_added_and_the_rest_stays(cloud: Cloud, stub: Stub) -> None:
    stub.compute("POST", f"/servers/{SERVER_ID}/metadata", Answer(200, {"metadata": {}}))
    servers.set_metadata(cloud, SERVER_ID, {"exoSetup": '{"status":"complete"}'})
    assert stub.seen[-1].json == {"metadata": {"exoSetup": '{"status":"complete"}'}}


def test_a_metadata_key_with_odd_characters_is_removed(cloud: Cloud, stub: Stub) -> None:
    stub.compute("DELETE", f"/servers/{SERVER_ID}/metadata/exoVolumes%3A%3A1", Answer(204))
    servers.delete_metadata(cloud, SERVER_ID, "exoVolumes::1")


def test_a_tag_with_blanks_is_set_and_removed(cloud: Cloud, stub: Stub) -> None:
    path = f"/servers/{SERVER_ID}/tags/exoPw%3Aone%20two"
    stub.compute("PUT", path, Answer(201))
    stub.compute("DELETE", path, Answer(204))
    servers.add_tag(cloud, SERVER_ID, "exoPw:one two")
    servers.remove_tag(cloud, SERVER_ID, "exoPw:one two")
    assert [seen.method for seen in stub.seen[-2:]] == ["PUT", "DELETE"]
