"""What was decided here about people: whose it is, which word counts, and what layers above add up."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from allocations import hooks_people
from allocations.hooks_people import Choice, Decided, Holding, LeftBehind
from allocations.members import deciding
from allocations.members.models import Decision
from allocations.members.shown import letter
from allocations.models import Allocation
from portal.accounts.models import CloudLink, User
from tests.cast import make_user

pytestmark = pytest.mark.django_db


def test_a_decision_is_found_by_the_person_and_by_names_that_others_vouch_for(
    pi: User, allocation: Allocation
) -> None:
    project = allocation.project_id
    deciding.decide(allocation, "Ada", None, by=pi, role="ta")
    by_provider = make_user("someone", access_id="ada@access-ci.org")
    assert deciding.decided(by_provider, "demo") == {project: Decided(role="ta")}
    by_cloud = make_user("other", access_id="")
    assert deciding.decided(by_cloud, "demo") == {}
    CloudLink.objects.create(user=by_cloud, cloud="demo", cloud_user_id="u-1", cloud_user_name="ada")
    assert deciding.decided(by_cloud, "demo") == {project: Decided(role="ta")}


def test_a_decision_is_of_one_cloud(pi: User, member: User, allocation: Allocation) -> None:
    deciding.decide(allocation, "bob", member, by=pi, out=True)
    assert deciding.decided(member, "demo") == {allocation.project_id: Decided(out=True)}
    assert deciding.decided(member, "second") == {}


def test_of_two_decisions_under_two_names_being_out_counts(
    pi: User, member: User, allocation: Allocation
) -> None:
    deciding.decide(allocation, "bob", None, by=pi, out=True)
    Decision.objects.create(
        cloud="demo",
        project_id=allocation.project_id,
        username="bob2",
        user=member,
        role="ta",
        by_name="Alice",
        at=timezone.now() + timedelta(minutes=1),
    )
    assert deciding.decided(member, "demo")[allocation.project_id].out


def test_deciding_anew_replaces_what_was_decided_under_another_name(
    pi: User, member: User, allocation: Allocation
) -> None:
    deciding.decide(allocation, "robert", member, by=pi, out=True)
    deciding.decide(allocation, "bob", member, by=pi)
    assert deciding.decided(member, "demo") == {allocation.project_id: Decided()}
    assert Decision.objects.count() == 1


def test_what_people_hold_is_added_up_and_the_latest_time_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    sources = [
        lambda ids: {1: Holding(machines=2), 2: Holding(1, now - timedelta(hours=1))},
        lambda ids: {2: Holding(last_active=now)},
    ]
    monkeypatch.setattr(hooks_people, "_holdings", sources)
    assert hooks_people.holdings([7]) == {1: Holding(machines=2), 2: Holding(1, now)}


def test_what_nobody_can_settle_is_told_and_not_taken_for_done(pi: User, member: User) -> None:
    told = hooks_people.settle("spaceship", by=pi, whose=member, choices={"1": Choice("hand", pi)})
    assert told == {"1": "Nobody here can do that with it."}


def test_sources_of_what_is_left_are_asked_in_turn(member: User, monkeypatch: pytest.MonkeyPatch) -> None:
    one = LeftBehind("machine", "1", "node", "Active", Decimal(2))
    monkeypatch.setattr(hooks_people, "_left", [lambda ids, user: [one], lambda ids, user: []])
    assert hooks_people.all_left_behind([1], member) == [one]


def test_the_letter_names_who_is_meant_and_where(allocation: Allocation) -> None:
    said = letter(allocation, "add", ["ada", "grace"], "member", "Alice")
    assert said.startswith(
        "Please add these people to BIO220047 (Genome assembly of prairie grasses) as member:"
    )
    assert "  ada\n  grace" in said
    assert "remove these people from" in letter(allocation, "remove", ["ada"], "", "Alice")
