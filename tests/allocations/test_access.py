"""The door to an allocation: who may come in, and who is told that it does not exist."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from allocations.access import allocation_by_id, allocation_for, allocations_of
from allocations.models import Allocation
from allocations.roles import Need
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.sockets import group_of
from tests.cast import join, make_allocation, make_user

MEMBERS = {"pi": "pi", "manager": "manager", "assistant": "ta", "member": "member", "reader": "reader"}


def refusal(user: Any, allocation: Allocation, need: Need) -> str:
    with pytest.raises(PortalError) as caught:
        allocation_for(user, allocation.slug, need)
    return caught.value.id


@pytest.mark.parametrize(("name", "role"), MEMBERS.items())
def test_a_member_sees_it_with_their_role(
    request: pytest.FixtureRequest, allocation: Allocation, name: str, role: str
) -> None:
    found = allocation_for(request.getfixturevalue(name), allocation.slug, Need.SEE)
    assert (found.pk, found.viewer_role) == (allocation.pk, role)


@pytest.mark.parametrize("name", ["stranger", "former_member", "newcomer"])
@pytest.mark.parametrize("need", list(Need))
def test_for_others_it_does_not_exist(
    request: pytest.FixtureRequest, allocation: Allocation, name: str, need: Need
) -> None:
    assert refusal(request.getfixturevalue(name), allocation, need) == "allocations:unknown"


def test_what_does_not_exist_is_refused_in_the_same_words(allocation: Allocation, member: User) -> None:
    allocation.slug = "no-such-thing"
    assert refusal(member, allocation, Need.SEE) == "allocations:unknown"


def test_whoever_is_not_signed_in_is_asked_to(allocation: Allocation) -> None:
    assert refusal(AnonymousUser(), allocation, Need.SEE) == "portal:sign-in"
    assert list(allocations_of(AnonymousUser())) == []


@pytest.mark.parametrize(
    ("name", "need"),
    [
        ("reader", Need.LAUNCH),
        ("reader", Need.ACT),
        ("member", Need.ACT_ON_OTHERS),
        ("member", Need.MANAGE),
        ("assistant", Need.MANAGE),
    ],
)
def test_a_role_that_is_too_small_is_told_so(
    request: pytest.FixtureRequest, allocation: Allocation, name: str, need: Need
) -> None:
    assert refusal(request.getfixturevalue(name), allocation, need) == "portal:forbidden"


@pytest.mark.parametrize(
    ("name", "need"),
    [("member", Need.ACT), ("assistant", Need.ACT_ON_OTHERS), ("manager", Need.MANAGE), ("pi", Need.MANAGE)],
)
def test_a_role_that_is_large_enough_passes(
    request: pytest.FixtureRequest, allocation: Allocation, name: str, need: Need
) -> None:
    assert allocation_for(request.getfixturevalue(name), allocation.slug, need) == allocation


def test_an_operator_sees_every_allocation_and_may_no_more(allocation: Allocation, operator: User) -> None:
    assert allocation_for(operator, allocation.slug, Need.SEE).viewer_role == "reader"
    assert refusal(operator, allocation, Need.ACT) == "portal:forbidden"


def test_an_operator_who_is_a_member_has_the_rights_of_one(allocation: Allocation, operator: User) -> None:
    join(operator, allocation, "member")
    assert allocation_for(operator, allocation.slug, Need.LAUNCH).viewer_role == "member"


def test_the_role_is_that_of_the_viewer_and_not_of_another_member(
    allocation: Allocation, pi: User, reader: User
) -> None:
    assert allocation_for(reader, allocation.slug, Need.SEE).viewer_role == "reader"
    assert allocation_for(pi, allocation.slug, Need.SEE).viewer_role == "pi"


def test_coming_back_ends_having_been_a_former_member(allocation: Allocation, former_member: User) -> None:
    join(former_member, allocation, "member")
    assert allocation_for(former_member, allocation.slug, Need.ACT).viewer_role == "member"


def test_by_id_the_same_door(allocation: Allocation, member: User, stranger: User) -> None:
    assert allocation_by_id(member, allocation.pk, Need.SEE) == allocation
    with pytest.raises(PortalError, match="portal:not-found"):
        allocation_by_id(stranger, allocation.pk, Need.SEE)


def test_my_allocations_are_the_live_ones_only(
    allocation: Allocation, other_allocation: Allocation, member: User, former_member: User, operator: User
) -> None:
    assert [(found.pk, found.viewer_role) for found in allocations_of(member)] == [(allocation.pk, "member")]
    assert list(allocations_of(former_member)) == []
    assert list(allocations_of(operator)) == []


@pytest.mark.parametrize("number", [1, 20])
def test_my_allocations_are_one_query(django_assert_num_queries: Any, db: None, number: int) -> None:
    user = make_user("busy")
    for index in range(number):
        join(user, make_allocation(f"BIO{index:06}"), "manager")
    with django_assert_num_queries(1):
        assert [found.viewer_role for found in allocations_of(user)] == ["manager"] * number


def test_a_page_may_listen_to_what_its_person_may_see(
    allocation: Allocation, member: User, stranger: User
) -> None:
    assert group_of(member, f"allocation:{allocation.slug}") == f"allocation.{allocation.pk}"
    with pytest.raises(PortalError, match="allocations:unknown"):
        group_of(stranger, f"allocation:{allocation.slug}")
