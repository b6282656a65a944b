"""Which seats are meant, and what happened at one of them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from instances.workshops.board import helping, history
from instances.workshops.board.choosing import WORDS, Asked, chosen
from instances.workshops.board.facts import read
from instances.workshops.board.tiles import STATES
from instances.workshops.learner import calls
from instances.workshops.models import Learner, Seat, SeatMachine, Workshop
from portal.accounts.models import User
from portal.core.errors import PortalError
from tests.instances.remote.people import ended_on, session_on
from tests.instances.workshops.room import add_seat, seat_machine, seat_of


def keys(workshop: Workshop, *names: str, which: str = "") -> list[str]:
    return [one.key for one in chosen(read(workshop), Asked.read(names, which))]


def test_seats_are_named_by_number_and_spares_by_theirs(workshop: Workshop) -> None:
    assert keys(workshop, "3", "s1", "1", "1") == ["1", "3", "s1"]


def test_a_word_stands_before_what_is_ticked(workshop: Workshop) -> None:
    assert keys(workshop, "3", which="spares") == ["s1"]
    assert keys(workshop, which="all") == ["1", "2", "3"]


def test_a_test_drive_is_meant_only_by_its_own_name(workshop: Workshop) -> None:
    add_seat(workshop, 0)
    assert keys(workshop, which="all") == keys(workshop, which="not-joined") == ["1", "2", "3"]
    assert keys(workshop, "0") == ["0"]


def test_those_who_joined_are_not_among_those_who_did_not(seat: Seat) -> None:
    assert keys(seat.workshop, which="not-joined") == ["2", "3"]


@pytest.mark.parametrize("which", ["nonsense", "ALL", "help", "broken", "away"])
def test_nobody_of_that_word_is_told(workshop: Workshop, which: str) -> None:
    with pytest.raises(PortalError) as told:
        keys(workshop, which=which)
    assert told.value.id == "workshops:nobody-chosen"


def test_every_word_of_the_menu_is_understood(workshop: Workshop) -> None:
    known = {"all", "not-joined", "spares", *STATES}
    assert set(WORDS) <= known


def test_what_happened_is_told_newest_first_with_the_reason(workshop: Workshop) -> None:
    seat, now = seat_of(workshop), timezone.now()
    first, second = seat_machine(workshop, seat, name="one"), seat_machine(workshop, seat, name="two")
    SeatMachine.objects.filter(instance=first).update(
        made_at=now - timedelta(hours=2),
        ready_at=None,
        left_at=now - timedelta(hours=1),
        left_because="stuck",
    )
    lines = history.machines(seat)

    assert [line.words for line in lines] == [
        f"{second.name} was ready.",
        f"{second.name} was asked for.",
        f"{first.name}: Its build took far too long; it was deleted, and another was built.",
        f"{first.name} was asked for.",
    ]
    assert [line.bad for line in lines] == [False, False, True, False]


def test_a_machine_whose_row_is_gone_still_happened(workshop: Workshop) -> None:
    seat = seat_of(workshop)
    SeatMachine.objects.create(workshop=workshop, seat=seat, made_at=timezone.now())
    assert [line.words for line in history.machines(seat)] == ["A machine was asked for."]


def test_calls_are_those_of_who_sits_there_now(seat: Seat, learner: Learner, helper: User) -> None:
    call = calls.ask(learner=learner, text="x")
    calls.done(call=call, by=helper)
    assert [one.done_by for one in history.calls(seat)] == [helper]
    assert history.calls(seat_of(seat.workshop, 2)) == []


def test_only_the_learners_open_shells_and_desktops_are_screens(seat: Seat, lea: User, helper: User) -> None:
    assert seat.instance is not None
    shell = session_on(seat.instance, lea)
    desktop = session_on(seat.instance, lea, kind="desktop")
    session_on(seat.instance, lea, kind="files")
    session_on(seat.instance, lea, started_at=None)
    session_on(seat.instance, helper)
    ended_on(seat.instance, lea)

    assert {one.pk for one in helping.screens(seat)} == {shell.pk, desktop.pk}
    assert helping.is_on_it(seat)
    assert helping.screens(seat_of(seat.workshop, 2)) == []
