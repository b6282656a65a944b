"""What is being spent now, in one query for any number of allocations and machines."""

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from allocations import hooks
from allocations.models import Allocation
from instances.burning import burning_now
from instances.models import Instance
from tests.cast import make_allocation

pytestmark = pytest.mark.django_db


def machine(
    allocation: Allocation, flavor: str = "m3.quad", vcpus: int = 4, status: str = "ACTIVE", **more: Any
) -> None:
    now = timezone.now()
    number = Instance.objects.count()
    Instance.objects.create(
        allocation=allocation,
        server_id=f"s-{number}",
        name=f"m-{number}",
        flavor_name=flavor,
        vcpus=vcpus,
        status=status,
        created_at=now,
        state_since=now,
        **more,
    )


def test_machines_cost_by_size_and_state_on_their_resource(
    allocation: Allocation, other_allocation: Allocation
) -> None:
    machine(allocation)
    machine(allocation, status="SHUTOFF")
    machine(allocation, status="SHELVED_OFFLOADED")
    machine(allocation, "g3.xl", 32)
    machine(other_allocation, status="BUILD")
    machine(other_allocation, "p3.unknown", 8)
    machine(other_allocation, deleted_at=timezone.now())
    assert burning_now([allocation.pk, other_allocation.pk]) == {
        allocation.pk: {"cpu": Decimal(6), "gpu": Decimal(64)},
        other_allocation.pk: {"cpu": Decimal(4)},
    }


def test_allocations_that_were_not_asked_for_are_not_told(
    allocation: Allocation, other_allocation: Allocation
) -> None:
    machine(other_allocation)
    assert burning_now([allocation.pk]) == {}


def test_a_cloud_that_left_the_configuration_burns_nothing(db: None) -> None:
    gone = make_allocation(cloud="gone")
    machine(gone)
    assert burning_now([gone.pk]) == {}


def test_the_start_page_asks_this_source() -> None:
    assert burning_now in hooks.burn_sources


@pytest.mark.parametrize("number", [1, 20])
def test_it_is_one_query(allocation: Allocation, django_assert_num_queries: Any, number: int) -> None:
    for _ in range(number):
        machine(allocation)
    with django_assert_num_queries(1):
        assert burning_now([allocation.pk])[allocation.pk]["cpu"] == 4 * number
