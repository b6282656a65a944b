"""Images, flavors, keys and volumes."""

from datetime import UTC, datetime
from typing import Any

import pytest

from portal.cloud import flavors, images, keypairs, volumes
from portal.cloud.connection import Cloud
from portal.cloud.types import Attachment
from portal.core.errors import PortalError
from tests.portal.cloud.bodies import IMAGE_ID, SERVER_ID, flavor, image, volume
from tests.portal.cloud.stub import PROJECT, Answer, Stub

IMAGES = "/image/v2/images"
VOLUMES = f"/volume/v3/{PROJECT}/volumes"


def test_images_are_read_with_their_properties(cloud: Cloud, stub: Stub) -> None:
    stub.on("GET", IMAGES, Answer(200, {"images": [image()]}))
    [found] = images.list_images(cloud, community=False)
    assert (found.name, found.os_distro, found.os_version, found.visibility) == (
        *("Featured-Debian12", "debian", "12", "public"),
    )
    assert (found.size_bytes, found.min_disk_gb, found.min_ram_mb, found.protected) == (
        128843776,
        2,
        256,
        True,
    )
    assert found.properties == {"os_admin_user": "debian", "hw_disk_bus": "scsi"}
    assert found.created == datetime(2026, 11, 20, 21, 20, tzinfo=UTC)
    assert not found.is_snapshot


def test_a_snapshot_in_the_making_has_no_size(cloud: Cloud, stub: Stub) -> None:
    row = image(size=None, status="queued", image_type="snapshot", owner=None)
    stub.on("GET", f"{IMAGES}/{IMAGE_ID}", Answer(200, row))
    found = images.get_image(cloud, IMAGE_ID)
    assert (found.size_bytes, found.status, found.is_snapshot, found.owner) == (None, "queued", True, "")


def test_community_images_are_asked_for_by_name(cloud: Cloud, stub: Stub) -> None:
    theirs = image(id="c", visibility="community")
    stub.on("GET", IMAGES, Answer(200, {"images": [image()]}), Answer(200, {"images": [theirs, image()]}))
    assert [found.id for found in images.list_images(cloud)] == [IMAGE_ID, "c"]
    assert [seen.query for seen in stub.calls("GET", IMAGES)] == [
        {"limit": "1000"},
        {"limit": "1000", "visibility": "community"},
    ]


@pytest.mark.parametrize(
    ("disk_format", "offered"), [("qcow2", True), ("raw", True), ("aki", False), ("ari", False)]
)
def test_kernels_and_ramdisks_are_parts_of_images_and_not_offered(
    cloud: Cloud, stub: Stub, disk_format: str, offered: bool
) -> None:
    stub.on("GET", IMAGES, Answer(200, {"images": [image(disk_format=disk_format)]}))
    assert bool(images.list_images(cloud, community=False)) is offered


def test_glances_pages_are_followed(cloud: Cloud, stub: Stub) -> None:
    first = {"images": [image(id="a")], "next": "/v2/images?marker=a"}
    stub.on("GET", IMAGES, Answer(200, first), Answer(200, {"images": [image(id="b")]}))
    assert [found.id for found in images.list_images(cloud, community=False)] == ["a", "b"]
    assert stub.seen[-1].query == {"limit": "1000", "marker": "a"}


def test_a_snapshot_is_found_by_its_mark(cloud: Cloud, stub: Stub) -> None:
    marked = image(id="mine", helio_operation="op-1")
    stub.on("GET", IMAGES, Answer(200, {"images": [image(), marked]}))
    found = images.find_image(cloud, name="Featured-Debian12", marks={"helio_operation": "op-1"})
    assert found is not None and found.id == "mine"
    assert images.find_image(cloud, name="Featured-Debian12", marks={"helio_operation": "op-2"}) is None


def test_a_protected_image_is_not_deleted(cloud: Cloud, stub: Stub) -> None:
    page = b"<html><head><title>403 Forbidden</title></head></html>"
    stub.on("DELETE", f"{IMAGES}/i", Answer(403, body=page, headers={"Content-Type": "text/html"}))
    with pytest.raises(PortalError) as refused:
        images.delete_image(cloud, "i")
    assert refused.value.id == "cloud:forbidden"


def test_an_own_image_is_deleted(cloud: Cloud, stub: Stub) -> None:
    stub.on("DELETE", f"{IMAGES}/i", Answer(204))
    images.delete_image(cloud, "i")
    assert stub.seen[-1].method == "DELETE"


