"""The portal's page about the ports of a machine. What it leads to is tried in test_entry.py."""

from typing import Any

import pytest
from django.test import Client

from instances.models import Instance
from instances.remote import closing
from instances.remote.models import RemoteSession
from instances.remote.ports import looking
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent


@pytest.fixture
def path(machine: Instance) -> str:
    return f"/instances/{machine.pk}/ports/"


@pytest.fixture
def owner(client: Client, member: User) -> Client:
    client.force_login(member)
    return client


HTMX = {"HX-Request": "true"}


def test_the_page_offers_known_applications_and_says_how_to_start_them(owner: Client, path: str) -> None:
    page = owner.get(path).content.decode()
    assert "jupyter lab --no-browser" in page and "RStudio" in page
    assert "Ports 80, 443, 1024 to 65535 can be opened." in page


def test_a_link_may_fill_in_the_port_and_nothing_else(owner: Client, path: str) -> None:
    assert 'value="6006"' in owner.get(f"{path}?port=6006").content.decode()
    assert "<script>alert" not in owner.get(f'{path}?port="><script>alert(1)</script>').content.decode()


def test_what_is_open_is_listed_and_closed(owner: Client, path: str, machine: Instance) -> None:
    assert owner.post(f"{path}open/", {"where": "8888"}).status_code == 200
    session = RemoteSession.objects.get()
    listed = owner.get(f"{path}?part=open", headers=HTMX).content.decode()
    assert "8888" in listed and f"/remote/{session.pk}/close-port/" in listed and "<html" not in listed
    closed = owner.post(f"/remote/{session.pk}/close-port/", headers=HTMX)
    assert b"Nothing." in closed.content
    session.refresh_from_db()
    assert (session.end_reason, session.ended_by_id) == ("closed", session.person_id)
    assert "Opened lately" in owner.get(path).content.decode()


def test_ports_of_another_sign_in_are_not_offered_as_open(owner: Client, path: str, member: User) -> None:
    owner.post(f"{path}open/", {"where": "8888"})
    other = Client()
    other.force_login(member)
    assert b"close-port" in owner.get(path).content
    assert b"close-port" not in other.get(path).content


def test_somebody_elses_port_cannot_be_closed(owner: Client, path: str, pi: User) -> None:
    owner.post(f"{path}open/", {"where": "8888"})
    session = RemoteSession.objects.get()
    other = Client()
    other.force_login(pi)
    assert other.post(f"/remote/{session.pk}/close-port/").status_code == 404
    session.refresh_from_db()
    assert session.ended_at is None


@pytest.mark.parametrize("where", ["", "jupyter", "70000", "ssh://x:22"])
def test_what_is_no_port_is_told_beside_the_field(owner: Client, path: str, where: str) -> None:
    answer = owner.post(f"{path}open/", {"where": where})
    assert answer.status_code == 422
    assert b'aria-invalid="true"' in answer.content and b'id="where-error"' in answer.content
    assert not RemoteSession.objects.exists()


def test_a_machine_that_cannot_be_reached_says_so_on_the_page(
    owner: Client, path: str, machine: Instance
) -> None:
    Instance.objects.filter(pk=machine.pk).update(status="SHUTOFF")
    assert "is stopped" in owner.get(path).content.decode()
    assert "is stopped" in owner.get(f"{path}?part=state", headers=HTMX).content.decode()
    assert owner.post(f"{path}open/", {"where": "8888"}).status_code == 409


def test_the_machine_itself_is_asked_what_listens(owner: Client, path: str, member: User) -> None:
    """Over a real sshd; the kernel that answers is this computer's, so it is only known what may be among it."""
    answer = owner.post(f"{path}listening/", headers=HTMX)
    assert answer.status_code == 200
    assert b"port 22<" not in answer.content
    assert AuditEvent.objects.filter(action="remote.looked").count() == 1
    assert not RemoteSession.objects.exists()


def _answers(monkeypatch: pytest.MonkeyPatch, found: Any) -> None:
    async def asked(way: Any, by: Any) -> list[int]:
        if isinstance(found, PortalError):
            raise found
        return list(found)

    monkeypatch.setattr(looking, "_ask", asked)


def test_what_listens_is_offered_with_hints(
    owner: Client, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _answers(monkeypatch, [22, 631, 8888, 12345])
    page = owner.post(f"{path}listening/").content.decode()
    assert 'value="8888"' in page and 'value="12345"' in page and "It asks for a token" in page
    assert 'value="631"' not in page and 'value="22"' not in page


def test_that_nothing_listens_is_told_with_what_to_do(
    owner: Client, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _answers(monkeypatch, [])
    assert b"jupyter lab --no-browser" in owner.post(f"{path}listening/", headers=HTMX).content


def test_a_machine_that_does_not_let_us_look_says_why(
    owner: Client, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _answers(monkeypatch, PortalError("remote:port-cut", outcome="retry"))
    answer = owner.post(f"{path}listening/", headers=HTMX)
    assert answer.status_code == 502 and answer.headers["HX-Retarget"] == "#problems"


def test_looking_is_limited(owner: Client, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _answers(monkeypatch, [])
    monkeypatch.setattr(looking, "_MOST_A_MINUTE", 2)
    statuses = [owner.post(f"{path}listening/", headers=HTMX).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_the_path_with_an_applications_token_is_in_no_log_of_what_was_done(owner: Client, path: str) -> None:
    owner.post(f"{path}open/", {"where": "http://localhost:8888/lab?token=t0ken"})
    events = AuditEvent.objects.filter(action="remote.opened")
    assert events.exists() and "t0ken" not in str(list(events.values()))


def test_ended_sessions_are_not_reused(owner: Client, path: str, member: User) -> None:
    owner.post(f"{path}open/", {"where": "8888"})
    closing.end_session(session=RemoteSession.objects.get(), by=member)
    owner.post(f"{path}open/", {"where": "8888"})
    assert RemoteSession.objects.count() == 2
