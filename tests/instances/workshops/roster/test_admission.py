"""Who may join: every rule, and the refused beside the allowed."""

import pytest

from instances.workshops.roster.admission import Comer, Rules, decide, rules_of, wrong

ADA = Comer("ada", "ada@example.edu", "", "https://idp.example.edu/idp")


def test_without_a_rule_the_link_lets_in_and_without_the_link_nobody() -> None:
    assert decide(Rules(), ADA, state="", by_link=True).way == "in"
    assert decide(Rules(), ADA, state="", by_link=False).problem == "roster:not-on-it"


def test_the_roster_lets_in_whatever_the_rules_for_others_are() -> None:
    strict = Rules(roster_only=True, domains=("other.org",), approve=True)
    for state in ("invited", "waiting", "in"):
        assert decide(strict, ADA, state=state, by_link=False).way == "in"


def test_roster_only_refuses_everybody_else() -> None:
    answer = decide(Rules(roster_only=True), ADA, state="", by_link=True)
    assert (answer.way, answer.problem, answer.params["who"]) == ("no", "roster:not-on-it", "ada")


@pytest.mark.parametrize(
    ("domain", "way"),
    [("example.edu", "in"), ("EXAMPLE.edu", "in"), ("other.org", "no"), ("ample.edu", "no")],
)
def test_a_domain_is_that_of_a_verified_address_or_of_the_identity_provider(domain: str, way: str) -> None:
    rules = rules_of({"domains": [domain]})
    by_mail = Comer("ada", "ada@example.edu")
    by_provider = Comer("ada", "", "", "https://login.example.edu/idp")
    assert decide(rules, by_mail, state="", by_link=True).way == way
    assert decide(rules, by_provider, state="", by_link=True).way == way


def test_an_address_that_nobody_verified_lets_nobody_in_and_is_told_of() -> None:
    rules = Rules(domains=("example.edu",))
    liar = Comer("ada", "", "ada@example.edu", "https://elsewhere.org/idp")
    assert decide(rules, liar, state="", by_link=True).problem == "roster:unverified"
    stranger = Comer("eve", "", "eve@elsewhere.org")
    assert decide(rules, stranger, state="", by_link=True).problem == "roster:other-domain"


def test_where_the_instructor_decides_one_asks() -> None:
    rules = Rules(approve=True)
    assert decide(rules, ADA, state="", by_link=True).way == "ask"
    assert decide(rules, ADA, state="asking", by_link=True).way == "ask"


def test_who_was_removed_stays_out() -> None:
    assert decide(Rules(), ADA, state="out", by_link=True).problem == "roster:removed"


def test_guests_come_where_they_are_taken_and_nowhere_else() -> None:
    guest = Comer("Guest 1", guest=True)
    assert decide(Rules(guests=True, roster_only=True), guest, state="", by_link=False).way == "in"
    assert decide(Rules(), guest, state="", by_link=True).problem == "roster:no-guests"


@pytest.mark.parametrize("stored", [None, [], "x", {"domains": "example.edu"}, {"domains": [1]}])
def test_rules_that_cannot_be_understood_let_nobody_in(stored: object) -> None:
    assert rules_of(stored).roster_only


def test_rules_are_stored_and_read_again() -> None:
    rules = Rules(True, ("example.edu",), True, True)
    assert rules_of(rules.stored()) == rules
    assert rules_of({}) == Rules()


def test_what_is_no_domain_is_told_of() -> None:
    assert wrong(Rules(domains=("example.edu", "ada@example.edu"))) == ""
    assert wrong(Rules(domains=("not a domain",))).startswith("not a domain: ")
    assert wrong(Rules(domains=tuple(f"d{n}.org" for n in range(21))))
