"""Several workers at once, on the database that the run uses: threads, as in a real worker."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from django.db import connection

from portal.accounts.models import User
from portal.operations import queue, reconciler
from portal.operations.context import Context
from portal.operations.idempotency import once
from portal.operations.models import Operation
from portal.operations.outcomes import Done, Next, Outcome
from tests.portal.operations.conftest import Kinds, ask

pytestmark = pytest.mark.django_db(transaction=True)
State = Operation.State
THREADS = 8


def in_threads(work: Callable[[], None], count: int = THREADS) -> list[threading.Thread]:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def join(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()


def test_each_operation_is_claimed_by_exactly_one_worker(ada: User, done_kind: None) -> None:
    asked = {ask(ada).pk for _ in range(40)}
    claimed: list[UUID] = []

    def work() -> None:
        while (turn := queue.claim_next()) is not None:
            claimed.append(turn.op.pk)

    join(in_threads(work))
    assert set(claimed) == asked
    assert max(Counter(claimed).values()) == 1


def test_one_key_sent_by_many_at_once_is_carried_out_once(ada: User, done_kind: None) -> None:
    answers: list[list[UUID]] = []

    def work() -> None:
        made = once(user=ada, key="k", request={"name": "x"}, submit=lambda: [ask(ada), ask(ada)])
        answers.append([op.pk for op in made])

    join(in_threads(work))
    assert len(answers) == THREADS
    assert all(answer == answers[0] for answer in answers)
    assert Operation.objects.count() == 2


@dataclass
class Cloud:
    """Notes when each create call was sent; each takes 300 ms."""

    sent: list[tuple[float, str]] = field(default_factory=list)

    def launch(self, ctx: Context) -> Outcome:
        if ctx.step == "start":
            return Next("create", "Making it")
        self.sent.append((time.monotonic(), ctx.op.by.username))
        time.sleep(0.3)
        return Done("Made")


def test_a_hundred_launches_of_one_do_not_hold_up_the_one_of_another(
    ada: User, bob: User, kinds: Kinds
) -> None:
    cloud = Cloud()
    kinds.add(cloud.launch)
    for _ in range(100):
        ask(ada)
    began = time.monotonic()
    idle = threading.Event()

    def work() -> None:
        while not idle.is_set():
            if not reconciler.advance_next():
                time.sleep(0.02)

    threads = in_threads(work)
    while len(cloud.sent) < 30:
        time.sleep(0.02)
    asked = time.monotonic()
    ask(bob)
    while len(cloud.sent) < 101 and time.monotonic() - began < 40:
        time.sleep(0.05)
    idle.set()
    join(threads)
    sent_for_bob = next(at for at, name in cloud.sent if name == "bob")
    assert Counter(name for _, name in cloud.sent) == {"ada": 100, "bob": 1}
    assert sent_for_bob - asked <= 1.0
    assert max(at for at, _ in cloud.sent) - began <= 20.0


def test_a_wake_during_the_step_is_not_lost(ada: User, kinds: Kinds) -> None:
    from portal.operations import services
    from portal.operations.outcomes import Wait

    def run(ctx: Context) -> Outcome:
        if ctx.progress.get("looked"):
            return Done()
        # The mirror, in another process, sees the machine change just after this step had looked at it.
        other = in_threads(lambda: woken.append(services.wake("instance", [ctx.op.target_id])), 1)
        join(other)
        return Wait(600, progress={"looked": True})

    woken: list[int] = []
    kinds.add(run)
    op = ask(ada)
    assert reconciler.advance_next()
    op.refresh_from_db()
    assert op.state == State.QUEUED
    assert reconciler.advance_next()
    op.refresh_from_db()
    assert op.state == State.DONE
