"""Machines that push nothing are measured by the lines on their console."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from instances.console import Reading, Usage
from instances.metrics import handlers, store
from instances.metrics.models import Sample
from instances.metrics.points import Point
from instances.metrics.sources import from_console
from instances.mirror import details
from instances.models import Instance
from portal.core import events, presence

Resolution = Sample.Resolution


def lines(now: datetime, *minutes_ago: float, gpus: tuple[float, ...] | None = None) -> list[Usage]:
    return [Usage(now - timedelta(minutes=ago), 10.0, 20.0, 30.0, gpus) for ago in minutes_ago]


def test_lines_become_samples(instance: Instance, now: datetime) -> None:
    assert from_console(instance.pk, lines(now, 2, 1, gpus=(5.0, 6.0)), now) == 2
    row = Sample.objects.filter(resolution=Resolution.FULL).earliest("at")
    assert (row.cpu, row.ram, row.disk, row.net_in) == (10.0, 20.0, 30.0, None)
    assert row.gpus == [{"util": 5.0, "mem": None}, {"util": 6.0, "mem": None}]


def test_the_same_log_read_again_adds_nothing(instance: Instance, now: datetime) -> None:
    found = lines(now, 3, 2, 1)
    from_console(instance.pk, found, now)
    assert from_console(instance.pk, found, now) == 0
    assert Sample.objects.filter(resolution=Resolution.FULL).count() == 3


def test_nor_does_it_after_full_resolution_was_forgotten(instance: Instance, now: datetime) -> None:
    found = lines(now, 600, 300, 1)
    assert from_console(instance.pk, found, now) == 3
    store.roll_up(now)
    store.expire(now)
    assert from_console(instance.pk, found, now) == 0


def test_a_day_of_lines_is_history_at_once(instance: Instance, now: datetime) -> None:
    from_console(instance.pk, lines(now, *range(1, 900)), now)
    assert Sample.objects.filter(resolution=Resolution.MINUTE).count() >= 895
    assert Sample.objects.filter(resolution=Resolution.QUARTER_HOUR).count() >= 59


def test_where_a_guest_pushes_its_lines_say_nothing_new(instance: Instance, now: datetime) -> None:
    minute = now - timedelta(minutes=2)
    pushed = [(instance.pk, Point(minute + timedelta(seconds=5 * index), cpu=11.0)) for index in range(12)]
    store.keep(pushed, now)
    assert from_console(instance.pk, lines(now, 2), now) == 0


@pytest.mark.parametrize("ago", [25 * 60, -6])
def test_lines_of_another_time_are_left_out(instance: Instance, now: datetime, ago: float) -> None:
    assert from_console(instance.pk, lines(now, ago), now) == 0
    assert Sample.objects.count() == 0


class TestLive:
    @pytest.fixture
    def sent(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Sequence[str], events.Event]]:
        found: list[tuple[Sequence[str], events.Event]] = []
        monkeypatch.setattr(
            "instances.metrics.sources.send_best_effort", lambda groups, event: found.append((groups, event))
        )
        return found

    def test_who_watches_sees_them(
        self, instance: Instance, now: datetime, sent: list[tuple[Sequence[str], events.Event]]
    ) -> None:
        presence.touch([f"metrics.{instance.pk}"])
        from_console(instance.pk, lines(now, 1), now)
        ((groups, event),) = sent
        assert groups == [f"metrics.{instance.pk}"]
        assert isinstance(event, events.Samples)
        assert event.instance == str(instance.pk)
        assert event.samples[0] == {
            "t": (now - timedelta(minutes=1)).timestamp(),
            "cpu": 10.0,
            "ram": 20.0,
            "disk": 30.0,
            "gpus": None,
            "net_in": None,
            "net_out": None,
            "disk_read": None,
            "disk_write": None,
            "logins": None,
        }

    def test_for_nobody_nothing_is_sent(
        self, instance: Instance, now: datetime, sent: list[tuple[Sequence[str], events.Event]]
    ) -> None:
        from_console(instance.pk, lines(now, 1), now)
        assert sent == []


def test_the_mirror_hands_its_readings_on(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    assert handlers.usage_lines in details._listeners
    asked: list[UUID] = []
    monkeypatch.setattr(handlers, "from_console", lambda pk, usage, now: asked.append(pk))
    handlers.usage_lines(instance, Reading())
    assert asked == [instance.pk]
