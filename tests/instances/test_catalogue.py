"""The catalogue: written as the cloud listed it, read back as the gateway's values."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest

from allocations.models import Allocation
from instances import catalogue as reading
from instances.mirror import catalogue, gpus
from instances.models import CatalogueItem, Instance
from portal.accounts.models import User
from portal.cloud import offers
from portal.cloud.schema import ImageRule
from portal.cloud.types import (
    Attachment,
    Flavor,
    FloatingIp,
    Image,
    Keypair,
    Network,
    Offer,
    SecurityGroup,
    SecurityGroupRule,
    Volume,
)
from portal.core.errors import PortalError
from tests.instances.rows import machine

STAMP = datetime(2026, 5, 1, tzinfo=UTC)
FLAVOR = Flavor(
    id="2",
    name="m3.small",
    vcpus=2,
    ram_mb=6144,
    disk_gb=20,
    ephemeral_gb=0,
    public=True,
    disabled=False,
    description="",
    extra_specs={"resources:VGPU": "1"},
)
IMAGE = Image(
    id="image-1",
    name="Featured-Ubuntu24",
    status="active",
    visibility="public",
    owner="admin",
    size_bytes=10,
    min_disk_gb=1,
    min_ram_mb=0,
    os_distro="ubuntu",
    os_version="24.04",
    os_type="linux",
    is_snapshot=False,
    protected=False,
    tags=("a", "b"),
    properties={"team": "x"},
    created=STAMP,
    updated=STAMP,
)
NETWORK = Network(
    id="n", name="net", external=False, shared=False, status="ACTIVE", admin_up=True, subnet_ids=("s",)
)
ADDRESS = FloatingIp(
    id="f",
    address="149.165.1.2",
    status="DOWN",
    port_id=None,
    fixed_address=None,
    server_id=None,
    description="",
    tags=(),
)
KEY = Keypair(name="laptop", fingerprint="aa", public_key="ssh-ed25519 AAAA", type="ssh")
GROUP = SecurityGroup(
    id="g",
    name="exosphere",
    description="",
    rules=(
        SecurityGroupRule(direction="ingress", ethertype="IPv4", protocol="tcp", port_min=22, port_max=22),
    ),
    tags=("exo:preset",),
    created=STAMP,
)
VOLUME = Volume(
    id="v-1",
    name="root",
    description="",
    status="in-use",
    size_gb=60,
    bootable=True,
    attachments=(Attachment(server_id="s-1", volume_id="v-1", device="/dev/vda"),),
    metadata={},
    volume_type="",
    image_name="Featured-Debian12",
    user_id="u",
    created=STAMP,
)
Kind = CatalogueItem.Kind
VALUES: list[tuple[str, Any]] = [
    (Kind.FLAVOR, FLAVOR),
    (Kind.IMAGE, IMAGE),
    (Kind.NETWORK, NETWORK),
    (Kind.FLOATING_IP, ADDRESS),
    (Kind.SECURITY_GROUP, GROUP),
]


@pytest.mark.parametrize(("kind", "value"), VALUES)
def test_a_value_comes_back_as_it_was(allocation: Allocation, kind: str, value: Any) -> None:
    assert catalogue.store(allocation, kind, [value])
    assert reading.item(allocation, kind, value.id) == value


def test_a_key_comes_back_to_its_person_only(allocation: Allocation, member: User, colleague: User) -> None:
    catalogue.store(allocation, Kind.KEYPAIR, [KEY], user=member)
    assert reading.load(allocation, member).keypairs == {"laptop": KEY}
    assert reading.load(allocation, colleague).keypairs == {}
    assert reading.load(allocation).keypairs == {}


def test_two_people_may_have_keys_of_one_name(allocation: Allocation, member: User, colleague: User) -> None:
    catalogue.store(allocation, Kind.KEYPAIR, [KEY], user=member)
    catalogue.store(allocation, Kind.KEYPAIR, [replace(KEY, fingerprint="bb")], user=colleague)
    catalogue.store(allocation, Kind.KEYPAIR, [], user=colleague)
    assert reading.load(allocation, member).keypairs["laptop"].fingerprint == "aa"


def test_what_is_no_longer_listed_goes_and_the_rest_stays(allocation: Allocation) -> None:
    other = replace(FLAVOR, id="3", name="m3.medium")
    catalogue.store(allocation, Kind.FLAVOR, [FLAVOR, other])
    assert catalogue.store(allocation, Kind.FLAVOR, [other])
    assert list(CatalogueItem.objects.values_list("name", flat=True)) == ["m3.medium"]


def test_an_unchanged_list_is_no_news_and_counts_as_read(allocation: Allocation) -> None:
    catalogue.store(allocation, Kind.FLAVOR, [FLAVOR])
    CatalogueItem.objects.update(seen_at=STAMP)
    assert not catalogue.store(allocation, Kind.FLAVOR, [FLAVOR])
    assert CatalogueItem.objects.get().seen_at > STAMP


def test_a_changed_value_is_news(allocation: Allocation) -> None:
    catalogue.store(allocation, Kind.FLAVOR, [FLAVOR])
    assert catalogue.store(allocation, Kind.FLAVOR, [replace(FLAVOR, disabled=True)])
    assert reading.load(allocation).flavors["2"].disabled


def test_other_projects_are_left_alone(allocation: Allocation, other_allocation: Allocation) -> None:
    catalogue.store(allocation, Kind.FLAVOR, [FLAVOR])
    catalogue.store(other_allocation, Kind.FLAVOR, [])
    assert CatalogueItem.objects.count() == 1


def test_an_image_with_thousands_of_properties_is_cut(allocation: Allocation) -> None:
    nasty = {f"p{number}": "x" * 10 for number in range(3000)} | {"long": "y" * 9000, "nul": "a\x00b"}
    catalogue.store(allocation, Kind.IMAGE, [replace(IMAGE, name="<b>\x00", properties=nasty)])
    stored = CatalogueItem.objects.get()
    assert stored.name == "<b>"
    assert len(stored.data["properties"]) <= 60
    assert "\x00" not in str(stored.data)


def test_machines_learn_the_names_that_came_late(allocation: Allocation) -> None:
    early = machine(allocation, image_id="image-1", image_name="", volume_backed=False)
    volumes = [{"id": "v-1", "name": "", "size_gb": None, "device": "", "boot": False, "image_name": ""}]
    rooted = machine(allocation, name="rooted", image_id="", volume_backed=True, volumes=volumes)
    catalogue.store(allocation, Kind.IMAGE, [IMAGE])
    catalogue.store(allocation, Kind.VOLUME, [VOLUME])
    catalogue.join_again(allocation)
    early.refresh_from_db()
    rooted.refresh_from_db()
    assert (early.image_name, early.version) == ("Featured-Ubuntu24", 2)
    assert (rooted.image_name, rooted.disk_gb) == ("Featured-Debian12", 60)
    assert rooted.volumes[0]["boot"] is True


def test_machines_that_learn_nothing_are_not_written(allocation: Allocation) -> None:
    machine(allocation)
    catalogue.join_again(allocation)
    assert Instance.objects.get().version == 1


def read_with(allocation: Allocation, **failing: PortalError) -> None:
    """One reading in which every list is empty, but for those that fail."""

    def reader(kind: str) -> Any:
        def run(cloud: object) -> list[Any]:
            if kind in failing:
                raise failing[kind]
            return []

        return run

    readers = {kind: reader(kind) for kind in catalogue.READERS}
    with (
        patch.object(catalogue, "READERS", readers),
        patch("instances.mirror.readers.read", lambda allocation, function, **more: function(object())),
        patch.object(offers, "read", lambda cloud, known: [Offer(service=name) for name in offers.SERVICES]),
        patch.object(gpus, "read", lambda allocation, cloud: False),
    ):
        catalogue.read_catalogue(allocation)


def test_one_list_that_fails_does_not_stop_the_others(allocation: Allocation) -> None:
    catalogue.store(allocation, Kind.IMAGE, [IMAGE])
    catalogue.store(allocation, Kind.NETWORK, [NETWORK])
    with pytest.raises(PortalError, match="cloud:timeout"):
        read_with(allocation, image=PortalError("cloud:timeout", outcome="retry"))
    assert list(CatalogueItem.objects.values_list("kind", flat=True)) == ["image"]


def test_a_service_that_the_cloud_lacks_is_no_failure(allocation: Allocation) -> None:
    read_with(allocation, volume=PortalError("cloud:unsupported"))


def test_a_refused_credential_ends_the_reading(allocation: Allocation) -> None:
    catalogue.store(allocation, Kind.NETWORK, [NETWORK])
    with pytest.raises(PortalError) as found:
        read_with(allocation, flavor=PortalError("cloud:unauthorized", outcome="auth"))
    assert found.value.outcome == "auth"
    assert CatalogueItem.objects.exists()


def test_everybodys_keys_get_their_turn(allocation: Allocation, member: User, colleague: User) -> None:
    catalogue.store(allocation, Kind.KEYPAIR, [KEY], user=member)
    first = catalogue._credential(allocation)
    assert first is not None
    assert first.user == colleague
    catalogue.store(allocation, Kind.KEYPAIR, [KEY], user=colleague)
    CatalogueItem.objects.filter(user=member).update(seen_at=STAMP)
    second = catalogue._credential(allocation)
    assert second is not None
    assert second.user == member


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        ({"name": "Featured-Ubuntu24"}, True),
        ({"name": "Featured-Ubuntu22"}, False),
        ({"name_prefix": "Featured-"}, True),
        ({"name_prefix": "Preview-"}, False),
        ({"name": "Featured-Ubuntu24", "visibility": "private"}, False),
        ({"os_distro": "ubuntu", "os_version": "24.04"}, True),
        ({"os_distro": "ubuntu", "os_version": "22.04"}, False),
        ({"properties": {"team": "x"}}, True),
        ({"properties": {"team": "y"}}, False),
    ],
)
def test_an_image_fits_when_it_fits_everything_that_the_rule_says(rule: dict[str, Any], fits: bool) -> None:
    assert reading.fits(IMAGE, ImageRule(**rule)) is fits


def test_nothing_read_is_told_from_nothing_there(allocation: Allocation) -> None:
    assert reading.load(allocation).read_at is None
    assert reading.item(allocation, Kind.FLAVOR, "2") is None
