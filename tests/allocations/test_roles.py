"""Which role may do what."""

import itertools

import pytest

from allocations.roles import MAY, Need, allows, having, rank, strongest

USERS = {"pi", "co_pi", "manager", "ta", "member"}


@pytest.mark.parametrize("role", MAY)
def test_every_role_sees(role: str) -> None:
    assert allows(role, Need.SEE)


@pytest.mark.parametrize("role", MAY)
@pytest.mark.parametrize(
    ("need", "roles"),
    [
        (Need.LAUNCH, USERS),
        (Need.ACT, USERS),
        (Need.ACT_ON_OTHERS, {"pi", "co_pi", "manager", "ta"}),
        (Need.MANAGE, {"pi", "co_pi", "manager"}),
    ],
)
def test_each_need_is_met_by_these_roles_and_no_other(role: str, need: Need, roles: set[str]) -> None:
    assert allows(role, need) == (role in roles)


def test_a_role_nobody_knows_may_nothing() -> None:
    assert not any(allows("owner", need) for need in Need)
    assert not any(allows("", need) for need in Need)


def test_a_stronger_role_may_everything_a_weaker_may() -> None:
    roles = list(MAY)
    for stronger, weaker in itertools.pairwise(roles):
        assert MAY[stronger] >= MAY[weaker]


def test_the_strongest_of_several_is_found_whatever_the_order() -> None:
    assert strongest(["reader", "manager", "member"]) == "manager"
    assert strongest(["owner"]) is None
    assert strongest([]) is None


def test_the_roles_that_may_do_something_come_strongest_first() -> None:
    assert having(Need.MANAGE) == ("pi", "co_pi", "manager")
    assert having(Need.SEE) == tuple(MAY)


def test_a_role_that_nobody_knows_is_below_all() -> None:
    assert [rank(role) for role in ("pi", "reader", "emperor")] == [0, len(MAY) - 1, len(MAY)]
