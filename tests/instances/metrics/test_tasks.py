"""From the stream into the database."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from redis.exceptions import RedisError

from instances.metrics import store, stream, tasks
from instances.metrics.ingest import Ingest
from instances.metrics.models import Sample
from instances.models import Instance
from portal.core.redis_client import client
from tests.instances.metrics.conftest import Guest


def pushed(instance: Instance, *samples: dict[str, object]) -> None:
    packed = json.dumps(list(samples) or [Guest.sample()])
    client().xadd(stream.STREAM, {"i": str(instance.pk), "s": packed})


@pytest.mark.django_db(transaction=True)
async def test_what_a_guest_pushed_is_a_row(instance: Instance, ingest: Ingest) -> None:
    sample = Guest.sample()
    assert await Guest(ingest, instance.pk).push(sample) == 202
    assert await sync_to_async(tasks.drain)() == 1
    row = await Sample.objects.aget()
    assert row.instance_id == instance.pk
    assert abs(row.at.timestamp() - sample["t"]) < 0.001
    assert (row.cpu, row.ram, row.disk, row.net_in) == (12.0, 34.0, 56.0, 1000.0)


def test_the_stream_is_empty_afterwards(instance: Instance) -> None:
    for index in range(3):
        pushed(instance, Guest.sample(t=time.time() - index))
    assert tasks.drain() == 3
    assert stream.waiting() == 0
    assert tasks.drain() == 0


def test_more_than_fits_in_one_reading_is_drained_too(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "PUSHES_AT_ONCE", 2)
    for index in range(5):
        pushed(instance, Guest.sample(t=time.time() - index))
    assert tasks.drain() == 5


def test_a_worker_that_dies_before_it_has_stored_loses_nothing(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    pushed(instance)
    with monkeypatch.context() as patch:
        patch.setattr(store, "keep", _dies)
        with pytest.raises(KeyboardInterrupt):
            tasks.drain()
    assert stream.waiting() == 1
    client().delete(tasks.LOCK)
    assert tasks.drain() == 1


def test_one_that_dies_before_it_has_removed_stores_nothing_twice(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    pushed(instance)
    with monkeypatch.context() as patch:
        patch.setattr(stream, "remove", _dies)
        with pytest.raises(KeyboardInterrupt):
            tasks.drain()
    client().delete(tasks.LOCK)
    tasks.drain()
    assert Sample.objects.count() == 1
    assert stream.waiting() == 0


def test_two_drains_at_once_are_one(instance: Instance) -> None:
    pushed(instance)
    client().set(tasks.LOCK, 1)
    assert tasks.drain() == 0
    assert stream.waiting() == 1


def test_a_drain_that_failed_does_not_hold_up_the_next(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(count: int) -> None:
        raise RedisError("away")

    with monkeypatch.context() as patch:
        patch.setattr(stream, "read", fails)
        with pytest.raises(RedisError):
            tasks.drain()
    pushed(instance)
    assert tasks.drain() == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"i": "no id of a machine", "s": json.dumps([Guest.sample()])},
        {"i": "0198f6a0-0000-7000-8000-000000000000", "s": "{not json"},
        {"i": "0198f6a0-0000-7000-8000-000000000000", "s": "7"},
        {"i": "0198f6a0-0000-7000-8000-000000000000", "s": '[{"another": "format"}]'},
        {"i": "0198f6a0-0000-7000-8000-000000000000", "s": json.dumps([{**Guest.sample(), "t": 1e300}])},
        {"another": "format"},
    ],
)
def test_what_cannot_be_read_does_not_hold_up_what_comes_after_it(
    instance: Instance, fields: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """Such as a push of a newer portal, taken in while workers are replaced."""
    entry: Any = fields
    client().xadd(stream.STREAM, entry)
    pushed(instance)
    assert tasks.drain() == 1
    assert stream.waiting() == 0
    assert "dropped" in caplog.text


def test_a_roll_up_that_takes_longer_than_a_minute_is_not_joined_by_the_next(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    rolled: list[datetime] = []

    def slow(now: datetime) -> None:
        rolled.append(now)
        tasks.roll_up()

    monkeypatch.setattr(store, "roll_up", slow)
    tasks.roll_up()
    assert len(rolled) == 1
    monkeypatch.setattr(store, "roll_up", rolled.append)
    tasks.roll_up()
    assert len(rolled) == 2


def test_samples_of_a_machine_deleted_meanwhile_are_dropped(instance: Instance) -> None:
    pushed(instance)
    Instance.objects.update(deleted_at=datetime.now(UTC))
    assert tasks.drain() == 0
    assert stream.waiting() == 0


def test_the_upkeep_rolls_up_and_forgets(instance: Instance) -> None:
    now = datetime.now(UTC)
    Sample.objects.create(instance=instance, at=now - timedelta(seconds=90), cpu=10.0)
    Sample.objects.create(instance=instance, at=now - timedelta(hours=2), cpu=10.0)
    tasks.roll_up()
    assert Sample.objects.filter(resolution=Sample.Resolution.MINUTE).count() == 1
    assert Sample.objects.filter(resolution=Sample.Resolution.FULL).count() == 1


def _dies(*args: object) -> None:
    raise KeyboardInterrupt
