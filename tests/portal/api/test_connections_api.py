"""Connections and recordings by API: the same rules as the pages."""

from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from instances.models import Instance
from instances.remote import recordings, sharing
from instances.remote.models import Recording, RemoteSession
from portal.accounts.models import User
from tests.instances.remote.people import ended_on, session_on, visit_on
from tests.portal.api.conftest import Api

pytestmark = pytest.mark.django_db


def items(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def test_who_is_and_was_connected_to_a_machine(api: Api, machine: Instance, member: User, pi: User) -> None:
    ended = ended_on(machine, member, end_reason="idle")
    live = session_on(machine, member)
    visit_on(sharing.open_seat(by=pi, session=live), pi)
    first, second = items(api(member, "GET", f"instances/{machine.pk}/connections"))
    assert (first["id"], first["ended_at"], first["may_end"], first["you"]) == (
        str(live.pk),
        None,
        True,
        True,
    )
    assert first["visits"][0] == {**first["visits"][0], "person": str(pi), "mode": "view", "left_at": None}
    assert (second["id"], second["reason"], second["may_end"]) == (str(ended.pk), "idle", False)
    assert "too long" in second["ended"]


def test_addresses_are_for_oneself_and_who_manages(
    api: Api, machine: Instance, member: User, pi: User, colleague: User
) -> None:
    ended_on(machine, member)
    for user, address in ((member, "192.0.2.7"), (pi, "192.0.2.7"), (colleague, None)):
        assert items(api(user, "GET", f"instances/{machine.pk}/connections"))[0]["address"] == address


def test_only_what_goes_on_and_only_one_kind(api: Api, machine: Instance, member: User) -> None:
    ended_on(machine, member)
    live = session_on(machine, member, kind="desktop")
    path = f"instances/{machine.pk}/connections"
    assert [one["id"] for one in items(api(member, "GET", f"{path}?live=true"))] == [str(live.pk)]
    assert len(items(api(member, "GET", f"{path}?kind=shell"))) == 1


def test_pages_are_read_on_by_the_place_given(api: Api, machine: Instance, member: User) -> None:
    for _ in range(60):
        ended_on(machine, member)
    first = api(member, "GET", "connections").json()
    assert len(first["items"]) == 50
    rest = api(member, "GET", "connections?" + f"after={first['next'].replace('+', '%2B')}").json()
    assert (len(rest["items"]), rest["next"]) == (10, None)


def test_ones_own_and_those_of_an_allocation(
    api: Api, machine: Instance, member: User, pi: User, assistant: User, colleague: User
) -> None:
    ended_on(machine, member)
    assert items(api(pi, "GET", "connections")) == []
    whole = f"connections?allocation={machine.allocation.slug}"
    assert len(items(api(pi, "GET", whole))) == 1
    assert len(items(api(assistant, "GET", f"{whole}&person={member.pk}"))) == 1
    assert items(api(assistant, "GET", f"{whole}&person={pi.pk}")) == []
    assert api(colleague, "GET", whole).status_code == 403


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("member", 204),
        ("pi", 204),
        ("assistant", 204),
        ("colleague", 403),
        ("operator", 403),
        ("stranger", 404),
    ],
)
def test_ending_one(
    api: Api, machine: Instance, member: User, role: str, status: int, request: pytest.FixtureRequest
) -> None:
    session = session_on(machine, member)
    user = request.getfixturevalue(role)
    assert api(user, "DELETE", f"connections/{session.pk}").status_code == status
    session.refresh_from_db()
    assert (session.ended_at is not None) is (status == 204)


def test_a_reading_token_ends_nothing(api: Api, machine: Instance, member: User) -> None:
    session = session_on(machine, member)
    assert api(member, "DELETE", f"connections/{session.pk}", scope="read").status_code == 403
    assert RemoteSession.objects.get().ended_at is None


@pytest.fixture
def recording(machine: Instance, member: User, settings: Settings, tmp_path: Path) -> Recording:
    settings.RECORDINGS_DIR = tmp_path
    return recordings.start(by=member, session=session_on(machine, member))


def test_what_is_known_of_a_recording(
    api: Api, recording: Recording, member: User, pi: User, colleague: User
) -> None:
    for user in (member, pi):
        found = api(user, "GET", f"recordings/{recording.pk}").json()
        assert found["connection"] == str(recording.session.pk)
        assert found["content"] == f"/remote/recordings/{recording.pk}/cast"
        assert "sealed_key" not in found
    assert api(colleague, "GET", f"recordings/{recording.pk}").status_code == 404


def test_deleting_a_recording(
    api: Api, recording: Recording, member: User, colleague: User, assistant: User
) -> None:
    visit_on(sharing.open_seat(by=assistant, session=recording.session), assistant)
    assert api(colleague, "DELETE", f"recordings/{recording.pk}").status_code == 404
    assert api(assistant, "DELETE", f"recordings/{recording.pk}").status_code == 403
    assert api(member, "DELETE", f"recordings/{recording.pk}").status_code == 204
    recording.refresh_from_db()
    assert recording.removed_at is not None
