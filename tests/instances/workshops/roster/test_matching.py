"""Which line of the roster somebody is: by what is vouched for, never by a name or an address that is not."""

from uuid import UUID, uuid4

import pytest

from instances.workshops.roster.matching import Comer, Line, differs, match


def line(
    email: str = "",
    access_id: str = "",
    *,
    state: str = "invited",
    user_id: int | None = None,
    name: str = "Ada",
) -> Line:
    return Line(uuid4(), name, email, access_id, state, user_id)


def comer(*ids: str, email: str = "", proved: UUID | None = None) -> Comer:
    return Comer(7, "Ada", frozenset(ids), email, proved)


def test_by_the_id_in_any_spelling() -> None:
    ada = line(access_id="ADA")
    assert match([line(access_id="bob"), ada], comer("ada", "ada@access-ci.org")).line == ada


def test_by_a_verified_address_in_any_spelling() -> None:
    ada = line("Ada@Example.edu")
    assert match([ada], comer(email="ada@example.edu")).line == ada


def test_never_by_a_name_and_never_without_a_verified_address() -> None:
    assert match([line("ada@example.edu", name="Ada")], comer("other")).line is None


def test_an_address_beside_somebody_elses_id_is_theirs() -> None:
    shared = line("lab@example.edu", "bob")
    assert match([shared], comer("ada", email="lab@example.edu")).line is None
    assert match([shared], comer("bob", email="lab@example.edu")).line == shared


def test_who_has_no_id_is_known_by_the_address_beside_one() -> None:
    both = line("ada@example.edu", "ada")
    assert match([both], comer(email="ada@example.edu")).line == both


def test_of_several_lines_the_id_goes_first_and_the_others_are_twins() -> None:
    by_mail, by_id = line("ada@example.edu"), line(access_id="ada")
    found = match([by_mail, by_id], comer("ada", email="ada@example.edu"))
    assert (found.line, found.twins) == (by_id, (by_mail,))


def test_a_mailed_link_goes_before_the_id() -> None:
    mailed, by_id = line("old@example.edu"), line(access_id="ada")
    found = match([by_id, mailed], comer("ada", proved=mailed.id))
    assert (found.line, found.twins) == (mailed, (by_id,))


def test_a_line_that_somebody_else_joined_as_is_nobody_elses() -> None:
    taken = line("ada@example.edu", user_id=8, state="in")
    assert match([taken], comer(email="ada@example.edu", proved=taken.id)).line is None


def test_what_they_joined_as_goes_before_everything() -> None:
    own, other = line("x@example.edu", user_id=7, state="in"), line(access_id="ada")
    found = match([other, own], comer("ada"))
    assert (found.line, found.twins) == (own, (other,))


def test_a_removed_line_is_found_after_one_that_is_not() -> None:
    out, fresh = line("ada@example.edu", state="out"), line("ada@example.edu")
    found = match([out, fresh], comer(email="ada@example.edu"))
    assert (found.line, found.twins) == (fresh, ())
    assert match([out], comer(email="ada@example.edu")).line == out


@pytest.mark.parametrize(
    ("roster", "account", "told"),
    [
        ("Ada Lovelace", "Ada King", False),
        ("Ada Lovelace", "LOVELACE, Ada", False),
        ("Ada Lovelace", "Grace Hopper", True),
        ("Ada Lovelace", "", False),
    ],
)
def test_another_name_is_worth_a_look(roster: str, account: str, told: bool) -> None:
    assert differs(roster, account) is told
