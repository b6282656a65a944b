"""How long the present task may go on. Workers are threads, which no signal can stop: they look at this instead."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def within(seconds: float) -> Iterator[float]:
    """Everything inside is to end by then; an earlier end that was already set stays."""
    outer = _deadline.get()
    end = time.monotonic() + seconds
    if outer is not None:
        end = min(end, outer)
    token = _deadline.set(end)
    try:
        yield end
    finally:
        _deadline.reset(token)


def current() -> float | None:
    """The value of time.monotonic() to hand to `portal.cloud.connection.connect`; None outside of tasks."""
    return _deadline.get()


def remaining() -> float:
    """Seconds left; infinite outside of tasks."""
    end = _deadline.get()
    return float("inf") if end is None else end - time.monotonic()
