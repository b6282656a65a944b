"""The roster: everybody whom any source lists, each once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from allocations.models import Allocation
from allocations.sources import matching, people, requests
from allocations.sources.models import AccountName, MemberRecord
from portal.accounts.models import CloudLink, User
from tests.cast import join, make_user

pytestmark = pytest.mark.django_db


def listed(allocation: Allocation, username: str, source: str = "access", **fields: Any) -> MemberRecord:
    now = timezone.now()
    defaults = {"role": "member", "since": now, "seen_at": now, "name": username.title()}
    return MemberRecord.objects.create(
        allocation=allocation, source=source, username=username, **{**defaults, **fields}
    )


def one(allocation: Allocation, username: str) -> people.Person:
    [found] = [person for person in people.roster(allocation) if person.username == username]
    return found


def test_a_person_of_two_sources_is_there_once(allocation: Allocation, member: User) -> None:
    listed(allocation, "bob", role="manager")
    listed(allocation, "bob@access-ci.org", "keystone")
    bob = one(allocation, "bob")
    assert (bob.user, bob.role, bob.source, bob.advisory) == (member, "member", "keystone", False)
    assert [(said.source, said.role) for said in bob.said] == [("access", "manager"), ("keystone", "member")]
    assert len(people.roster(allocation)) == 1


def test_somebody_who_has_never_signed_in_is_there_by_the_source(allocation: Allocation) -> None:
    listed(allocation, "hiro", role="co_pi", organization="Prairie State", resources=["cpu", "gpu"])
    hiro = one(allocation, "hiro")
    assert (hiro.user, hiro.role, hiro.advisory) == (None, "co_pi", True)
    assert (hiro.organization, hiro.resources, hiro.state_words) == (
        "Prairie State",
        ("cpu", "gpu"),
        "active",
    )


def test_who_is_a_member_here_and_on_no_list_is_there(allocation: Allocation, pi: User) -> None:
    listed(allocation, "hiro")
    assert one(allocation, "alice").state == "active"


def test_an_account_of_another_name_is_found_by_the_clouds_own_id(allocation: Allocation, pi: User) -> None:
    listed(allocation, "amoreau", "keystone", external_id="0a91", user=pi)
    [alice] = people.roster(allocation)
    assert (alice.username, alice.user) == ("amoreau", pi)


def test_pending_says_where_since_when_and_how_long(allocation: Allocation) -> None:
    since = timezone.now() - timedelta(hours=2)
    listed(allocation, "priya", state="pending", since=since)
    priya = one(allocation, "priya")
    assert priya.pending_since == since
    assert priya.state_words.startswith("pending at ACCESS since ")
    assert priya.state_words.endswith("can take four hours")


def test_somebody_asked_for_is_pending_before_any_source_knows(
    allocation: Allocation, pi: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCESS_USERMANAGEMENT_KEY", "k")
    requests.ask(allocation=allocation, by=pi, action="add", usernames=["newbie"], role="ta")
    newbie = one(allocation, "newbie")
    assert (newbie.state, newbie.role, newbie.advisory) == ("pending", "ta", True)
    assert newbie.request is not None


def test_somebody_to_be_removed_is_shown_so(
    allocation: Allocation, pi: User, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCESS_USERMANAGEMENT_KEY", "k")
    requests.ask(allocation=allocation, by=pi, action="remove", usernames=["bob"])
    assert one(allocation, "bob").state_words == "active; removal asked for"


def test_who_manages_comes_first_and_then_the_alphabet(
    allocation: Allocation, pi: User, member: User
) -> None:
    listed(allocation, "zoe", role="manager")
    listed(allocation, "amy")
    assert [person.username for person in people.roster(allocation)] == ["alice", "zoe", "amy", "bob"]


def test_memberships_that_ended_are_over(allocation: Allocation, member: User) -> None:
    allocation.memberships.update(ended_at=timezone.now())
    assert people.roster(allocation) == []


def test_what_the_cloud_calls_them_is_told(allocation: Allocation) -> None:
    listed(allocation, "hiro")
    AccountName.objects.create(cloud="demo", username="hiro", local_name="htanaka")
    AccountName.objects.create(cloud="other", username="hiro", local_name="not-here")
    assert one(allocation, "hiro").also_named == ("htanaka",)


@pytest.mark.parametrize("count", [1, 20, 500])
def test_four_queries_for_any_number(
    allocation: Allocation, count: int, django_assert_num_queries: Callable[[int], Any]
) -> None:
    now = timezone.now()
    MemberRecord.objects.bulk_create(
        MemberRecord(allocation=allocation, source="access", username=f"n{i}", since=now, seen_at=now)
        for i in range(count)
    )
    with django_assert_num_queries(4):
        assert len(people.roster(allocation)) == count


def test_searching_finds_whom_the_portal_knows_and_not_who_is_in(
    allocation: Allocation, other_allocation: Allocation, pi: User
) -> None:
    make_user("amoreno", display_name="Ana Moreno")
    listed(other_allocation, "tmoreau", name="Théo Moreau", email="secret@example.edu")
    listed(allocation, "jmorel", name="Jo Morel")
    found = people.search(allocation, " more ")
    assert {person.username for person in found} == {"amoreno", "tmoreau"}
    assert {person.email for person in found} == {""}, "addresses are not for everybody"
    assert people.search(allocation, "m") == []


def test_people_who_sign_in_are_linked_to_what_is_said_of_them(allocation: Allocation) -> None:
    row = listed(allocation, "hiro")
    keystone = listed(allocation, "htanaka", "keystone", external_id="77ab")
    hiro = make_user("hiro")
    CloudLink.objects.create(user=hiro, cloud="demo", cloud_user_id="77ab")
    matching.link(hiro, "demo")
    row.refresh_from_db()
    keystone.refresh_from_db()
    assert (row.user, keystone.user) == (hiro, hiro)


def test_a_namesake_of_another_cloud_is_not_linked(allocation: Allocation) -> None:
    row = listed(allocation, "hiro")
    matching.link(make_user("hiro"), "elsewhere")
    row.refresh_from_db()
    assert row.user is None


def test_a_name_that_somebody_was_given_here_is_no_proof(allocation: Allocation) -> None:
    """`username` is ours and unique by numbering; the id of the sign-in says who somebody is."""
    row = listed(allocation, "hiro")
    matching.link(make_user("hiro", access_id=""), "demo")
    row.refresh_from_db()
    assert row.user is None
    join(make_user("hiro-2", access_id="hiro@access-ci.org"), allocation)
    assert [person.username for person in people.roster(allocation)] == ["hiro"]
