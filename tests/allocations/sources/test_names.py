import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocations.sources import names

PATTERN = re.compile(r"^(?P<name>[^@\s]+)@access-ci\.org$")


@pytest.mark.parametrize(
    ("given_name", "plain"),
    [
        ("alice", "alice"),
        ("alice@access-ci.org", "alice"),
        ("  alice@access-ci.org ", "alice"),
        ("alice@elsewhere.edu", "alice@elsewhere.edu"),
    ],
)
def test_the_name_is_what_is_left_without_the_provider(given_name: str, plain: str) -> None:
    assert names.plain(given_name, PATTERN) == plain


def test_without_a_pattern_a_name_stays_as_it_is() -> None:
    assert names.plain("alice@access-ci.org", None) == "alice@access-ci.org"


@pytest.mark.parametrize("name", ["alice", "a", "al-ice_2.x", "a+b@campus.example", "A1"])
def test_names_of_accounts_are_taken(name: str) -> None:
    assert names.valid(name)


@pytest.mark.parametrize(
    "name",
    ["", " ", "a b", "../etc", "..", "a/b", "<b>", "a?x=1", "a%2e", "-a", "a@", "@b", "x" * 129, "a\n"],
)
def test_what_no_account_is_called_is_refused(name: str) -> None:
    assert not names.valid(name)


def test_each_person_is_asked_for_once_in_the_order_given() -> None:
    asked = ["bob", "Alice@access-ci.org", " bob ", "", "alice", "carol"]
    assert names.each_once(asked, PATTERN) == ["bob", "Alice", "carol"]


@given(st.lists(st.text(max_size=20)))
def test_asking_for_the_same_people_twice_is_asking_once(asked: list[str]) -> None:
    once = names.each_once(asked, None)
    assert names.each_once(asked + asked, None) == once
    assert len({names.key(name) for name in once}) == len(once)


@pytest.mark.parametrize(
    ("typed", "asked"), [("a", ""), ("  mo \n reau ", "mo reau"), ("x" * 300, "x" * 100)]
)
def test_a_question_is_one_tidy_line(typed: str, asked: str) -> None:
    assert names.question(typed) == asked


def test_projects_that_are_no_grants_have_no_number() -> None:
    pattern = re.compile(r"(TG-)?[A-Z]{3}\d{6}")
    assert names.grant_number("BIO220047", pattern) == "BIO220047"
    assert names.grant_number("admin", pattern) == ""
    assert names.grant_number("hydrology", None) == "hydrology"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("TG-CCR190024", "CCR190024", True),
        ("bio220047", "BIO220047", True),
        ("BIO220047", "BIO220048", False),
    ],
)
def test_the_old_way_of_writing_a_grant_is_the_same_grant(one: str, other: str, same: bool) -> None:
    assert names.same_grant(one, other) is same
