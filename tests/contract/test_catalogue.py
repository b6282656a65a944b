"""What a project can choose from, and how much of it."""

import pytest

from portal.cloud import accounting, flavors, images, keypairs, networks
from portal.cloud.connection import Cloud
from portal.cloud.types import Image
from portal.core.errors import PortalError
from tests.contract.maker import Maker

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl contract"


def test_flavors_have_sizes_names_and_extra_specs(cloud: Cloud) -> None:
    found = flavors.list_flavors(cloud)
    tiny = next(flavor for flavor in found if flavor.name == "m3.tiny")
    assert tiny.vcpus >= 1 and tiny.ram_mb > 0 and tiny.disk_gb > 0 and tiny.public and not tiny.disabled
    assert any(key.startswith("resources:") for flavor in found for key in flavor.extra_specs)


def test_featured_images_are_public_and_active(cloud: Cloud, image: Image) -> None:
    assert (image.visibility, image.status, image.os_distro) == ("public", "active", "debian")
    assert image.size_bytes and image.min_disk_gb > 0 and not image.is_snapshot
    assert images.get_image(cloud, image.id) == image


def test_an_image_that_is_not_there_is_not_found(cloud: Cloud) -> None:
    with pytest.raises(PortalError) as absent:
        images.get_image(cloud, "00000000-0000-0000-0000-000000000000")
    assert absent.value.id == "cloud:not-found"


def test_somebody_elses_image_is_not_deleted(cloud: Cloud, image: Image) -> None:
    with pytest.raises(PortalError) as refused:
        images.delete_image(cloud, image.id)
    assert (refused.value.id, refused.value.outcome) == ("cloud:forbidden", "refused")
    assert images.get_image(cloud, image.id).status == "active"


def test_there_is_an_external_network_and_one_of_the_projects_own(cloud: Cloud) -> None:
    external = networks.external_network(cloud)
    own = networks.auto_allocated_network(cloud)
    found = {network.id: network for network in networks.list_networks(cloud)}
    assert found[external.id].external and not found[own].external
    assert found[own].status == "ACTIVE" and found[own].subnet_ids


def test_the_own_network_is_the_same_each_time(cloud: Cloud, colleague: Cloud) -> None:
    assert networks.auto_allocated_network(cloud) == networks.auto_allocated_network(colleague)


def test_accounting_is_told_where_there_is_a_service(cloud: Cloud) -> None:
    found = accounting.entries(cloud)
    assert bool(found) == (cloud.endpoint("accounting") is not None)
    assert all(entry.awarded >= 0 and entry.starts_on < entry.ends_on for entry in found)


def test_a_key_is_kept_listed_and_removed(cloud: Cloud, colleague: Cloud, make: Maker) -> None:
    name = make.keypair(KEY)
    [mine] = [key for key in keypairs.list_keypairs(cloud) if key.name == name]
    assert mine.public_key.split()[:2] == KEY.split()[:2] and mine.fingerprint.count(":") == 15
    assert name not in {key.name for key in keypairs.list_keypairs(colleague)}
    keypairs.delete_keypair(cloud, name)
    assert name not in {key.name for key in keypairs.list_keypairs(cloud)}


def test_a_key_name_is_given_once(cloud: Cloud, make: Maker) -> None:
    name = make.keypair(KEY)
    with pytest.raises(PortalError) as taken:
        keypairs.create_keypair(cloud, name, KEY)
    assert (taken.value.id, taken.value.outcome) == ("cloud:conflict", "refused")


@pytest.mark.parametrize("junk", ["not a key", "ssh-rsa", "-----BEGIN OPENSSH PRIVATE KEY-----"])
def test_what_is_not_a_public_key_is_refused(cloud: Cloud, make: Maker, junk: str) -> None:
    with pytest.raises(PortalError) as refused:
        make.keypair(junk)
    assert (refused.value.id, refused.value.outcome) == ("cloud:bad-request", "refused")


def test_removing_a_key_that_is_not_there(cloud: Cloud) -> None:
    with pytest.raises(PortalError) as absent:
        keypairs.delete_keypair(cloud, "no such key")
    assert absent.value.id == "cloud:not-found"
