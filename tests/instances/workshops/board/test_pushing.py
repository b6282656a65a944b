"""Open boards are sent what looks different, once, whatever the number of changes and of viewers."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from redis.exceptions import RedisError

from instances.metrics.models import Sample
from instances.workshops import live
from instances.workshops.board import pushing, tasks
from instances.workshops.learner import calls
from instances.workshops.models import Learner, Seat, Workshop
from portal.core import events, presence
from portal.core.redis_client import client
from tests.instances.workshops.board.said import sample
from tests.instances.workshops.room import seat_of


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    found: list[Any] = []
    monkeypatch.setattr(events, "send", lambda groups, event: found.append((list(groups), event)))
    return found


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    found: list[Any] = []
    monkeypatch.setattr(tasks.push, "apply_async", lambda **options: found.append(options["args"]))
    return found


@pytest.fixture
def watched(seat: Seat) -> Workshop:
    presence.touch([live.group_of(seat.workshop_id)])
    return seat.workshop


def elements(sent: list[Any]) -> set[str]:
    return {event.element for _, event in sent if isinstance(event, events.Html)}


def names(sent: list[Any]) -> list[str]:
    return [event.name for _, event in sent if isinstance(event, events.Changed)]


def test_nobody_looks_and_nothing_is_read(seat: Seat, sent: list[Any], asked: list[Any]) -> None:
    with CaptureQueriesContext(connection) as queries:
        pushing.seats_changed([seat.pk])
        assert pushing.push(seat.workshop_id) == 0
    assert (len(queries), sent, asked) == (0, [], [])


def test_the_first_look_sends_all_and_the_second_nothing(watched: Workshop, sent: list[Any]) -> None:
    pushing.push(watched.pk)
    assert len(elements(sent)) == 5
    assert f"counts-{watched.pk}" in elements(sent)
    assert all(groups == [live.group_of(watched.pk)] for groups, _ in sent)

    sent.clear()
    assert pushing.push(watched.pk) == 0
    assert sent == []


def test_a_seat_that_changed_is_sent_alone_with_the_counts(watched: Workshop, sent: list[Any]) -> None:
    pushing.push(watched.pk)
    sent.clear()
    changed = seat_of(watched, 2)
    Seat.objects.filter(pk=changed.pk).update(stage="building")
    pushing.push(watched.pk)

    assert elements(sent) == {f"seat-{changed.pk}", f"counts-{watched.pk}"}
    assert names(sent) == []


def test_markup_read_later_is_of_a_later_version(watched: Workshop, sent: list[Any]) -> None:
    pushing.push(watched.pk)
    first = max(event.version for _, event in sent if isinstance(event, events.Html))
    sent.clear()
    Seat.objects.filter(workshop=watched).update(stage="broken")
    pushing.push(watched.pk)
    assert all(event.version >= first for _, event in sent if isinstance(event, events.Html))
    assert all(
        f'data-version="{event.version}"' in event.html for _, event in sent if isinstance(event, events.Html)
    )


def test_a_call_makes_the_queue_be_fetched(watched: Workshop, learner: Learner, sent: list[Any]) -> None:
    pushing.push(watched.pk)
    sent.clear()
    calls.ask(learner=learner, text="Help")
    pushing.push(watched.pk)
    assert names(sent) == ["board:calls"]


def test_numbers_pulse_without_markup(watched: Workshop, seat: Seat, sent: list[Any]) -> None:
    held = sample(seat, timezone.now(), cpu=3.0)
    pushing.push(watched.pk)
    sent.clear()
    Sample.objects.filter(pk=held.pk).update(cpu=12.0)
    pushing.push(watched.pk)

    assert elements(sent) == set()
    [(_, event)] = sent
    assert event.detail == {"seats": {str(seat.pk): [10, None, None]}}


def test_of_many_numbers_only_those_that_moved_are_sent(
    watched: Workshop, seat: Seat, other_learner: Learner, sent: list[Any]
) -> None:
    held = sample(seat, timezone.now(), cpu=3.0)
    sample(seat_of(watched, 2), timezone.now(), cpu=50.0)
    pushing.push(watched.pk)
    sent.clear()
    Sample.objects.filter(pk=held.pk).update(cpu=80.0)
    pushing.push(watched.pk)
    assert [event.detail for _, event in sent] == [{"seats": {str(seat.pk): [80, None, None]}}]


def test_a_load_that_hardly_moved_is_not_sent(watched: Workshop, seat: Seat, sent: list[Any]) -> None:
    held = sample(seat, timezone.now(), cpu=10.0)
    pushing.push(watched.pk)
    sent.clear()
    Sample.objects.filter(pk=held.pk).update(cpu=11.0)
    assert pushing.push(watched.pk) == 0


def test_a_seat_that_is_gone_makes_pages_fetch(watched: Workshop, sent: list[Any]) -> None:
    pushing.push(watched.pk)
    sent.clear()
    seat_of(watched, 3).delete()
    pushing.push(watched.pk)
    assert "board:changed" in names(sent)
    sent.clear()
    assert pushing.push(watched.pk) == 0


def test_idle_is_found_by_the_tick(watched: Workshop, learner: Learner, seat: Seat, sent: list[Any]) -> None:
    Learner.objects.filter(pk=learner.pk).update(seen_at=timezone.now() - timedelta(minutes=9, seconds=59))
    tasks.tick.run()
    sent.clear()
    Learner.objects.filter(pk=learner.pk).update(seen_at=timezone.now() - timedelta(minutes=10))
    tasks.tick.run()
    assert f"seat-{seat.pk}" in elements(sent)


def test_many_changes_ask_for_one_reading(
    watched: Workshop, asked: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        for seat in Seat.objects.filter(workshop=watched):
            live.seats_changed([seat])

    assert asked == [(str(watched.pk),)]


def test_a_change_after_the_reading_began_asks_again(watched: Workshop, asked: list[Any]) -> None:
    pushing.ask(watched.pk)
    pushing.push(watched.pk)
    pushing.ask(watched.pk)
    assert len(asked) == 2


def test_what_is_rolled_back_is_not_shown(
    watched: Workshop, asked: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        live.seats_changed([seat_of(watched)])
        transaction.set_rollback(True)
    assert asked == []


def test_a_broker_that_is_away_breaks_nothing(watched: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**options: Any) -> None:
        raise OSError("away")

    monkeypatch.setattr(tasks.push, "apply_async", fails)
    pushing.ask(watched.pk)


def test_a_redis_that_is_away_breaks_nothing(watched: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*names: Any) -> None:
        raise RedisError("away")

    monkeypatch.setattr(client(), "hgetall", fails)
    assert pushing.push(watched.pk) == 0


def test_a_workshop_that_was_deleted_meanwhile_is_no_error(watched: Workshop, sent: list[Any]) -> None:
    pk = watched.pk
    watched.delete()
    assert pushing.push(pk) == 0
