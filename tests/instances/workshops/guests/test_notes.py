"""What seats say of their own set-up, and what is shown of it."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from instances.console import read
from instances.models import Instance
from instances.workshops.guests import notes
from instances.workshops.guests.models import SetupNote
from instances.workshops.models import Seat, Workshop
from tests.instances.workshops.room import seat_machine, seat_of

pytestmark = pytest.mark.django_db


def line(what: str, ok: bool, said: object = "", **more: Any) -> str:
    given = {"helio": "seat", "what": what, "ok": ok, "said": said, "epoch": 1_700_000_000, **more}
    return json.dumps(given)


def take(machine: Instance, *lines: str) -> None:
    notes.console_was_read(machine, read("\n".join(lines)))


def machine_of(seat: Seat) -> Instance:
    assert seat.instance is not None
    return seat.instance


def test_what_is_missing_is_said_in_a_sentence(seat: Seat) -> None:
    machine = machine_of(seat)
    take(machine, line("guard", True), line("repository", False, "no such branch"), line("data-maps", False))
    assert notes.troubles([machine.pk])[machine.pk] == [
        "The data at /data/maps is missing. It is tried again for half an hour.",
        "The repository could not be fetched: no such branch. It is tried again for half an hour.",
    ]


def test_once_it_came_nothing_is_missing(seat: Seat) -> None:
    machine = machine_of(seat)
    take(machine, line("repository", False, "away"))
    take(machine, line("repository", False, "away"), line("repository", True))
    assert notes.troubles([machine.pk]) == {}


def test_its_tile_is_told_when_something_changed_and_only_then(seat: Seat) -> None:
    machine = machine_of(seat)
    before = Seat.objects.get(pk=seat.pk).version
    take(machine, line("repository", False, "away"))
    once = Seat.objects.get(pk=seat.pk).version
    take(machine, line("repository", False, "away"))
    assert (once > before, Seat.objects.get(pk=seat.pk).version) == (True, once)


@pytest.mark.parametrize(
    "hostile",
    [
        line("passwd", False),
        line("data-../../etc", False),
        line("repository", False, ["x"]),
        line("repository", False, epoch="never"),
        '{"helio": "seat"}',
        line("x" * 500, False),
    ],
)
def test_what_no_machine_of_ours_says_is_not_taken(seat: Seat, hostile: str) -> None:
    take(machine_of(seat), hostile)
    assert not SetupNote.objects.exists()


def test_its_words_are_bounded_and_printable(seat: Seat) -> None:
    take(machine_of(seat), line("repository", False, "a\x1b[2J" + "b" * 5000))
    said = SetupNote.objects.get().said
    assert said.isprintable() and len(said) <= 200


def test_a_machine_that_is_no_seat_is_not_listened_to(seat: Seat) -> None:
    machine = machine_of(seat)
    machine.metadata = {}
    take(machine, line("repository", False))
    assert not SetupNote.objects.exists()


def test_a_machine_that_says_ever_more_is_cut_short(seat: Seat) -> None:
    take(machine_of(seat), *(line(f"data-{number}", False) for number in range(200)))
    assert SetupNote.objects.count() <= 24


@pytest.mark.parametrize("count", [1, 20, 100])
def test_one_query_for_any_number_of_seats(workshop: Workshop, count: int) -> None:
    seat = seat_of(workshop)
    machines = [seat_machine(workshop, seat) for _ in range(count)]
    for one in machines:
        take(one, line("repository", False))
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert len(notes.troubles([one.pk for one in machines])) == count
    assert len(asked) == 1
