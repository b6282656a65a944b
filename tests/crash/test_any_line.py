"""A worker is killed with -9 at each line of the reconciler and of a handler; another one takes over."""

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

import portal.operations
from portal.accounts.models import User
from portal.celery import app as celery_app
from portal.core.redis_client import client
from portal.operations import reconciler
from portal.operations.models import Operation
from tests.crash import kinds
from tests.crash.cloud import DirectoryCloud
from tests.portal.operations.conftest import ask

pytestmark = [pytest.mark.crash, pytest.mark.django_db(transaction=True)]

_WATCHED = (str(Path(portal.operations.__file__).parent), str(Path(kinds.__file__).parent))
# At most so many lines are tried, spread evenly; CRASH_LINES=all tries each.
_TRIES = None if os.environ.get("CRASH_LINES") == "all" else 120


def count_lines(stop_at: int | None = None) -> list[int]:
    """Count the lines of our own code that this thread runs from here on; at the given one, die."""
    ran = [0]

    def line(frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            ran[0] += 1
            if ran[0] == stop_at:
                os.kill(os.getpid(), signal.SIGKILL)
        return line

    def call(frame: FrameType, event: str, argument: Any) -> Any:
        return line if frame.f_code.co_filename.startswith(_WATCHED) else None

    sys.settrace(call)
    return ran


def killed_at(line: int) -> bool:
    """Work in a process of its own that dies at that line. False: it was done before it came there."""
    connection.close()
    client().connection_pool.disconnect()
    child = os.fork()
    if child == 0:
        celery_app._after_fork()
        count_lines(line)
        reconciler.advance_next()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def take_over() -> None:
    """What time does: leases end, retries come due, and another worker works."""
    past = timezone.now() - timedelta(seconds=1)
    Operation.objects.filter(state=Operation.State.RUNNING).update(lease_until=past)
    Operation.objects.filter(state__in=["queued", "waiting"]).update(run_after=past)
    while reconciler.advance_next():
        pass


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DirectoryCloud:
    monkeypatch.setenv("CRASH_CLOUD", str(tmp_path))
    return DirectoryCloud(tmp_path)


@pytest.fixture
def ada(transactional_db: None) -> User:
    return User.objects.create_user("ada")


def lines_of_one_run(ada: User) -> int:
    ask(ada, kinds.KIND)
    ran = count_lines()
    try:
        assert reconciler.advance_next()
    finally:
        sys.settrace(None)
    return ran[0]


def test_killed_at_any_line_nothing_is_lost_or_made_twice(
    ada: User, cloud: DirectoryCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The whole operation in one turn, however slow this machine is at the moment.
    monkeypatch.setattr(reconciler, "TURN_SECONDS", 60.0)
    lines = lines_of_one_run(ada)
    step = 1 if _TRIES is None else max(1, lines // _TRIES)
    killed = 0
    for line in range(1, lines + 1, step):
        op = ask(ada, kinds.KIND)
        killed += killed_at(line)
        take_over()
        op.refresh_from_db()
        assert (op.state, op.outcome) == (Operation.State.DONE, "Ready"), f"killed at line {line}"
        for sort in kinds.SORTS:
            made = [name for name, tag in cloud.all(sort) if tag == f"op:{op.pk}"]
            assert made == [op.progress[sort]], f"{len(made)} of {sort}, killed at line {line}"
        assert op.history.filter(message="Ready").count() == 1
    assert killed >= lines // step * 0.95


def test_a_handler_that_does_not_look_would_be_found_out(
    ada: User, cloud: DirectoryCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The harness can fail: without looking first, some line of the same run makes a second server."""
    monkeypatch.setattr(reconciler, "TURN_SECONDS", 60.0)
    lines = lines_of_one_run(ada)
    monkeypatch.setattr(DirectoryCloud, "find", lambda self, sort, tag: None)
    doubled = False
    for line in range(lines // 3, lines + 1, 4):
        op = ask(ada, kinds.KIND)
        killed_at(line)
        take_over()
        doubled = sum(tag == f"op:{op.pk}" for _, tag in cloud.all("server")) > 1
        if doubled:
            break
    assert doubled
