"""Who may change whom: the whole table, by reason."""

import pytest

from allocations.members import rules
from allocations.members.rules import GIVABLE, ORDER, Actor
from allocations.roles import rank


def why(actor: str, held: str, wanted: str, *, own: bool = False, pis: int = 1) -> str:
    return rules.why_not_change(Actor(actor, pis), held, wanted, own=own)


@pytest.mark.parametrize("actor", ["ta", "member", "reader", ""])
def test_who_does_not_manage_changes_nothing(actor: str) -> None:
    assert why(actor, "member", "ta")
    assert rules.why_not_remove(Actor(actor, 1), "member", own=False)
    assert rules.why_not_add(Actor(actor, 1), "member")


def test_a_manager_may_not_demote_the_pi() -> None:
    assert "only a PI" in why("manager", "pi", "member", pis=2)
    assert "only a PI" in why("co_pi", "pi", "member", pis=2)
    assert why("pi", "pi", "member", pis=2) == ""


def test_the_last_pi_stays_pi_even_by_their_own_word() -> None:
    assert "only PI" in why("pi", "pi", "member", own=True, pis=1)
    assert why("pi", "pi", "member", own=True, pis=2) == ""
    assert "only PI" in rules.why_not_remove(Actor("pi", 1), "pi", own=True)
    assert rules.why_not_remove(Actor("pi", 2), "pi", own=True) == ""


def test_nobody_gives_more_than_they_have() -> None:
    for actor in ("pi", "co_pi", "manager"):
        for wanted in GIVABLE:
            allowed = why(actor, "member" if wanted != "member" else "ta", wanted) == ""
            assert allowed == (rank(wanted) >= rank(actor)), (actor, wanted)


def test_managers_decide_about_those_below_them_only() -> None:
    for held in ORDER:
        touched = rules.why_not_remove(Actor("manager", 2), held, own=False) == ""
        assert touched == (held in ("ta", "member", "reader")), held


def test_one_may_step_down_oneself_but_not_up() -> None:
    assert why("manager", "manager", "member", own=True) == ""
    assert why("manager", "manager", "co_pi", own=True)


def test_a_role_that_the_cloud_gives_is_not_given_here() -> None:
    assert why("pi", "member", "reader")
    assert why("pi", "member", "emperor")
    assert why("pi", "member", "member")


def test_people_come_in_below_the_pis() -> None:
    assert rules.why_not_add(Actor("pi", 1), "co_pi")
    assert rules.why_not_add(Actor("manager", 1), "manager") == ""
    assert [role for role, _ in rules.choices(Actor("manager", 1))] == ["member", "ta", "manager"]
    assert rules.choices(Actor("member", 1)) == []
