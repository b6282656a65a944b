"""The board for programs: what it tells, what it does, and to whom."""

from typing import Any

import pytest
from django.test import Client

from instances.workshops.board import acting
from instances.workshops.engine.acts import SeatResult
from instances.workshops.learner import calls
from instances.workshops.learner.models import Message
from instances.workshops.models import HelpRequest, Learner, Seat
from portal.accounts.models import User
from portal.core.errors import PortalError


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    found: list[int] = []

    def stop(*, seats: list[Seat], by: User) -> list[SeatResult]:
        found.extend(seat.number for seat in seats)
        return [SeatResult(seat) for seat in seats]

    monkeypatch.setitem(acting._PLAIN, "stop", stop)
    return found


def call(user: User, seat: Seat, path: str, body: Any = None) -> Any:
    client = Client()
    client.force_login(user)
    url = f"/api/v1/workshops/{seat.workshop_id}/{path}"
    return client.get(url) if body is None else client.post(url, body, content_type="application/json")


def test_seats_are_listed_with_their_states_and_counts(seat: Seat, member: User) -> None:
    found = call(member, seat, "seats").json()

    assert found["words"].startswith("1 of 3 ready")
    assert [(one["key"], one["state"]) for one in found["list"]] == [
        ("1", "joined"),
        ("2", "waiting"),
        ("3", "waiting"),
        ("s1", "waiting"),
    ]
    assert found["list"][0]["machine"] == str(seat.instance_id)


def test_acts_tell_what_became_of_each_seat(seat: Seat, helper: User, stopped: list[int]) -> None:
    answer = call(helper, seat, "seats/acts/stop", {"seats": ["1", "2"]})

    assert answer.status_code == 202
    assert [one["seat"] for one in answer.json()] == ["2", "1"]
    assert "not running" in answer.json()[0]["problem"] and answer.json()[1]["problem"] == ""
    assert stopped == [1]


def test_what_destroys_asks_for_the_count(seat: Seat, member: User, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []

    def replace(*, seats: list[Seat], by: User) -> list[SeatResult]:
        done.extend(seat.number for seat in seats)
        return [SeatResult(seat, PortalError("workshops:unknown")) for seat in seats]

    monkeypatch.setitem(acting._PLAIN, "replace", replace)
    assert call(member, seat, "seats/acts/replace", {"which": "all"}).status_code == 422
    assert call(member, seat, "seats/acts/replace", {"which": "all", "confirm_count": 2}).status_code == 422
    assert done == []
    answer = call(member, seat, "seats/acts/replace", {"which": "all", "confirm_count": 3})
    assert answer.status_code == 202 and done == [1, 2, 3]


def test_only_acts_that_there_are(seat: Seat, member: User) -> None:
    assert call(member, seat, "seats/acts/run", {"which": "all"}).status_code == 422


def test_messages(seat: Seat, member: User, helper: User) -> None:
    assert call(member, seat, "messages", {"text": "Hello", "minutes": 5}).status_code == 201
    assert Message.objects.get().to_all
    assert call(member, seat, "messages", {"text": "You", "seats": ["1"]}).status_code == 201
    assert not Message.objects.order_by("said_at").last().to_all  # type: ignore[union-attr]
    assert call(helper, seat, "messages", {"text": "Hello"}).status_code == 403
    assert Message.objects.count() == 2


def test_calls_are_claimed_once(seat: Seat, learner: Learner, helper: User, member: User) -> None:
    asked = calls.ask(learner=learner, text="Help")
    [listed] = call(member, seat, "calls").json()
    assert (listed["learner"], listed["seat"], listed["text"]) == ("Lea", "seat 1", "Help")

    assert call(helper, seat, f"calls/{asked.pk}/claim", {}).json()[0]["claimed_by"] == "Hanna"
    assert call(member, seat, f"calls/{asked.pk}/claim", {}).status_code == 409
    assert call(member, seat, f"calls/{asked.pk}/done", {}).json() == []


@pytest.mark.parametrize("role", ["lea", "stranger", "colleague"])
def test_strangers_and_learners_get_nothing(
    role: str, seat: Seat, learner: Learner, stopped: list[int], request: pytest.FixtureRequest
) -> None:
    user, asked = request.getfixturevalue(role), calls.ask(learner=learner)
    for path, body in (
        ("seats", None),
        ("calls", None),
        ("seats/acts/stop", {"which": "all"}),
        ("messages", {"text": "x"}),
        (f"calls/{asked.pk}/done", {}),
    ):
        assert call(user, seat, path, body).status_code == 404, path
    assert stopped == [] and not Message.objects.exists()
    assert HelpRequest.objects.get().done_at is None


def test_operators_look_and_do_nothing(
    seat: Seat, learner: Learner, operator: User, stopped: list[int]
) -> None:
    assert call(operator, seat, "seats").status_code == 200
    assert call(operator, seat, "seats/acts/stop", {"which": "all"}).status_code == 403
    assert stopped == []
