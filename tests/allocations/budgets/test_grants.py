"""The shares of an allocation's own SUs: 50, 80, 90, 100 %, once per resource and period."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from allocations.budgets import grants, watch
from allocations.models import Allocation, Grant
from portal.accounts.models import User
from portal.notices.models import Notice
from tests.cast import join, make_allocation, make_grant
from tests.instances.rows import machine


def titles(user: User) -> list[str]:
    return list(Notice.objects.filter(user=user).order_by("id").values_list("title", flat=True))


def used(allocation: Allocation, su: int, resource: str = "cpu") -> None:
    Grant.objects.filter(allocation=allocation, resource=resource).update(used=Decimal(su))


def test_each_share_is_told_once(allocation: Allocation, pi: User) -> None:
    for su in (49_000, 50_000, 60_000, 80_000, 95_000, 100_000, 100_001):
        used(allocation, su)
        watch.look()
        watch.look()
    assert titles(pi) == [
        "50 % of the CPU SUs of BIO220047 are spent",
        "80 % of the CPU SUs of BIO220047 are spent",
        "90 % of the CPU SUs of BIO220047 are spent",
        "All of the CPU SUs of BIO220047 are spent",
    ]


def test_of_what_was_reached_before_the_portal_looked_the_highest_is_told(
    allocation: Allocation, pi: User
) -> None:
    used(allocation, 93_000)
    used(allocation, 11_000, "gpu")
    watch.look()
    assert sorted(titles(pi)) == [
        "50 % of the GPU SUs of BIO220047 are spent",
        "90 % of the CPU SUs of BIO220047 are spent",
    ]


def test_members_hear_of_it_when_their_machines_are_at_stake(
    allocation: Allocation, pi: User, manager: User, member: User, colleague: User
) -> None:
    machine(allocation, member)
    used(allocation, 80_000)
    watch.look()
    assert titles(member) == [] and len(titles(manager)) == 1
    used(allocation, 90_000)
    watch.look()
    assert len(titles(member)) == 1 and titles(colleague) == []
    assert "90,000 of 100,000 SU are used" in Notice.objects.get(user=member).text


def test_a_new_period_begins_anew(allocation: Allocation, pi: User) -> None:
    used(allocation, 100_000)
    watch.look()
    today = timezone.now().date()
    Grant.objects.filter(allocation=allocation, resource="cpu").update(
        ends_on=today - timedelta(days=1), active=False
    )
    make_grant(allocation, "cpu", awarded=1000, used=500, starts_on=today)
    watch.look()
    assert titles(pi) == [
        "All of the CPU SUs of BIO220047 are spent",
        "50 % of the CPU SUs of BIO220047 are spent",
    ]


def test_who_is_in_two_regions_of_a_project_hears_it_once(allocation: Allocation, pi: User) -> None:
    other = make_allocation(region="TACC")
    make_grant(other, "cpu", used=80_000)
    join(pi, other, "pi")
    used(allocation, 80_000)
    watch.look()
    assert len(titles(pi)) == 1


@pytest.mark.parametrize("changes", [{"active": False}, {"awarded": 0}, {"resource": "storage"}])
def test_what_holds_not_or_is_no_time_is_not_told(
    allocation: Allocation, pi: User, changes: dict[str, Any]
) -> None:
    Grant.objects.filter(allocation=allocation, resource="cpu").update(used=Decimal(100_000), **changes)
    watch.look()
    assert titles(pi) == []


@pytest.mark.parametrize("number", [1, 20, 200])
def test_looking_takes_as_many_queries_for_many_allocations_as_for_one(
    allocation: Allocation, number: int, django_assert_max_num_queries: Any
) -> None:
    made = [allocation, *(make_allocation(f"TST{n:06d}") for n in range(number - 1))]
    for one in made[1:]:
        make_grant(one, used=10_000)
    with django_assert_max_num_queries(10):
        grants.see_to(made, timezone.now())
