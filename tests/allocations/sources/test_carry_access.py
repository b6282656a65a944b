"""What a PI asks for, carried out at ACCESS: the emulator's ACCESS, over HTTP, with the portal's own keys."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from allocations.models import Allocation, Membership
from allocations.sources import carrying, people, requests
from allocations.sources.models import MemberRecord, MembershipRequest
from portal.accounts.models import User
from portal.core.models import AuditEvent
from portal.notices.models import Notice
from tests.allocations.sources.conftest import GRANT, AccessWorld
from tests.cast import make_user

pytestmark = pytest.mark.django_db


def ask(bio: Allocation, by: User, *names: str, action: Any = "add", **more: Any) -> list[MembershipRequest]:
    return requests.ask(allocation=bio, by=by, action=action, usernames=names, **more)


def turn(bio: Allocation) -> None:
    """A worker's next look, whatever the time until it is due."""
    MembershipRequest.objects.filter(state__in=MembershipRequest.LIVE).update(
        due_at=timezone.now() - timedelta(seconds=1), lease_until=None
    )
    carrying.carry(bio.pk)


def now(row: MembershipRequest) -> tuple[str, str]:
    row.refresh_from_db()
    return row.state, row.problem_id


def test_somebody_is_added_pending_and_then_active(bio: Allocation, alice: User, access: AccessWorld) -> None:
    [row] = ask(bio, alice, "newbie@access-ci.org")
    assert (row.username, row.state) == ("newbie", "asked")
    turn(bio)
    assert now(row) == ("pending", "")
    assert access.seats()[f"{GRANT}/newbie"] == "pending-active"
    shown = next(person for person in people.roster(bio) if person.username == "newbie")
    assert (shown.state, shown.name) == ("pending", "Nia Novak")
    assert "pending at ACCESS since" in shown.state_words
    assert "four hours" in shown.state_words
    turn(bio)
    assert now(row) == ("pending", "")
    access.finish()
    turn(bio)
    assert now(row) == ("done", "")
    assert next(person for person in people.roster(bio) if person.username == "newbie").state == "active"


def test_looking_again_sends_nothing_again(bio: Allocation, alice: User, access: AccessWorld) -> None:
    ask(bio, alice, "newbie")
    for _ in range(3):
        turn(bio)
    assert access.calls("/add_multiple") == 1


def test_who_asked_is_told_once_that_it_was_done(bio: Allocation, alice: User, access: AccessWorld) -> None:
    ask(bio, alice, "newbie", "jnovak")
    turn(bio)
    assert not Notice.objects.exists()
    access.finish()
    turn(bio)
    turn(bio)
    told = Notice.objects.get()
    assert told.user == alice
    assert "2 people" in told.title
    assert "newbie was added" in told.text
    assert "jnovak was added" in told.text


def test_each_of_several_has_an_outcome_of_their_own(
    bio: Allocation, alice: User, access: AccessWorld
) -> None:
    rows = ask(bio, alice, "newbie", "nobody-at-all", "gsmith", "bob", "not a name")
    turn(bio)
    assert [now(row) for row in rows] == [
        ("pending", ""),
        ("refused", "sources:declined"),
        ("refused", "sources:declined"),
        ("done", ""),
        ("refused", "sources:bad-name"),
    ]
    assert "nobody-at-all is not a known user" in requests.words(rows[1], bio)
    assert "not eligible" in requests.words(rows[2], bio)


def test_somebody_is_removed(bio: Allocation, alice: User, access: AccessWorld) -> None:
    [row] = ask(bio, alice, "bob", action="remove")
    turn(bio)
    assert access.seats()[f"{GRANT}/bob"] == "pending-inactive"
    # Their removal is taken: what is left is the provider's, and nobody waits for it here.
    turn(bio)
    assert now(row) == ("done", "")


def test_somebody_who_is_not_in_is_removed_already(bio: Allocation, alice: User, access: AccessWorld) -> None:
    [row] = ask(bio, alice, "dave", action="remove")
    turn(bio)
    assert now(row) == ("done", "")
    assert access.calls("/remove_multiple") == 0


def test_a_lost_reply_is_looked_for_and_not_sent_again(
    bio: Allocation, alice: User, access: AccessWorld
) -> None:
    access.world.fault("lost-reply", service="access", method="POST", count=1)
    [row] = ask(bio, alice, "newbie")
    turn(bio)
    assert now(row)[0] == "sent"
    turn(bio)
    assert now(row) == ("pending", "")
    assert access.calls("/add_multiple") == 1


def test_a_request_that_never_arrived_is_sent_again(
    bio: Allocation, alice: User, access: AccessWorld
) -> None:
    access.world.fault("reset", service="access", method="POST", count=1)
    [row] = ask(bio, alice, "newbie")
    turn(bio)
    assert now(row) == ("sent", "outside:unavailable")
    assert "tried again by itself" in requests.words(row, bio)
    turn(bio)
    assert now(row) == ("pending", "")


