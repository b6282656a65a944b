"""Whose word counts: docs/adr/0011-sources-and-precedence.md, sentence by sentence."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocations.sources import precedence
from allocations.sources.precedence import Choice, Said, Told

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_the_membership_that_the_portal_enforces_is_the_role() -> None:
    said = [Said("access", "pi", decides=True)]
    assert precedence.role_of(Said("portal", "member"), said) == Choice("member", "portal", advisory=False)


def test_without_a_membership_a_role_is_what_a_source_says_and_advice() -> None:
    said = [Said("keystone", "member"), Said("access", "co_pi")]
    assert precedence.role_of(None, said) == Choice("co_pi", "access", advisory=True)


def test_a_source_whose_word_decides_is_no_advice_and_goes_first() -> None:
    said = [Said("portal", "ta"), Said("access", "co_pi", decides=True)]
    assert precedence.role_of(None, said) == Choice("co_pi", "access", advisory=False)


def test_a_source_that_tells_no_roles_leaves_it_to_the_next() -> None:
    said = [Said("access", ""), Said("keystone", "manager")]
    assert precedence.role_of(None, said) == Choice("manager", "keystone", advisory=True)


def test_where_nobody_tells_a_role_people_are_members_by_whoever_lists_them() -> None:
    assert precedence.role_of(None, [Said("access", "")]) == Choice("member", "access", advisory=True)


@given(st.permutations([Said("access", "pi"), Said("keystone", "member"), Said("claim", "manager")]))
def test_the_order_in_which_sources_speak_does_not_matter(said: list[Said]) -> None:
    assert precedence.role_of(None, said).source == "access"


def test_whom_the_cloud_lets_in_is_active_whatever_a_list_says() -> None:
    pending = [Said("access", "member", "pending")]
    assert precedence.state_of(Said("keystone", "member"), pending) == "active"
    assert precedence.state_of(None, pending) == "pending"
    assert precedence.state_of(None, [Said("access", "member", "inactive")]) == "inactive"


@pytest.mark.parametrize(
    ("field", "first"),
    [("title", "projects"), ("begins", "accounting"), ("ends", "accounting"), ("pi", "projects")],
)
def test_the_provider_knows_its_period_and_the_programme_what_it_is_about(field: str, first: str) -> None:
    told = [Told("cloud", "c", NOW), Told("accounting", "a", NOW), Told("projects", "p", NOW)]
    chosen = precedence.fact(field, told)
    assert chosen is not None
    assert chosen[0].source == first


def test_who_says_otherwise_is_kept_and_who_says_the_same_is_not() -> None:
    told = [
        Told("projects", "Genome  Assembly", NOW),
        Told("accounting", "genome assembly", NOW),
        Told("cloud", "Grasses", NOW - timedelta(days=3)),
    ]
    chosen = precedence.fact("title", told)
    assert chosen is not None
    first, others = chosen
    assert (first.source, [one.source for one in others]) == ("projects", ["cloud"])


def test_a_source_that_tells_nothing_is_passed_over() -> None:
    chosen = precedence.fact("title", [Told("projects", "", NOW), Told("cloud", "Grasses", NOW)])
    assert chosen is not None
    assert chosen[0].value == "Grasses"
    assert precedence.fact("title", [Told("projects", "", NOW)]) is None


def test_a_source_nobody_has_ordered_comes_last() -> None:
    chosen = precedence.fact("title", [Told("another", "A", NOW), Told("cloud", "C", NOW)])
    assert chosen is not None
    assert chosen[0].source == "cloud"
