"""Looking people up at ACCESS: asked by who manages, answered by a worker, kept for a short while."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from allocations.models import Allocation
from allocations.sources import looking_up, lookups, tidying
from allocations.sources.lookups import Answer
from allocations.sources.models import Lookup
from portal.accounts.models import User
from portal.core.errors import PortalError
from tests.allocations.sources.conftest import AccessWorld
from tests.cast import join, make_user

pytestmark = pytest.mark.django_db


def asked(bio: Allocation, by: User, q: str) -> Answer:
    found = lookups.start(allocation=bio, by=by, q=q)
    looking_up.look_up(str(found))
    return lookups.result(found, by=by)


def test_people_are_found_by_a_part_of_their_name(bio: Allocation, alice: User, access: AccessWorld) -> None:
    answer = asked(bio, alice, "  moreau ")
    assert answer.state == "done"
    assert [(person.username, person.name) for person in answer.found] == [
        ("alice", "Alice Moreau"),
        ("tmoreau", "Théo Moreau"),
    ]
    assert {person.email for person in answer.found} == {""}


def test_an_id_comes_first_with_whether_they_may_be_added(
    bio: Allocation, alice: User, access: AccessWorld
) -> None:
    [gil] = asked(bio, alice, "gsmith").found
    assert (gil.eligible, gil.why_not) == (False, "No institution has confirmed this account")
    [lena] = asked(bio, alice, "lfisher").found
    assert (lena.eligible, lena.why_not) == (False, "the account is suspended")


def test_without_a_key_for_profiles_the_search_still_answers(
    bio: Allocation, alice: User, access: AccessWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACCESS_PROFILES_KEY")
    [gil] = asked(bio, alice, "gsmith").found
    assert gil.eligible


def test_a_profile_that_fails_keeps_nobody_from_being_found(
    bio: Allocation, alice: User, access: AccessWorld
) -> None:
    access.world.fault("status", service="access", path="identity", status=500)
    assert asked(bio, alice, "newbie").state == "done"


def test_nobody_of_that_name_is_an_answer(bio: Allocation, alice: User, access: AccessWorld) -> None:
    answer = asked(bio, alice, "nobody of that name")
    assert (answer.state, answer.found, answer.error_id) == ("done", (), "")


def test_the_same_question_is_answered_from_a_moment_ago(
    bio: Allocation, alice: User, access: AccessWorld
) -> None:
    asked(bio, alice, "novak")
    before = access.calls()
    again = lookups.result(lookups.start(allocation=bio, by=alice, q="novak"), by=alice)
    assert ([person.username for person in again.found], access.calls()) == (["newbie", "jnovak"], before)
    Lookup.objects.update(asked_at=timezone.now() - lookups.KEPT)
    assert asked(bio, alice, "novak").state == "done"
    assert access.calls() > before


def test_access_in_trouble_is_told_in_words(bio: Allocation, alice: User, access: AccessWorld) -> None:
    access.world.fault("status", service="access", status=503)
    answer = asked(bio, alice, "novak")
    assert (answer.state, answer.error_id) == ("failed", "outside:unavailable")
    access.world.mend()
    assert asked(bio, alice, "novak").state == "done", "a failure is not kept"


@pytest.mark.parametrize("role", ["member", "ta", "reader"])
def test_who_does_not_manage_looks_nobody_up(bio: Allocation, access: AccessWorld, role: str) -> None:
    person = make_user("bob")
    join(person, bio, role)
    with pytest.raises(PortalError, match="portal:forbidden"):
        lookups.start(allocation=bio, by=person, q="novak")


def test_an_answer_is_for_who_asked(bio: Allocation, alice: User, access: AccessWorld) -> None:
    found = lookups.start(allocation=bio, by=alice, q="novak")
    other = make_user("hiro")
    join(other, bio, "co_pi")
    for wrong in (str(found), str(uuid4()), "nonsense"):
        with pytest.raises(PortalError, match="portal:not-found"):
            lookups.result(wrong, by=other)


def test_nothing_is_asked_for_too_little(bio: Allocation, alice: User) -> None:
    with pytest.raises(PortalError, match="sources:nothing-asked"):
        lookups.start(allocation=bio, by=alice, q=" a ")


def test_without_a_key_it_says_so(bio: Allocation, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACCESS_USERINFO_KEY")
    with pytest.raises(PortalError, match="sources:cannot"):
        lookups.start(allocation=bio, by=alice, q="novak")


def test_who_asks_all_the_time_is_slowed_down(bio: Allocation, alice: User) -> None:
    with pytest.raises(PortalError, match="portal:too-many"):
        for number in range(40):
            lookups.start(allocation=bio, by=alice, q=f"person {number}")


def test_a_lost_message_is_made_up_for_and_an_old_question_is_not(
    bio: Allocation, alice: User, access: AccessWorld
) -> None:
    found = lookups.start(allocation=bio, by=alice, q="novak")
    assert looking_up.due() == [found]
    looking_up.look_up(str(found))
    looking_up.look_up(str(found))
    assert looking_up.due() == []
    assert access.calls("/search") == 1
    late = lookups.start(allocation=bio, by=alice, q="fisher")
    Lookup.objects.filter(pk=late).update(asked_at=timezone.now() - timedelta(minutes=2))
    assert looking_up.due() == []
    assert lookups.result(late, by=alice).error_id == "sources:no-answer-yet"


def test_answers_of_yesterday_are_removed(bio: Allocation, alice: User) -> None:
    old, new = (lookups.start(allocation=bio, by=alice, q=q) for q in ("fisher", "novak"))
    Lookup.objects.filter(pk=old).update(asked_at=timezone.now() - timedelta(hours=25))
    tidying.tidy()
    assert list(Lookup.objects.values_list("pk", flat=True)) == [new]
