"""Whose account the cloud's own sign-in page connects: nobody is taken for somebody else unasked."""

import pytest

from portal.accounts.whose import CloudUser, expected, same_name

NOBODY = CloudUser("", "")
ALICE, BOB = CloudUser("u1", "alice"), CloudUser("u2", "bob")


def ruling(named: CloudUser, before: CloudUser = NOBODY, *, agreed: str = "", chosen: bool = False) -> bool:
    return expected(
        named=named, before=before, agreed_id=agreed, access_id="alice@access-ci.org", chosen_here=chosen
    )


@pytest.mark.parametrize("name", ["alice", "alice@access-ci.org", "ALICE", " alice@ACCESS-CI.org "])
def test_the_first_time_the_name_has_to_be_the_one_the_person_has_here(name: str) -> None:
    assert ruling(CloudUser("u1", name))


@pytest.mark.parametrize(
    "name", ["bob", "alice@evil.example", "alice2", "", "@access-ci.org", "bob@access-ci.org"]
)
def test_any_other_name_is_asked_about(name: str) -> None:
    assert not ruling(CloudUser("u9", name))


def test_who_was_connected_before_is_expected_whatever_the_name() -> None:
    assert ruling(BOB, before=BOB)
    assert ruling(CloudUser("u2", "robert"), before=BOB)
    assert ruling(CloudUser("new-id", "bob@access-ci.org"), before=BOB)


def test_another_than_before_is_asked_about_even_with_the_name_that_the_person_has_here() -> None:
    assert not ruling(ALICE, before=BOB)
    assert not ruling(BOB, before=ALICE)


def test_whom_the_person_agreed_to_and_what_they_typed_themselves_needs_no_question() -> None:
    assert ruling(BOB, before=ALICE, agreed="u2")
    assert not ruling(BOB, before=ALICE, agreed="u3")
    assert ruling(BOB, before=ALICE, chosen=True)


def test_an_empty_name_is_nobodys() -> None:
    assert not same_name("", "")
    assert not same_name("@", "@x")
