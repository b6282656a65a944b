import time
from typing import Any
from unittest.mock import patch

import pytest
from django.db import OperationalError, connection
from django.test import Client

from portal.core import health, tasks
from portal.core.health import Part
from portal.core.redis_client import client as redis_client
from portal.core.tasks import BEAT_KEY, WORKED_KEY, WORKER_KEYS
from tests.conftest import OwnRedis

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def only_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = ("database", "redis", "workers", "beat")
    monkeypatch.setattr(health, "_checks", {name: health._checks[name] for name in ours})


def lives(key: str, seconds_ago: float = 0) -> None:
    redis_client().set(key, repr(time.time() - seconds_ago))


@pytest.fixture
def all_well() -> None:
    lives(WORKER_KEYS + "one")
    lives(WORKED_KEY)
    lives(BEAT_KEY)


def asked(query: str = "") -> tuple[int, Any]:
    answer = Client().get(f"/healthz{query}")
    return answer.status_code, answer.json()


def test_all_well_is_200(all_well: None) -> None:
    status, state = asked()
    assert (status, state["status"], state["culprits"]) == (200, "ok", [])
    assert state["parts"]["workers"] == {"ok": True, "note": "1 running"}


def test_the_answer_is_not_kept_by_caches(all_well: None) -> None:
    assert "no-store" in Client().get("/healthz")["Cache-Control"]


@pytest.mark.parametrize(
    ("key", "culprit"), [(WORKER_KEYS + "one", "workers"), (WORKED_KEY, "workers"), (BEAT_KEY, "beat")]
)
def test_silence_is_503_with_the_culprit_named(all_well: None, key: str, culprit: str) -> None:
    redis_client().delete(key)
    status, state = asked()
    assert (status, state["culprits"]) == (503, [culprit])


@pytest.mark.parametrize(("key", "culprit"), [(WORKER_KEYS + "one", "workers"), (BEAT_KEY, "beat")])
def test_an_old_sign_of_life_is_none(all_well: None, key: str, culprit: str) -> None:
    lives(key, seconds_ago=60)
    assert asked()[1]["culprits"] == [culprit]


def test_workers_that_are_stuck_are_no_workers(all_well: None) -> None:
    lives(WORKED_KEY, seconds_ago=300)
    assert "none has finished a task" in asked()[1]["parts"]["workers"]["note"]


def test_a_database_that_is_away_is_named(all_well: None) -> None:
    with patch.object(connection, "cursor", side_effect=OperationalError("secret-host is down")):
        status, state = asked()
    assert (status, state["culprits"]) == (503, ["database"])
    assert "secret-host" not in str(state)


def test_a_redis_that_is_away_is_named(redis_of_this_run: OwnRedis) -> None:
    redis_of_this_run.stop()
    try:
        status, state = asked()
    finally:
        redis_of_this_run.start()
    assert status == 503
    assert "redis" in state["culprits"]
    assert state["parts"]["database"]["ok"]


def test_a_load_balancer_asks_for_what_it_needs(all_well: None) -> None:
    redis_client().delete(BEAT_KEY)
    status, state = asked("?only=database,redis")
    assert (status, set(state["parts"])) == (200, {"database", "redis"})


def test_layers_above_add_their_parts(all_well: None) -> None:
    health.check("test")(lambda: [Part("vault", False, "sealed")])
    status, state = asked()
    assert (status, state["status"], state["culprits"]) == (503, "failing", ["vault"])


def test_a_sick_cloud_is_named_and_turns_nobody_away(all_well: None) -> None:
    health.check("test")(lambda: [Part("cloud:demo", False, "failing: compute", ours=False)])
    status, state = asked()
    assert (status, state["status"], state["culprits"]) == (200, "degraded", ["cloud:demo"])


def test_beat_and_worker_leave_signs_of_life() -> None:
    tasks.beat_heartbeat()
    tasks._beat_published()
    tasks._worker_lives(sender=type("Sender", (), {"hostname": "one@here"}))
    ages = [health.age(key) for key in (WORKED_KEY, BEAT_KEY, f"{WORKER_KEYS}one@here")]
    assert all(age is not None and age < 5 for age in ages)


def test_without_redis_a_sign_of_life_is_not_an_error(redis_of_this_run: OwnRedis) -> None:
    redis_of_this_run.stop()
    try:
        tasks.beat_heartbeat()
    finally:
        redis_of_this_run.start()


@pytest.mark.parametrize("method", ["post", "delete", "put"])
def test_it_is_only_to_look_at(method: str) -> None:
    assert getattr(Client(), method)("/healthz").status_code == 405
