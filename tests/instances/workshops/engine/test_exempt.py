"""What an allocation has for all its machines, and the age of machines, are nothing to a class."""

from datetime import timedelta

import pytest
from django.utils import timezone

from allocations.models import Allocation
from instances.holdings import held
from instances.hooks_seats import kept_elsewhere
from instances.models import Instance
from instances.policies import effective
from instances.policies.enforcing import under_policies
from instances.policies.models import Policy
from instances.workshops.models import Seat
from portal.accounts.models import User
from tests.instances.rows import machine

pytestmark = pytest.mark.django_db


@pytest.fixture
def own(allocation: Allocation, member: User) -> Instance:
    return machine(allocation, member)


@pytest.fixture
def default(allocation: Allocation) -> Policy:
    """Everything is shelved when it idles."""
    now = timezone.now() - timedelta(days=1)
    rules = {"hours": 4}
    return Policy.objects.create(allocation=allocation, kind="idle", rules=rules, since=now, set_at=now)


def test_a_rule_for_all_machines_holds_for_ones_own_and_not_for_a_seats(
    seat: Seat, own: Instance, default: Policy
) -> None:
    assert seat.instance is not None
    found = effective.held([seat.instance, own])
    assert found[own.pk].any
    assert not found[seat.instance.pk].any
    assert {one.instance.pk for one in under_policies()} == {own.pk}


def test_a_budget_or_a_lifetime_shelves_ones_own_machine_and_no_seats(
    seat: Seat, own: Instance, allocation: Allocation
) -> None:
    assert seat.instance is not None
    shelvable = {one.id: one.shelvable for one in held([allocation.pk])}
    assert shelvable == {str(own.pk): True, str(seat.instance.pk): False}


def test_a_machine_that_only_says_of_itself_that_it_is_a_seat_is_none(own: Instance) -> None:
    own.metadata = {"helioRole": "seat", "helioWorkshop": "x"}
    own.save()
    assert kept_elsewhere([own.pk]) == set()


def test_a_machine_that_is_gone_counts_no_more(seat: Seat) -> None:
    assert seat.instance is not None
    assert kept_elsewhere() == {seat.instance.pk}
    Instance.objects.filter(pk=seat.instance.pk).update(deleted_at=timezone.now())
    assert kept_elsewhere() == set()
