from dataclasses import dataclass

import pytest

from allocations.budgets.applies import Who, budgets_for, counts, limits_for

BOB = Who(7, "member", frozenset({3}))
LONE = Who(8, "member")


@dataclass(frozen=True)
class Rule:
    subject: str
    user_id: int | None = None
    group_id: int | None = None
    resource: str = ""


OWN, OTHERS = Rule("member", user_id=7), Rule("member", user_id=9)
GROUP, OTHER_GROUP = Rule("group", group_id=3), Rule("group", group_id=4)
DEFAULT = Rule("default")


def test_ones_own_budget_and_those_of_ones_groups_all_count() -> None:
    assert budgets_for([OWN, OTHERS, GROUP, OTHER_GROUP], BOB) == [OWN, GROUP]


def test_the_default_is_for_whoever_has_none_of_their_own() -> None:
    assert budgets_for([OWN, GROUP, DEFAULT], LONE) == [DEFAULT]
    assert budgets_for([OWN, DEFAULT], BOB) == [OWN]
    assert budgets_for([GROUP, DEFAULT], BOB) == [GROUP]


def test_a_default_of_another_resource_stays_beside_ones_own() -> None:
    own, of_gpu, of_all = (
        Rule("member", user_id=7, resource="cpu"),
        Rule("default", resource="gpu"),
        Rule("default"),
    )
    assert budgets_for([own, of_gpu, of_all], BOB) == [own, of_gpu, of_all]
    assert budgets_for([OWN, of_gpu, of_all], BOB) == [OWN]


@pytest.mark.parametrize("role", ["pi", "co_pi", "manager"])
def test_who_manages_is_not_bound_by_a_default_but_by_a_budget_set_on_them(role: str) -> None:
    assert budgets_for([DEFAULT], Who(7, role)) == []
    assert budgets_for([OWN, DEFAULT], Who(7, role)) == [OWN]
    assert limits_for([DEFAULT], Who(7, role)) == []
    assert limits_for([OWN, DEFAULT], Who(7, role)) == [OWN]


def test_nobody_in_particular_has_no_budget() -> None:
    assert budgets_for([OWN, DEFAULT], Who(None)) == []
    assert budgets_for([DEFAULT], Who(8)) == []  # no member any more


def test_limits_on_a_person_replace_those_of_groups_and_those_the_default() -> None:
    given = [OWN, GROUP, DEFAULT]
    assert limits_for(given, BOB) == [OWN]
    assert limits_for([GROUP, DEFAULT], BOB) == [GROUP]
    assert limits_for(given, LONE) == [DEFAULT]
    both = Who(7, "member", frozenset({3, 4}))
    assert limits_for([GROUP, OTHER_GROUP], both) == [GROUP, OTHER_GROUP]


def test_a_budget_of_a_machine_is_nobodys() -> None:
    assert budgets_for([Rule("machine")], BOB) == []


def test_a_budget_counts_its_resource_or_all() -> None:
    assert counts("", "gpu") and counts("gpu", "gpu")
    assert not counts("gpu", "cpu")