def test_flavors_are_read_with_extra_specs(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", "/flavors/detail", Answer(200, {"flavors": [flavor()]}))
    [found] = flavors.list_flavors(cloud)
    assert (found.id, found.name, found.vcpus, found.ram_mb, found.disk_gb) == ("7", "g3.medium", 2, 1024, 10)
    assert found.extra_specs == {"resources:CUSTOM_GPU_A100": "1"} and found.public and not found.disabled
    assert stub.only("GET", "/flavors/detail").query == {}


def test_an_older_cloud_tells_flavors_without_extra_specs(cloud: Cloud, stub: Stub) -> None:
    row = flavor()
    del row["extra_specs"]
    stub.compute("GET", "/flavors/detail", Answer(200, {"flavors": [row]}))
    assert flavors.list_flavors(cloud)[0].extra_specs == {}


KEY: dict[str, Any] = {
    "name": "laptop",
    "public_key": "ssh-ed25519 AAAA a@b",
    "fingerprint": "aa:bb",
    "type": "ssh",
}


def test_keys_are_listed_made_and_deleted(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", "/os-keypairs", Answer(200, {"keypairs": [{"keypair": KEY}]}))
    stub.compute("POST", "/os-keypairs", Answer(201, {"keypair": KEY}))
    stub.compute("DELETE", "/os-keypairs/my%20key", Answer(204))
    assert [key.name for key in keypairs.list_keypairs(cloud)] == ["laptop"]
    assert keypairs.create_keypair(cloud, "laptop", "ssh-ed25519 AAAA a@b").fingerprint == "aa:bb"
    assert stub.only("POST", "/os-keypairs").json == {
        "keypair": {"name": "laptop", "public_key": "ssh-ed25519 AAAA a@b", "type": "ssh"}
    }
    keypairs.delete_keypair(cloud, "my key")


def test_a_key_name_that_is_taken_is_a_conflict(cloud: Cloud, stub: Stub) -> None:
    body = {"conflictingRequest": {"code": 409, "message": "Key pair 'laptop' already exists."}}
    stub.compute("POST", "/os-keypairs", Answer(409, body))
    with pytest.raises(PortalError) as taken:
        keypairs.create_keypair(cloud, "laptop", "ssh-ed25519 AAAA")
    assert taken.value.id == "cloud:conflict"


def test_volumes_are_read_with_their_attachments(cloud: Cloud, stub: Stub) -> None:
    boot = volume(
        id="b", bootable="true", attachments=[], volume_image_metadata={"image_name": "Featured-Ubuntu24"}
    )
    stub.on("GET", f"{VOLUMES}/detail", Answer(200, {"volumes": [volume(), boot]}))
    data, root = volumes.list_volumes(cloud)
    assert data.attachments == (
        Attachment(
            server_id=SERVER_ID,
            volume_id="vol-1",
            device="/dev/vdb",
            attachment_id="e020a5a2-ff8b-4de7-af45-0c3eb5a0d8dd",
        ),
    )
    assert (data.status, data.size_gb, data.bootable, data.volume_type) == ("in-use", 1, False, "standard")
    assert (root.bootable, root.image_name) == (True, "Featured-Ubuntu24")


def test_a_volume_is_made_with_what_was_asked(cloud: Cloud, stub: Stub) -> None:
    stub.on("POST", VOLUMES, Answer(202, {"volume": volume(status="creating", attachments=[])}))
    assert volumes.create_volume(cloud, name="data", size_gb=5, metadata={"a": "b"}).status == "creating"
    assert stub.only("POST", VOLUMES).json == {
        "volume": {"name": "data", "size": 5, "description": "", "metadata": {"a": "b"}}
    }


def test_a_volume_can_be_made_from_an_image_of_a_type(cloud: Cloud, stub: Stub) -> None:
    stub.on("POST", VOLUMES, Answer(202, {"volume": volume()}))
    volumes.create_volume(cloud, name="root", size_gb=20, image_id="img", volume_type="fast")
    body = stub.only("POST", VOLUMES).json["volume"]
    assert (body["imageRef"], body["volume_type"]) == ("img", "fast")


def test_a_volume_over_quota_is_told_in_numbers(cloud: Cloud, stub: Stub) -> None:
    message = (
        "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. "
        "Requested 100G, quota is 1000G and 995G has been consumed."
    )
    stub.on("POST", VOLUMES, Answer(413, {"overLimit": {"code": 413, "message": message, "retryAfter": "0"}}))
    with pytest.raises(PortalError) as refused:
        volumes.create_volume(cloud, name="big", size_gb=100)
    assert (refused.value.id, refused.value.params["used"]) == ("cloud:quota", 995)


def test_one_volume_is_read_and_deleted(cloud: Cloud, stub: Stub) -> None:
    stub.on("GET", f"{VOLUMES}/vol-1", Answer(200, {"volume": volume()}))
    stub.on("DELETE", f"{VOLUMES}/vol-1", Answer(202))
    assert volumes.get_volume(cloud, "vol-1").name == "ex-vol"
    volumes.delete_volume(cloud, "vol-1")
