from decimal import Decimal

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from allocations.models import Allocation, Grant
from instances.choices import (
    FlavorChoice,
    LaunchChoices,
    free_addresses,
    launch_choices,
    rebuild_choices,
    resize_choices,
)
from instances.models import Poll
from portal.accounts.models import User
from tests.instances.rows import machine, offer, offer_key


@pytest.fixture(autouse=True)
def offered(allocation: Allocation) -> None:
    offer(allocation)


def flavor(found: LaunchChoices, name: str) -> FlavorChoice:
    return next(one for group in found.groups for one in group.flavors if one.name == name)


def test_a_type_offers_the_newest_image_that_fits(allocation: Allocation, member: User) -> None:
    found = launch_choices(allocation, member)
    assert [(one.name, [version.label for version in one.versions]) for one in found.types] == [
        ("ubuntu", ["24.04"])
    ]
    assert found.types[0].versions[0].image.id == "ubuntu-new"


def test_featured_images_come_first_then_the_projects_own(allocation: Allocation, member: User) -> None:
    names = [image.name for image in launch_choices(allocation, member).images]
    assert names == ["Featured-Ubuntu24", "Featured-Ubuntu24", "Own-Big", "Hungry"]


def test_an_image_that_is_not_ready_is_not_offered(allocation: Allocation, member: User) -> None:
    assert "Saving" not in [image.name for image in launch_choices(allocation, member).images]


def test_sizes_come_in_the_operators_groups_with_cost_and_room(allocation: Allocation, member: User) -> None:
    Allocation.objects.update(quota={"cores": {"used": 140, "limit": 150}})
    allocation.refresh_from_db()
    found = launch_choices(allocation, member)
    assert [group.name for group in found.groups] == ["cpu", "large-memory", "gpu-a100", "other"]
    small = flavor(found, "m3.small")
    assert (small.su_per_hour, small.fits, small.blocked) == (Decimal(2), 5, "")
    gpu = flavor(found, "g3.medium")
    assert (gpu.su_per_hour, gpu.gpus, gpu.fits) == (Decimal(16), 1, 1)


def test_sizes_that_cannot_be_had_say_why(allocation: Allocation, member: User) -> None:
    Allocation.objects.update(quota={"cores": {"used": 140, "limit": 150}})
    allocation.refresh_from_db()
    found = launch_choices(allocation, member)
    assert flavor(found, "m3.2xl").blocked == "Needs 64 vCPUs; 10 of 150 are free."
    Allocation.objects.update(quota={})
    allocation.refresh_from_db()
    assert (
        "no service units of the kind “lm”" in flavor(launch_choices(allocation, member), "r3.large").blocked
    )


def test_a_withdrawn_size_is_not_offered(allocation: Allocation, member: User) -> None:
    names = [one.name for group in launch_choices(allocation, member).groups for one in group.flavors]
    assert "m3.old" not in names
    assert "p3.odd" in names


def test_a_size_without_a_rate_has_no_cost_rather_than_none_at_all(
    allocation: Allocation, member: User
) -> None:
    odd = flavor(launch_choices(allocation, member), "p3.odd")
    assert (odd.su_per_hour, odd.blocked) == (None, "")


def test_what_is_burning_shortens_the_time_that_is_left(allocation: Allocation, member: User) -> None:
    alone = flavor(launch_choices(allocation, member), "m3.small").runs_out_at
    machine(allocation, vcpus=60)
    crowded = flavor(launch_choices(allocation, member), "m3.small").runs_out_at
    assert alone is not None and crowded is not None
    assert crowded < alone


def test_used_up_units_block_their_own_kind_only(allocation: Allocation, member: User) -> None:
    Grant.objects.filter(resource="gpu").update(used=Decimal(20_000))
    found = launch_choices(allocation, member)
    assert "All 20,000 service units" in flavor(found, "g3.medium").blocked
    assert flavor(found, "m3.small").blocked == ""


def test_networks_keys_and_addresses_are_those_that_can_be_used(
    allocation: Allocation, member: User, colleague: User
) -> None:
    offer_key(allocation, member, "mine")
    offer_key(allocation, colleague, "theirs")
    found = launch_choices(allocation, member)
    assert [net.name for net in found.networks] == ["auto_allocated_network"]
    assert [key.name for key in found.keys] == ["mine"]
    assert [address.address for address in found.addresses] == ["149.165.1.9"]
    assert free_addresses(allocation) == found.addresses


def test_an_unread_cloud_is_told_from_an_empty_one(allocation: Allocation, member: User) -> None:
    assert launch_choices(allocation, member).read_at is not None
    since = timezone.now()
    Poll.objects.update(failing_since=since, error_id="cloud:timeout")
    found = launch_choices(allocation, member)
    assert (found.unread_since, found.error_id) == (since, "cloud:timeout")
    assert found.images


def test_queries_do_not_grow(
    allocation: Allocation, member: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(11):
        launch_choices(allocation, member)
    for number in range(20):
        machine(allocation, name=f"m{number}")
    with django_assert_num_queries(11):
        launch_choices(allocation, member)


def test_a_resize_offers_other_sizes_and_counts_what_the_machine_has(
    allocation: Allocation, member: User
) -> None:
    Allocation.objects.update(
        quota={"cores": {"used": 148, "limit": 150}, "instances": {"used": 25, "limit": 25}}
    )
    row = machine(allocation, member)
    row.allocation.refresh_from_db()
    found = {one.name: one.blocked for group in resize_choices(row) for one in group.flavors}
    assert "m3.small" not in found
    assert found["m3.quad"] == ""
    assert "Needs 62 vCPUs" in found["m3.2xl"]


def test_a_resize_never_shrinks_a_disk(allocation: Allocation, member: User) -> None:
    Allocation.objects.update(quota={})
    row = machine(allocation, member, disk_gb=60)
    row.allocation.refresh_from_db()
    found = {one.name: one.blocked for group in resize_choices(row) for one in group.flavors}
    assert "smaller than the machine's (60 GB)" in found["m3.quad"]
    assert found["m3.2xl"] == ""


def test_a_rebuild_offers_what_the_machine_can_hold(allocation: Allocation, member: User) -> None:
    names = {image.name for image in rebuild_choices(machine(allocation, member))}
    assert names == {"Featured-Ubuntu24"}
    large = machine(allocation, member, disk_gb=60, ram_mb=16000)
    assert {image.name for image in rebuild_choices(large)} == {"Featured-Ubuntu24", "Own-Big", "Hungry"}
