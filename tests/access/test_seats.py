"""Everybody who is at no seat of this room now, whatever else they are, is to every URL what a newcomer is.

A newcomer is signed in and a member of nothing: what they are refused, these are refused, so that nobody learns either
that there is a workshop, a seat or a machine.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from instances.models import Instance
from instances.workshops.models import Helper, Learner, Seat, Workshop
from portal.accounts.models import User
from portal.core.models import AuditEvent
from portal.operations.models import Operation
from tests.access import test_every_url as table
from tests.access.table import CHANGING, GET, WHO
from tests.cast import make_allocation, make_user
from tests.instances.workshops.room import (
    make_helper,
    make_learner,
    make_workshop,
    seat_machine,
    seat_of,
    sit,
)

# Its fixtures: whatever each address there is about.
globals().update(
    {name: found for name, found in vars(table).items() if type(found).__name__.startswith("Fixture")}
)
# What they may see of their own part is theirs (tests/instances/workshops/learner), and is nothing of the machine.
OWN_PART = {
    *("learner:page", "learner:state", "learner:help", "learner:steps", "learner:here", "learner:put-away"),
    *("api:get_part", "roster:calendar", "roster:come", "roster:leave", "after:work", "runs:own-work"),
}
HOUR = timedelta(hours=1)
Case = Callable[[Seat, User], User]


def classmate(seat: Seat, lea: User) -> User:
    """At the next seat of the same workshop."""
    otto = make_user("otto")
    sit(seat_of(seat.workshop, 2), make_learner(seat.workshop, otto))
    return otto


def waits(seat: Seat, lea: User) -> User:
    otto = make_user("otto")
    make_learner(seat.workshop, otto, state=Learner.State.WAITING, waiting_since=timezone.now())
    return otto


def asks(seat: Seat, lea: User) -> User:
    otto = make_user("otto")
    make_learner(seat.workshop, otto, state=Learner.State.ASKING)
    return otto


def guest_without_a_seat(seat: Seat, lea: User) -> User:
    gil = make_user("gil", access_id="", email="")
    make_learner(seat.workshop, gil, via=Learner.Via.GUEST)
    return gil


def of_another_workshop(seat: Seat, lea: User) -> User:
    """At a seat of another workshop of the same allocation."""
    other, otto = make_workshop(seat.workshop.allocation, seat.workshop.owner), make_user("otto")
    sit(seat_of(other), make_learner(other, otto))
    return otto


def helps_elsewhere(seat: Seat, lea: User) -> User:
    other = make_workshop(make_allocation("TRA220099"), None)
    hugo = make_user("hugo")
    make_helper(other, hugo, Helper.Role.INSTRUCTOR)
    return hugo


def helped_once(seat: Seat, lea: User) -> User:
    hugo = make_user("hugo")
    make_helper(seat.workshop, hugo).delete()
    return hugo


def removed(seat: Seat, lea: User) -> User:
    Learner.objects.filter(seat=seat).update(state=Learner.State.OUT)
    Seat.objects.filter(pk=seat.pk).update(learner=None)
    return lea


def removed_but_still_at_the_seat(seat: Seat, lea: User) -> User:
    """The process died between the two: the state counts."""
    Learner.objects.filter(seat=seat).update(state=Learner.State.OUT)
    return lea


def after_the_end(seat: Seat, lea: User) -> User:
    Workshop.objects.filter(pk=seat.workshop_id).update(state=Workshop.State.ENDED)
    return lea


def past_its_time(seat: Seat, lea: User) -> User:
    """Nobody has noted yet that it ended: the clock counts."""
    Workshop.objects.filter(pk=seat.workshop_id).update(closes_at=timezone.now() - HOUR / 60)
    return lea


def before_it_opens(seat: Seat, lea: User) -> User:
    Workshop.objects.filter(pk=seat.workshop_id).update(opens_at=timezone.now() + HOUR)
    return lea


def planned_only(seat: Seat, lea: User) -> User:
    Workshop.objects.filter(pk=seat.workshop_id).update(state=Workshop.State.PLANNED)
    return lea


def given_another_machine(seat: Seat, lea: User) -> User:
    Seat.objects.filter(pk=seat.pk).update(instance=None)
    sit(seat_of(seat.workshop), None, seat_machine(seat.workshop))
    return lea


def moved_to_another_seat(seat: Seat, lea: User) -> User:
    learner = Learner.objects.get(seat=seat)
    Seat.objects.filter(pk=seat.pk).update(learner=None)
    sit(seat_of(seat.workshop, 2), learner)
    return lea


CASES: list[Case] = [
    *(classmate, waits, asks, guest_without_a_seat, of_another_workshop, helps_elsewhere, helped_once),
    *(removed, removed_but_still_at_the_seat, after_the_end, past_its_time, before_it_opens, planned_only),
    *(given_another_machine, moved_to_another_seat),
]
# Those who have a part in the workshop still, and with it a page of their own.
AT_A_SEAT_OF_IT = {"classmate", "given_another_machine", "moved_to_another_seat"}
AT_THEIR_SEAT = {"learner:files", "learner:desktop", "learner:open", "learner:port-open"}


@pytest.fixture(params=CASES, ids=lambda case: case.__name__)
def one(
    request: pytest.FixtureRequest, address: Any, seat_here: Seat, seat_learner: User
) -> tuple[str, Client]:
    """Once everything that addresses are about is there."""
    client = Client()
    client.force_login(request.param(seat_here, seat_learner))
    return request.param.__name__, client


def tried(names: Mapping[str, str], case: str) -> list[str]:
    """What a newcomer is refused."""
    left_out = OWN_PART | (AT_THEIR_SEAT if case in AT_A_SEAT_OF_IT else set())
    return sorted(name for name, who in names.items() if "newcomer" not in WHO[who] and name not in left_out)


def test_no_page_is_shown_to_them(one: tuple[str, Client], address: Any, machine: Instance) -> None:
    case, client = one
    wrong = {}
    for name in tried(GET, case):
        path = address(name)
        found = client.get(path)
        # What is closed to learners between meetings says so instead of not being there.
        closed = name in AT_THEIR_SEAT and found.status_code == 409
        if found.status_code not in {403, 404} and not closed:
            wrong[name] = found.status_code
        told = found.content.replace(path.encode(), b"")
        assert machine.name.encode() not in told, (case, name)
        assert str(machine.pk).encode() not in told, (case, name)
    assert wrong == {}


def test_nothing_is_done_by_them(one: tuple[str, Client], address: Any) -> None:
    case, client = one
    before = (AuditEvent.objects.count(), Operation.objects.count())
    answered = {
        name: client.post(address(name), {"kind": "shell"}).status_code for name in tried(CHANGING, case)
    }
    done = {name: status for name, status in answered.items() if status not in {302, 401, 403, 404, 409}}
    assert done == {}
    assert (AuditEvent.objects.count(), Operation.objects.count()) == before
