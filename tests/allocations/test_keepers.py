"""Who manages an allocation now."""

from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from allocations.keepers import MANAGING, managers
from allocations.models import Allocation, Membership
from portal.accounts.models import User


def test_they_are_those_whose_role_lets_them_manage(
    allocation: Allocation, pi: User, manager: User, member: User, assistant: User, reader: User
) -> None:
    assert {one.pk for one in managers(allocation)} == {pi.pk, manager.pk}
    assert managers(allocation.pk) == managers(allocation)
    assert MANAGING == ("pi", "co_pi", "manager")


def test_who_has_left_or_whose_account_is_closed_is_none_of_them(
    allocation: Allocation, pi: User, manager: User
) -> None:
    Membership.objects.filter(user=pi).update(ended_at=timezone.now())
    User.objects.filter(pk=manager.pk).update(is_active=False)
    assert managers(allocation) == []


def test_one_query_whatever_their_number(
    allocation: Allocation, pi: User, manager: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        assert len(managers(allocation)) == 2