def test_a_worker_that_dies_after_the_call_does_no_harm(
    bio: Allocation, alice: User, access: AccessWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        pass

    def die(*given: object) -> None:
        raise Died

    [row] = ask(bio, alice, "newbie")
    with monkeypatch.context() as patch:
        patch.setattr("allocations.sources.outcomes.waiting", die)
        with pytest.raises(Died):
            turn(bio)
    assert now(row)[0] == "sent"
    carrying.carry(bio.pk)
    assert now(row)[0] == "sent", "its lease keeps others away for a while"
    turn(bio)
    assert now(row) == ("pending", "")
    assert access.calls("/add_multiple") == 1


def test_who_does_not_manage_the_project_there_adds_nobody(
    bio: Allocation, access: AccessWorld, alice: User
) -> None:
    """The portal's key would do it for anybody: so ACCESS is asked first whether they may."""
    bob = make_user("bob")
    Membership.objects.create(user=bob, allocation=bio, role="manager", source="portal")
    [row] = ask(bio, bob, "newbie")
    turn(bio)
    assert now(row) == ("refused", "sources:not-a-manager-there")
    assert access.calls("/add_multiple") == 0
    [allowed] = ask(bio, alice, "newbie")
    turn(bio)
    assert now(allowed) == ("pending", "")


def test_who_is_no_manager_any_more_when_it_is_carried_out_adds_nobody(
    bio: Allocation, alice: User, access: AccessWorld
) -> None:
    [row] = ask(bio, alice, "newbie")
    Membership.objects.filter(user=alice, allocation=bio).update(role="member")
    turn(bio)
    assert now(row) == ("refused", "portal:forbidden")
    assert access.calls("/add_multiple") == 0


def test_without_an_id_that_access_knows_nobody_is_added(
    bio: Allocation, alice: User, access: AccessWorld
) -> None:
    [row] = ask(bio, alice, "newbie")
    User.objects.filter(pk=alice.pk).update(access_id="")
    turn(bio)
    assert now(row) == ("refused", "sources:no-name-there")


@pytest.mark.parametrize(
    ("status", "state", "problem"),
    [
        (403, "refused", "outside:not-allowed"),
        (404, "refused", "sources:unknown-grant"),
        (401, "asked", "outside:key-refused"),
        (429, "asked", "outside:unavailable"),
        (500, "asked", "outside:unavailable"),
        (302, "asked", "outside:bad-answer"),
    ],
)
def test_what_access_says_to_the_look_decides(
    bio: Allocation, alice: User, access: AccessWorld, status: int, state: str, problem: str
) -> None:
    access.world.fault("status", service="access", status=status)
    [row] = ask(bio, alice, "newbie")
    turn(bio)
    assert now(row) == (state, problem)


def test_a_request_that_nobody_takes_ends_in_words(bio: Allocation, alice: User, access: AccessWorld) -> None:
    access.world.fault("status", service="access", status=503)
    [row] = ask(bio, alice, "newbie")
    MembershipRequest.objects.update(deadline=timezone.now())
    turn(bio)
    assert now(row) == ("refused", "sources:not-sent")
    assert "ACCESS could not be reached" in requests.words(row, bio)


def test_a_request_that_stays_pending_for_ever_ends_in_words(
    bio: Allocation, alice: User, access: AccessWorld
) -> None:
    [row] = ask(bio, alice, "newbie")
    turn(bio)
    MembershipRequest.objects.update(deadline=timezone.now())
    turn(bio)
    assert now(row) == ("refused", "sources:took-too-long")


def test_taking_it_back_while_it_is_carried_out_is_not_undone(
    bio: Allocation, alice: User, access: AccessWorld
) -> None:
    [row] = ask(bio, alice, "newbie")
    turn(bio)
    [removal] = ask(bio, alice, "newbie", action="remove")
    assert now(row) == ("refused", "sources:superseded")
    turn(bio)
    turn(bio)
    assert now(removal) == ("done", "")
    assert access.seats()[f"{GRANT}/newbie"] == "pending-inactive"


def test_each_step_is_on_the_trail_with_who_asked(bio: Allocation, alice: User, access: AccessWorld) -> None:
    ask(bio, alice, "newbie")
    turn(bio)
    access.finish()
    turn(bio)
    of_newbie = AuditEvent.objects.filter(target_id="newbie", scope=f"allocation.{bio.pk}")
    assert [event.action for event in of_newbie.order_by("pk")] == [
        "members.add-asked",
        "members.listed",
        "members.changed",
        "members.add-done",
    ]
    changed = of_newbie.get(action="members.changed")
    assert (changed.detail["state_before"], changed.detail["state"]) == ("pending", "active")
    assert of_newbie.get(action="members.add-asked").actor_name == "Alice"


def test_while_many_are_pending_one_look_serves_them_all(
    bio: Allocation, alice: User, access: AccessWorld
) -> None:
    ask(bio, alice, "newbie", "jnovak", "tmoreau", "wnguyen")
    turn(bio)
    access.world.cloud.control("DELETE", "/calls")
    turn(bio)
    assert access.calls() == 1


def test_an_allocation_with_many_requests_is_due_once(
    bio: Allocation, alice: User, access: AccessWorld
) -> None:
    ask(bio, alice, *[f"n{number}" for number in range(30)])
    assert carrying.due() == [bio.pk]
    carrying.carry(bio.pk)
    assert carrying.due() == [], "what was refused is over, what was taken is waited for"


def test_records_are_those_that_the_look_found(bio: Allocation, alice: User, access: AccessWorld) -> None:
    ask(bio, alice, "newbie")
    turn(bio)
    found = {row.username: (row.role, row.state) for row in MemberRecord.objects.filter(allocation=bio)}
    assert found["alice"] == ("pi", "active")
    assert found["hiro"] == ("co_pi", "active")
    assert found["priya"] == ("member", "pending")
