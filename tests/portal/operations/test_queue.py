from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.accounts.models import User
from portal.operations import queue
from portal.operations.models import Operation
from portal.operations.outcomes import Done
from portal.operations.turns import LEASE
from tests.portal.operations.conftest import Kinds, ask

State = Operation.State
pytestmark = pytest.mark.django_db


def claim_owner() -> str:
    turn = queue.claim_next()
    assert turn is not None
    return turn.op.by.username


def finish_next() -> str:
    turn = queue.claim_next()
    assert turn is not None
    turn.give_back(State.DONE)
    return turn.op.by.username


def test_one_persons_operations_are_taken_in_their_order(ada: User, done_kind: None) -> None:
    asked = [ask(ada).pk for _ in range(3)]
    taken = []
    while (turn := queue.claim_next()) is not None:
        taken.append(turn.op.pk)
    assert taken == asked


def test_a_single_operation_goes_beside_the_first_of_anothers_hundred(
    ada: User, bob: User, done_kind: None
) -> None:
    for _ in range(20):
        ask(ada)
    for _ in range(10):
        finish_next()
    ask(bob)
    assert "bob" in [finish_next() for _ in range(2)]


def test_two_backlogs_are_taken_in_turns(ada: User, bob: User, done_kind: None) -> None:
    for _ in range(6):
        ask(ada)
    for _ in range(6):
        ask(bob)
    owners = [finish_next() for _ in range(12)]
    assert owners == ["ada", "bob"] * 6


def test_an_idle_person_gathers_no_credit(ada: User, bob: User, done_kind: None) -> None:
    for _ in range(30):
        ask(ada)
    for _ in range(20):
        finish_next()
    for _ in range(10):
        ask(bob)
    owners = [finish_next() for _ in range(20)]
    assert owners[:10].count("ada") >= 4


def test_a_backlog_goes_on_while_others_ask_for_one_after_another(ada: User, done_kind: None) -> None:
    """Four people, one of them with everything asked for at once: each gets about a quarter of the turns."""
    others = {name: User.objects.create_user(name) for name in ("bob", "cyd", "dan")}
    for _ in range(30):
        ask(ada)
    for other in others.values():
        ask(other)
    served: Counter[str] = Counter()
    for _ in range(60):
        owner = finish_next()
        served[owner] += 1
        if owner in others:
            ask(others[owner])
    assert max(served.values()) - min(served.values()) <= 2


def test_what_was_asked_of_an_idle_portal_is_not_held_against_anybody(
    ada: User, bob: User, done_kind: None
) -> None:
    for _ in range(20):
        ask(bob)
        finish_next()
    for _ in range(10):
        ask(ada)
    ask(bob)
    assert "bob" in [finish_next() for _ in range(2)]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.booleans(), min_size=4, max_size=20))
def test_while_both_wait_neither_is_more_than_one_ahead(
    ada: User, bob: User, done_kind: None, order: list[bool]
) -> None:
    Operation.objects.all().delete()
    for mine in order:
        ask(ada if mine else bob)
    served = {"ada": 0, "bob": 0}
    left = {"ada": order.count(True), "bob": order.count(False)}
    while left["ada"] and left["bob"]:
        owner = finish_next()
        served[owner] += 1
        left[owner] -= 1
        assert abs(served["ada"] - served["bob"]) <= 1


def test_the_more_urgent_kind_goes_first(ada: User, bob: User, kinds: Kinds) -> None:
    kinds.add(lambda ctx: Done(), name="test.usual", urgency=5)
    kinds.add(lambda ctx: Done(), name="test.urgent", urgency=2)
    ask(bob, kind="test.usual")
    ask(ada, kind="test.urgent")
    assert claim_owner() == "ada"


def test_what_is_not_due_is_not_taken(ada: User, done_kind: None) -> None:
    ask(ada, run_after=timezone.now() + timedelta(minutes=1))
    assert queue.claim_next() is None


@pytest.mark.parametrize("state", [State.PAUSED, State.DONE, State.FAILED, State.CANCELLED])
def test_what_is_paused_or_over_is_not_taken(ada: User, done_kind: None, state: str) -> None:
    op = ask(ada)
    Operation.objects.filter(pk=op.pk).update(state=state)
    assert queue.claim_next() is None


def test_a_claimed_operation_is_not_taken_twice(ada: User, done_kind: None) -> None:
    ask(ada)
    assert queue.claim_next() is not None
    assert queue.claim_next() is None


def test_what_a_dead_worker_held_is_due_when_its_lease_is_over(ada: User, done_kind: None) -> None:
    ask(ada)
    first = queue.claim_next()
    assert first is not None
    soon = timezone.now() + LEASE - timedelta(seconds=1)
    late = timezone.now() + LEASE + timedelta(seconds=1)
    assert queue.claim_next(soon) is None
    second = queue.claim_next(late)
    assert second is not None
    assert second.lease != first.lease


def test_claiming_and_asking_cost_the_same_number_of_queries_however_long_the_queue(
    ada: User, bob: User, done_kind: None, django_assert_num_queries: object
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            ask(bob)
            finish_next()
        return len(queries)

    few = cost()
    for _ in range(40):
        ask(ada)
    assert cost() == few
