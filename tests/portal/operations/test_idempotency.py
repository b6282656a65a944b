from collections.abc import Callable
from typing import Any

import pytest

from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.operations.idempotency import once
from portal.operations.models import IdempotencyKey, Operation
from tests.portal.operations.conftest import ask

pytestmark = pytest.mark.django_db


def two(by: User) -> Callable[[], list[Operation]]:
    return lambda: [ask(by), ask(by)]


def test_the_same_request_twice_is_carried_out_once(ada: User, done_kind: None) -> None:
    request = {"name": "x", "count": 2}
    first = once(user=ada, key="k", request=request, submit=two(ada))
    again = once(user=ada, key="k", request={"count": 2, "name": "x"}, submit=two(ada))
    assert [op.pk for op in again] == [op.pk for op in first]
    assert Operation.objects.count() == 2


def test_another_request_under_the_same_key_is_refused(ada: User, done_kind: None) -> None:
    once(user=ada, key="k", request={"name": "x"}, submit=two(ada))
    with pytest.raises(PortalError, match="portal:duplicate"):
        once(user=ada, key="k", request={"name": "y"}, submit=two(ada))


def test_keys_of_two_people_are_apart(ada: User, bob: User, done_kind: None) -> None:
    once(user=ada, key="k", request={"name": "x"}, submit=two(ada))
    assert {op.by for op in once(user=bob, key="k", request={"name": "y"}, submit=two(bob))} == {bob}


def test_without_a_key_each_request_is_carried_out(ada: User, done_kind: None) -> None:
    for _ in range(2):
        once(user=ada, key="", request={}, submit=two(ada))
    assert Operation.objects.count() == 4


def test_a_request_that_was_refused_may_be_sent_again(ada: User, done_kind: None) -> None:
    def refused() -> Any:
        ask(ada)
        raise PortalError("portal:forbidden", need="launching")

    with pytest.raises(PortalError, match="portal:forbidden"):
        once(user=ada, key="k", request={"name": "x"}, submit=refused)
    assert not Operation.objects.exists() and not IdempotencyKey.objects.exists()
    assert len(once(user=ada, key="k", request={"name": "x"}, submit=two(ada))) == 2


def test_a_key_that_is_too_long_is_refused(ada: User) -> None:
    with pytest.raises(PortalError, match="portal:bad-input"):
        once(user=ada, key="k" * 129, request={}, submit=two(ada))
