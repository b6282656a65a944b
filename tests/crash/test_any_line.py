"""A process is killed with -9 at each line of our own code that it runs; another one takes over."""

import os
from collections.abc import Iterable

import pytest

from portal.accounts.models import User
from portal.operations import reconciler
from portal.operations.models import Operation
from tests.crash import kinds
from tests.crash.cloud import DirectoryCloud
from tests.crash.harness import killed_at, lines_of, take_over
from tests.portal.operations.conftest import ask

pytestmark = [pytest.mark.crash, pytest.mark.django_db(transaction=True)]


def some_of(lines: int, tries: int) -> Iterable[int]:
    """So many of the lines, spread evenly; CRASH_LINES=all gives each."""
    step = 1 if os.environ.get("CRASH_LINES") == "all" else max(1, lines // tries)
    return range(1, lines + 1, step)


def carried_out_once(op: Operation, cloud: DirectoryCloud) -> None:
    op.refresh_from_db()
    assert (op.state, op.outcome) == (Operation.State.DONE, "Ready")
    for sort in kinds.SORTS:
        assert [name for name, tag in cloud.all(sort) if tag == f"op:{op.pk}"] == [op.progress[sort]]
    assert op.history.filter(message="Ready").count() == 1


def test_a_worker_killed_at_any_line_loses_nothing_and_makes_nothing_twice(
    ada: User, cloud: DirectoryCloud, one_turn: None
) -> None:
    ask(ada, kinds.KIND)
    lines = list(some_of(lines_of(reconciler.advance_next), 100))
    killed = 0
    for line in lines:
        op = ask(ada, kinds.KIND)
        killed += killed_at(line, reconciler.advance_next)
        take_over()
        try:
            carried_out_once(op, cloud)
        except AssertionError as error:
            raise AssertionError(f"killed at line {line}: {error}") from error
    assert killed >= len(lines) * 0.95


def test_a_handler_that_does_not_look_would_be_found_out(
    ada: User, cloud: DirectoryCloud, one_turn: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The harness can fail: without looking first, some line of the same run makes a second server."""
    ask(ada, kinds.KIND)
    lines = lines_of(reconciler.advance_next)
    monkeypatch.setattr(DirectoryCloud, "find", lambda self, sort, tag: None)
    for line in range(lines // 3, lines + 1, 4):
        op = ask(ada, kinds.KIND)
        killed_at(line, reconciler.advance_next)
        take_over()
        if sum(tag == f"op:{op.pk}" for _, tag in cloud.all("server")) > 1:
            return
    pytest.fail("no line of the run made a second server")


def test_a_web_process_killed_while_it_accepts_keeps_all_of_the_request_or_none(
    ada: User, cloud: DirectoryCloud
) -> None:
    lines = list(some_of(lines_of(lambda: ask(ada, kinds.KIND)), 40))
    take_over()
    kept = 0
    for line in lines:
        Operation.objects.all().delete()
        assert killed_at(line, lambda: ask(ada, kinds.KIND))
        asked = list(Operation.objects.all())
        take_over()
        for op in asked:
            kept += 1
            assert op.history.filter(message="Asked for by ada").count() == 1
            carried_out_once(op, cloud)
    assert 0 < kept < len(lines)
