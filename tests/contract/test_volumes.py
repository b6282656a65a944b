"""Volumes: made, attached, detached, deleted, and what is refused."""

import pytest

from portal.cloud import servers, volumes
from portal.cloud.connection import Cloud
from portal.cloud.types import Image
from portal.core.errors import PortalError
from tests.contract.maker import Maker
from tests.contract.places import Place
from tests.contract.waiting import eventually
from tests.contract.watching import Watch

NOWHERE = "00000000-0000-0000-0000-000000000000"


def test_a_volume_comes_and_goes(cloud: Cloud, make: Maker, watch: Watch) -> None:
    name = make.name()

    def create() -> str:
        made = volumes.create_volume(
            cloud, name=name, size_gb=1, description="for the contract", metadata={"a": "b"}
        )
        make.undo(lambda: volumes.delete_volume(cloud, made.id))
        return made.id

    watch.volume("create volume", create, "available")
    [found] = [volume for volume in volumes.list_volumes(cloud) if volume.name == name]
    assert (found.size_gb, found.description, found.metadata) == (1, "for the contract", {"a": "b"})
    assert (found.status, found.bootable, found.user_id) == ("available", False, cloud.user_id)
    assert found == volumes.get_volume(cloud, found.id)

    def delete() -> str:
        volumes.delete_volume(cloud, found.id)
        return found.id

    watch.volume("delete volume", delete, "gone")
    with pytest.raises(PortalError) as absent:
        volumes.delete_volume(cloud, found.id)
    assert (absent.value.id, absent.value.outcome) == ("cloud:not-found", "refused")


def test_a_volume_is_made_from_an_image(cloud: Cloud, make: Maker, image: Image, watch: Watch) -> None:
    size = max(image.min_disk_gb, 2)

    def create() -> str:
        made = volumes.create_volume(cloud, name=make.name(), size_gb=size, image_id=image.id)
        make.undo(lambda: volumes.delete_volume(cloud, made.id))
        return made.id

    watch.volume("create volume from an image", create, "available")


def test_a_volume_is_attached_seen_from_both_sides_and_detached(
    cloud: Cloud, make: Maker, place: Place, server_id: str, watch: Watch
) -> None:
    volume = make.volume()
    # Nova's fake driver cannot take off again what was attached with a tag.
    tag = "" if place.zone == "fake" else "exoVolume data"

    def attach() -> str:
        attached = servers.attach_volume(cloud, server_id, volume.id, tag)
        make.undo(lambda: make.detach(server_id, volume.id))
        assert attached.volume_id == volume.id
        return volume.id

    watch.volume("attach volume", attach, "in-use")
    [seen] = servers.attached_volumes(cloud, server_id)
    assert (seen.volume_id, seen.server_id, seen.device[:5]) == (volume.id, server_id, "/dev/")
    assert not seen.delete_on_termination
    [entry] = volumes.get_volume(cloud, volume.id).attachments
    assert (entry.server_id, entry.attachment_id) == (server_id, seen.attachment_id)
    assert servers.get_server(cloud, server_id).volume_ids == (volume.id,)
    with pytest.raises(PortalError) as refused:
        volumes.delete_volume(cloud, volume.id)
    assert (refused.value.id, refused.value.outcome) == ("cloud:bad-request", "refused")
    with pytest.raises(PortalError) as refused:
        servers.attach_volume(cloud, server_id, volume.id)
    assert refused.value.outcome == "refused"

    def detach() -> str:
        servers.detach_volume(cloud, server_id, volume.id)
        return volume.id

    watch.volume("detach volume", detach, "available")
    # Cinder is done before Nova is, which calls it a bad request when it is asked again meanwhile.
    eventually(place, lambda: servers.attached_volumes(cloud, server_id), lambda left: left == [])


def test_what_is_not_there_is_not_attached(cloud: Cloud, server_id: str) -> None:
    for attempt in (servers.attach_volume, servers.detach_volume):
        with pytest.raises(PortalError) as absent:
            attempt(cloud, server_id, NOWHERE)
        assert (absent.value.id, absent.value.outcome) == ("cloud:not-found", "refused")


def test_a_volume_of_others_does_not_exist_for_a_stranger(cloud: Cloud, stranger: Cloud, make: Maker) -> None:
    volume = make.volume()
    for attempt in (volumes.get_volume, volumes.delete_volume):
        with pytest.raises(PortalError) as hidden:
            attempt(stranger, volume.id)
        assert hidden.value.id == "cloud:not-found"
    assert volume.id not in {one.id for one in volumes.list_volumes(stranger)}
    assert volume.id in {one.id for one in volumes.list_volumes(cloud)}


def test_a_volume_without_size_is_refused(cloud: Cloud, make: Maker) -> None:
    with pytest.raises(PortalError) as refused:
        volumes.create_volume(cloud, name=make.name(), size_gb=0)
    assert (refused.value.id, refused.value.outcome) == ("cloud:bad-request", "refused")


def test_a_copy_goes_with_the_server_that_it_was_given_to(cloud: Cloud, make: Maker, place: Place) -> None:
    """As each seat of a workshop has its own copy of data: the volume that it was made from stays."""
    source = make.volume()
    name = make.name()

    copied = volumes.create_volume(cloud, name=name, size_gb=1, copy_of=source.id).id
    make.undo(lambda: volumes.delete_volume(cloud, copied))
    make.volume_once(copied, "available")
    server = make.active_server()
    assert servers.attach_volume(cloud, server.id, copied, dies_with_it=True).delete_on_termination
    make.volume_once(copied, "in-use")
    servers.delete_server(cloud, server.id)
    left = eventually(
        place,
        lambda: [one.id for one in volumes.list_volumes(cloud) if one.id in (source.id, copied)],
        lambda found: copied not in found,
    )
    assert left == [source.id]
