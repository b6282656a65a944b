"""Whom something about a machine concerns."""

from django.utils import timezone

from allocations.models import Allocation, Membership
from instances.concerned import concerned
from portal.accounts.models import User
from tests.instances.rows import machine


def test_its_owner_and_nobody_else(allocation: Allocation, pi: User, member: User) -> None:
    assert concerned(machine(allocation, member)) == [member]


def test_who_manages_where_the_owner_has_left_or_is_not_known(
    allocation: Allocation, pi: User, manager: User, member: User
) -> None:
    theirs, nobodys = machine(allocation, member), machine(allocation, None)
    Membership.objects.filter(user=member).update(ended_at=timezone.now())
    for one in (theirs, nobodys):
        assert {user.pk for user in concerned(one)} == {pi.pk, manager.pk}
