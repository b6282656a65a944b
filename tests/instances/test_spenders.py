"""Which machines spend, what shelving each would save, and which sizes a cloud offers to everybody."""

from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from allocations import hooks
from allocations.models import Allocation
from instances.models import CatalogueItem, Instance, Poll
from instances.spenders import offered, spending
from portal.accounts.models import User
from portal.cloud.types import Flavor
from tests.cast import make_allocation
from tests.instances.test_burning import machine

pytestmark = pytest.mark.django_db


def flavor(name: str, vcpus: int, **more: Any) -> Flavor:
    given: dict[str, Any] = {"ram_mb": 1024 * vcpus, "disk_gb": 20, "public": True, "disabled": False}
    rest: dict[str, Any] = {"ephemeral_gb": 0, "description": "", "extra_specs": {}}
    return Flavor(id=name, name=name, vcpus=vcpus, **{**given, **rest, **more})


def catalogue(allocation: Allocation, *flavors: Flavor, age: timedelta = timedelta()) -> None:
    now = timezone.now()
    Poll.objects.create(allocation=allocation, what=Poll.What.CATALOGUE, next_at=now, ok_at=now - age)
    for one in flavors:
        CatalogueItem.objects.create(
            allocation=allocation,
            kind="flavor",
            cloud_id=one.id,
            name=one.name,
            data=asdict(one),
            seen_at=now - age,
        )


def test_each_machine_tells_what_it_costs_now_and_shelved(allocation: Allocation, member: User) -> None:
    machine(allocation, owner=member)
    machine(allocation, "g3.xl", 32, status="SHUTOFF", creator_name="somebody@else")
    dear, cheap = hooks.spenders(allocation.pk)
    assert (cheap.name, cheap.owner, cheap.owner_key) == ("m-0", "Bob", str(member.pk))
    assert (cheap.resource, cheap.per_hour, cheap.per_hour_shelved) == ("cpu", Decimal(4), Decimal(0))
    assert (dear.owner_key, dear.resource, dear.per_hour) == ("name:somebody@else", "gpu", Decimal(32))
    assert cheap.shelvable and dear.shelvable
    assert cheap.url == f"/instances/{Instance.objects.get(name='m-0').pk}/"


@pytest.mark.parametrize(
    "more", [{"status": "SHELVED_OFFLOADED"}, {"status": "BUILD"}, {"locked": True}, {"status": "ERROR"}]
)
def test_what_cannot_be_shelved_is_not_offered_for_it(allocation: Allocation, more: dict[str, Any]) -> None:
    machine(allocation, **more)
    (found,) = spending([allocation.pk])
    assert not found.shelvable


def test_deleted_unpriced_and_foreign_machines_are_left_out(
    allocation: Allocation, other_allocation: Allocation
) -> None:
    machine(allocation, deleted_at=timezone.now())
    machine(allocation, "p3.unknown", 8)
    machine(other_allocation)
    machine(make_allocation("GONE1", cloud="gone"))
    assert spending([allocation.pk]) == []
    assert len(spending([other_allocation.pk])) == 1


@pytest.mark.parametrize("number", [1, 20, 100])
def test_any_number_of_machines_is_one_query(
    allocation: Allocation, member: User, django_assert_num_queries: Any, number: int
) -> None:
    for _ in range(number):
        machine(allocation, owner=member)
    with django_assert_num_queries(1):
        assert len(spending([allocation.pk])) == number


def test_sizes_are_those_for_everybody_as_each_region_was_last_read(allocation: Allocation) -> None:
    catalogue(allocation, flavor("m3.old", 2), age=timedelta(days=2))
    shares = {"resources:CUSTOM_A100X_10C": "1"}
    private, retired = flavor("p.own", 2, public=False), flavor("m3.retired", 2, disabled=True)
    catalogue(
        make_allocation("NEW1"), flavor("m3.small", 2), flavor("g3.small", 4, extra_specs=shares), private
    )
    catalogue(make_allocation("TAC1", region="TACC"), flavor("m3.tacc", 1), retired)
    found = {size.name: (size.vcpus, size.gpus) for size in hooks.sizes("demo")}
    assert found == {"m3.small": (2, 0), "g3.small": (4, 1), "m3.tacc": (1, 0)}


def test_a_cloud_that_was_never_read_or_is_gone_offers_nothing(allocation: Allocation) -> None:
    assert offered("demo") == []
    assert offered("gone") == []
