"""Processes that die where they are told to, and what time does afterwards."""

import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from django.db import connection
from django.utils import timezone

import portal.operations
from portal.celery import app as celery_app
from portal.core.redis_client import client
from portal.operations import reconciler
from portal.operations.models import Operation
from tests.crash import kinds

_WATCHED = (str(Path(portal.operations.__file__).parent), str(Path(kinds.__file__).parent))


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


def lines_of(work: Callable[[], object]) -> int:
    """How many lines of our own this takes when nothing goes wrong."""
    ran = count_lines()
    try:
        work()
    finally:
        sys.settrace(None)
    return ran[0]


def killed_at(line: int, work: Callable[[], object]) -> bool:
    """Do it in a process of its own that dies at that line. False: it was over before it came there."""
    connection.close()
    client().connection_pool.disconnect()
    child = os.fork()
    if child == 0:
        forget_connections()
        count_lines(line)
        work()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def forget_connections() -> None:
    """Those to the broker are the parent's."""
    app: Any = celery_app
    app._after_fork()


def take_over() -> None:
    """What time does: leases end, retries come due, and another worker works."""
    past = timezone.now() - timedelta(seconds=1)
    Operation.objects.filter(state=Operation.State.RUNNING).update(lease_until=past)
    Operation.objects.filter(state__in=["queued", "waiting"]).update(run_after=past)
    while reconciler.advance_next():
        pass
