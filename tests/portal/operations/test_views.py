from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import uuid4

import pytest
from django.test import Client

from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.operations import access, hooks, reconciler, services
from portal.operations.models import Operation
from portal.operations.outcomes import Wait
from tests.portal.operations.conftest import Kinds, ask

pytestmark = pytest.mark.django_db
State = Operation.State
HTMX = {"HX-Request": "true"}


@pytest.fixture
def op(ada: User, kinds: Kinds) -> Operation:
    kinds.add(lambda ctx: Wait(600, "Waiting for <the> cloud"))
    asked = ask(ada, target_name="<b>machine</b>")
    reconciler.advance_next()
    asked.refresh_from_db()
    return asked


def signed_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


@pytest.fixture
def colleague_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "_may_access", [lambda user, op, to_change: not to_change])


@pytest.fixture
def manager_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "_may_access", [lambda user, op, to_change: True])


@pytest.fixture(autouse=True)
def nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "_may_access", [])


def test_its_person_sees_it_with_its_history(ada: User, op: Operation) -> None:
    answer = signed_in(ada).get(f"/operations/{op.pk}/")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Asked for by Ada" in text
    assert "<b>machine</b>" not in text
    assert "Waiting for &lt;the&gt; cloud" in text


def test_a_stranger_is_not_told_that_it_exists(bob: User, op: Operation) -> None:
    client = signed_in(bob)
    assert client.get(f"/operations/{op.pk}/").status_code == 404
    assert client.get(f"/operations/{uuid4()}/").status_code == 404
    assert client.post(f"/operations/{op.pk}/cancel/").status_code == 404


def test_a_colleague_sees_it_and_cannot_stop_it(bob: User, op: Operation, colleague_sees: None) -> None:
    client = signed_in(bob)
    assert client.get(f"/operations/{op.pk}/").status_code == 200
    assert client.post(f"/operations/{op.pk}/cancel/").status_code == 403
    op.refresh_from_db()
    assert not op.cancel_requested


def test_a_manager_may_stop_it(bob: User, op: Operation, manager_stops: None) -> None:
    assert signed_in(bob).post(f"/operations/{op.pk}/cancel/", headers=HTMX).status_code == 200
    op.refresh_from_db()
    assert op.cancel_requested


def test_an_operator_sees_it_and_cannot_stop_it(bob: User, op: Operation) -> None:
    bob.is_operator = True
    bob.save()
    assert access.operation_for(bob, op.pk) == op
    with pytest.raises(PortalError, match="portal:forbidden"):
        access.operation_for(bob, op.pk, to_change=True)


def test_who_is_not_signed_in_is_sent_to_sign_in(op: Operation) -> None:
    for method in ("get", "post"):
        answer = getattr(Client(), method)(f"/operations/{op.pk}/{'cancel/' if method == 'post' else ''}")
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")


def test_stopping_takes_a_post(ada: User, op: Operation) -> None:
    assert signed_in(ada).get(f"/operations/{op.pk}/cancel/").status_code == 405


def test_stopping_without_script_leads_back_to_it(ada: User, op: Operation) -> None:
    answer = signed_in(ada).post(f"/operations/{op.pk}/cancel/")
    assert (answer.status_code, answer["Location"]) == (302, f"/operations/{op.pk}/")


def test_stopping_what_is_over_explains_itself(ada: User, op: Operation) -> None:
    Operation.objects.filter(pk=op.pk).update(state=State.DONE)
    answer = signed_in(ada).post(f"/operations/{op.pk}/cancel/", headers=HTMX)
    assert answer.status_code == 409
    assert "already over" in answer.content.decode()


def test_the_page_costs_the_same_queries_however_long_the_history(
    ada: User, op: Operation, django_assert_num_queries: Callable[[int], AbstractContextManager[None]]
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = signed_in(ada)
    with CaptureQueriesContext(connection) as few:
        client.get(f"/operations/{op.pk}/")
    for number in range(30):
        services._write(op, f"line {number}")
    with django_assert_num_queries(len(few)):
        client.get(f"/operations/{op.pk}/")
