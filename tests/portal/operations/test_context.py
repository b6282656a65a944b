import time
from typing import Any

import pytest

from portal.accounts.models import User
from portal.core.claims import claim
from portal.operations import backoff, clouds, queue, reconciler, registry
from portal.operations.context import Context
from portal.operations.models import Operation
from portal.operations.outcomes import Done, Outcome
from portal.operations.turns import LEASE, MARGIN
from tests.portal.operations.conftest import Kinds, ask

pytestmark = pytest.mark.django_db


class Connections:
    """Stands in for the gateway's `connect`."""

    def __init__(self) -> None:
        self.made: list[dict[str, Any]] = []
        self.request_ids: list[str] = []

    def connect(self, user: User, cloud: str, region: str, project_id: str, *, deadline: float) -> Any:
        self.made.append({"user": user, "at": (cloud, region, project_id), "deadline": deadline})
        return self


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Connections:
    made = Connections()
    monkeypatch.setattr(clouds, "connect", made.connect)
    return made


def test_a_step_acts_as_the_person_who_asked(ada: User, kinds: Kinds, connections: Connections) -> None:
    def run(ctx: Context) -> Outcome:
        assert ctx.cloud is ctx.cloud
        return Done()

    kinds.add(run)
    ask(ada)
    reconciler.advance_next()
    [made] = connections.made
    assert (made["user"], made["at"]) == (ada, ("demo", "IU", "p1"))
    assert 0 < made["deadline"] - time.monotonic() <= (LEASE - MARGIN).total_seconds()


def test_a_steps_calls_end_before_its_lease_however_slow_the_database_was(
    ada: User, kinds: Kinds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time that passed while the claim was being written belongs to the lease, not to the step."""
    slow = 20.0

    def claimed_slowly(*given: Any, **changes: Any) -> bool:
        monkeypatch.setattr(time, "monotonic", lambda: began + slow)
        return claim(*given, **changes)

    kinds.add(lambda ctx: Done())
    ask(ada)
    began = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: began)
    monkeypatch.setattr(queue, "claim", claimed_slowly)
    turn = queue.claim_next()
    assert turn is not None
    assert turn.step_deadline <= began + (LEASE - MARGIN).total_seconds()


def test_a_step_that_loops_stops_when_its_time_is_over(ada: User, kinds: Kinds) -> None:
    def run(ctx: Context) -> Outcome:
        ctx.check()
        ctx._turn.step_deadline = time.monotonic() - 1
        ctx.check()
        raise AssertionError

    kinds.add(run)
    op = ask(ada)
    reconciler.advance_next()
    op.refresh_from_db()
    assert (op.state, op.error_id) == (Operation.State.QUEUED, "operations:step-too-long")


def test_a_step_that_needs_no_cloud_connects_to_none(
    ada: User, done_kind: None, connections: Connections
) -> None:
    ask(ada)
    reconciler.advance_next()
    assert connections.made == []


def test_ids_of_the_clouds_changes_are_kept_with_the_step(
    ada: User, kinds: Kinds, connections: Connections
) -> None:
    def run(ctx: Context) -> Outcome:
        assert ctx.cloud
        connections.request_ids = ["req-1", "req-2"]
        return Done("Made")

    kinds.add(run)
    op = ask(ada)
    reconciler.advance_next()
    op.refresh_from_db()
    assert op.request_ids == ["req-1", "req-2"]
    assert op.history.get(message="Made").request_id == "req-2"


def test_a_stage_is_shown_while_the_step_runs(ada: User, kinds: Kinds) -> None:
    def run(ctx: Context) -> Outcome:
        ctx.stage("Uploading")
        assert Operation.objects.get(pk=ctx.op.pk).stage == "Uploading"
        return Done()

    kinds.add(run)
    ask(ada)
    reconciler.advance_next()


def test_two_handlers_of_one_kind_are_a_mistake(kinds: Kinds) -> None:
    kinds.add(lambda ctx: Done())
    with pytest.raises(ValueError, match=r"test\.kind"):
        kinds.add(lambda ctx: Done())
    assert registry.kind_of("test.kind") is not None


def test_credentials_are_renewed_by_accounts(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    from portal.accounts import credentials

    monkeypatch.setattr(credentials, "renew", lambda *given: given == (ada, "demo", "p1"))
    assert clouds.renew(ada, "demo", "p1")
    assert not clouds.renew(ada, "demo", "p2")


@pytest.mark.parametrize("attempts", [0, 1, 3, 10, 10_000])
def test_waiting_grows_to_a_minute_and_is_never_the_same_for_all(attempts: int) -> None:
    waits = {backoff.seconds(attempts) for _ in range(50)}
    longest = min(backoff.LONGEST, 2.0 ** min(attempts, 10))
    assert len(waits) > 10
    assert all(longest / 2 <= seconds <= longest for seconds in waits)


@pytest.mark.parametrize("retry_after", [0.0, 5.0, 120.0])
def test_nobody_comes_back_before_the_cloud_asked_for(retry_after: float) -> None:
    waits = [backoff.seconds(0, retry_after) for _ in range(50)]
    assert min(waits) >= retry_after
    assert max(waits) <= retry_after + max(1.0, retry_after * 0.2)
