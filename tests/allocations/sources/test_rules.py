import pytest

from allocations.sources import rules


@pytest.mark.parametrize("role", ["pi", "co_pi"])
def test_pi_and_co_pi_are_named_elsewhere(role: str) -> None:
    assert rules.refusal("add", "pi", "", role) == "sources:role-not-given-here"
    assert rules.refusal("role", "pi", "member", role) == "sources:role-not-given-here"


@pytest.mark.parametrize("role", rules.GIVEN_HERE)
def test_other_roles_are_given_here(role: str) -> None:
    assert rules.refusal("add", "manager", "", role) == ""


@pytest.mark.parametrize("action", ["remove", "role"])
def test_nobody_removes_or_demotes_the_pi(action: str) -> None:
    assert rules.refusal(action, "pi", "pi", "member") == "sources:the-pi"


def test_only_the_pi_has_a_co_pi_removed() -> None:
    assert rules.refusal("remove", "manager", "co_pi", "") == "sources:a-co-pi"
    assert rules.refusal("remove", "co_pi", "co_pi", "") == "sources:a-co-pi"
    assert rules.refusal("remove", "pi", "co_pi", "") == ""
    assert rules.refusal("role", "pi", "co_pi", "member") == "sources:a-co-pi"


def test_members_are_removed_by_whoever_manages() -> None:
    assert rules.refusal("remove", "manager", "member", "") == ""
    assert rules.refusal("remove", "manager", "manager", "") == ""
