"""The database or Redis is away for a while, at any moment of the work."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection

from portal.accounts.models import User
from portal.operations import reconciler, tasks
from portal.operations.models import Operation
from tests.conftest import OwnRedis
from tests.crash import kinds
from tests.crash.cloud import DirectoryCloud
from tests.crash.harness import take_over
from tests.crash.test_any_line import carried_out_once
from tests.portal.operations.conftest import ask

pytestmark = [pytest.mark.crash, pytest.mark.django_db(transaction=True)]


class Outage:
    """The database answers so many queries, and then none."""

    def __init__(self, answers: int) -> None:
        self.left = answers

    def __call__(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        if self.left <= 0:
            raise OperationalError("the database is away")
        self.left -= 1
        return execute(*arguments)


def test_the_database_may_go_away_before_any_query(ada: User, cloud: DirectoryCloud, one_turn: None) -> None:
    counter = Outage(10_000)
    ask(ada, kinds.KIND)
    with connection.execute_wrapper(counter):
        reconciler.advance_next()
    queries = 10_000 - counter.left
    for answered in range(queries):
        op = ask(ada, kinds.KIND)
        with connection.execute_wrapper(Outage(answered)), pytest.raises(OperationalError):
            reconciler.advance_next()
        connection.close()
        take_over()
        carried_out_once(op, cloud)


def test_what_is_asked_for_while_redis_is_away_is_found_by_the_sweep(
    ada: User, cloud: DirectoryCloud, redis_of_this_run: OwnRedis
) -> None:
    redis_of_this_run.stop()
    try:
        op = ask(ada, kinds.KIND)
    finally:
        redis_of_this_run.start()
    assert op.state == Operation.State.QUEUED
    tasks.sweep()
    assert tasks._messages() == 1
    tasks.advance()
    carried_out_once(op, cloud)


def test_a_worker_goes_on_while_redis_is_away(
    ada: User, cloud: DirectoryCloud, one_turn: None, redis_of_this_run: OwnRedis
) -> None:
    op = ask(ada, kinds.KIND)
    redis_of_this_run.stop()
    try:
        reconciler.advance_next()
    finally:
        redis_of_this_run.start()
    carried_out_once(op, cloud)


def test_a_redis_that_is_away_does_not_hold_a_request_for_long(
    ada: User, cloud: DirectoryCloud, redis_of_this_run: OwnRedis
) -> None:
    redis_of_this_run.stop()
    done = threading.Event()

    def accept() -> None:
        for _ in range(20):
            ask(ada, kinds.KIND)
        connection.close()
        done.set()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        assert done.wait(8)
    finally:
        redis_of_this_run.start()
        thread.join()
