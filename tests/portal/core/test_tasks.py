import json
import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest

from portal.celery import app
from portal.core import deadline
from portal.core.errors import PortalError
from portal.core.logs import current_request_id
from portal.core.redis_client import client
from portal.core.tasks import Task


@pytest.fixture
def ran() -> Iterator[Any]:
    """Run a function as a worker would run a task."""
    names: list[str] = []

    def run(function: Any, **options: Any) -> Any:
        def body() -> Any:
            return function()

        decorator: Any = app.task(name=f"test.{len(names)}", **options)
        task = decorator(body)
        names.append(task.name)
        return task.apply()

    yield run
    for name in names:
        app.tasks.pop(name, None)


def test_every_task_has_the_base(ran: Any) -> None:
    app.loader.import_default_modules()
    ours = [task for name, task in app.tasks.items() if not name.startswith("celery.")]
    assert len(ours) >= 4
    assert all(isinstance(task, Task) for task in ours)


def test_a_task_knows_how_long_it_may_go_on(ran: Any) -> None:
    left: list[float] = []
    ran(lambda: left.append(deadline.remaining()), soft_seconds=7.0)
    assert 6 < left[0] <= 7
    assert deadline.current() is None


def test_an_error_ends_the_task_and_not_the_worker(ran: Any, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> None:
        raise KeyError("a mistake of ours")

    result = ran(broken)
    assert result.successful()
    assert "a mistake of ours" in caplog.text


def test_a_portal_error_is_one_line_in_the_log(ran: Any, caplog: pytest.LogCaptureFixture) -> None:
    def refused() -> None:
        raise PortalError("portal:unavailable", part="Nova")

    ran(refused)
    assert "portal:unavailable" in caplog.text
    assert "Traceback" not in caplog.text


def test_log_lines_of_a_task_carry_its_id(ran: Any) -> None:
    seen: list[str] = []
    result = ran(lambda: seen.append(current_request_id()))
    assert seen == [result.id]


def test_a_task_that_is_called_is_a_function() -> None:
    @app.task(name="test.called")
    def broken() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        broken()
    app.tasks.pop("test.called")


def test_an_inner_deadline_never_outlives_the_outer() -> None:
    with deadline.within(5) as outer, deadline.within(50) as inner:
        assert inner == outer
    with deadline.within(50), deadline.within(5):
        assert deadline.remaining() <= 5
    assert deadline.remaining() == float("inf")


def test_messages_hold_no_data_of_anybody() -> None:
    """The message of an operation is empty: what is to be done stands in the database."""
    from portal.operations.enqueue import enqueue

    enqueue()
    [raw] = client().lrange("operations", 0, -1)  # type: ignore[misc]
    message = json.loads(raw)
    assert message["headers"]["task"] == "portal.operations.tasks.advance"
    assert message["content-type"] == "application/json"
    assert (message["headers"]["argsrepr"], message["headers"]["kwargsrepr"]) == ("()", "{}")


def test_workers_take_json_only() -> None:
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == "json"


def test_signs_of_life_cost_no_log_line(caplog: pytest.LogCaptureFixture) -> None:
    from portal.core.tasks import beat_heartbeat

    with caplog.at_level(logging.DEBUG, logger="portal"):
        began = time.monotonic()
        beat_heartbeat()
    assert caplog.text == ""
    assert time.monotonic() - began < 1
