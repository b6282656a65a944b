"""The dialog of a session's owner, the page before joining, and the page of a recording, as browsers ask for them."""

import json
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient
from django.utils import timezone
from pytest_django import Settings

from instances.models import Instance
from instances.remote import recordings, sharing, tickets
from instances.remote.models import Recording, RemoteSession, Share, Visit
from portal.accounts.models import User
from portal.core import audit, events
from portal.core.errors import PortalError
from tests.instances.remote.people import session_on, visit_on
from tests.instances.remote.test_recordings import closed, written
from tests.instances.views.conftest import HTMX, signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(lab: Instance, member: User) -> RemoteSession:
    return session_on(lab, member)


@pytest.fixture
def share(session: RemoteSession, stranger: User) -> Share:
    return sharing.invite(by=session.person, session=session, invited=stranger, mode="view")


def ask(user: User, path: str, **more: Any) -> Any:
    return signed_in(user).get(path, headers=HTMX, **more)


def say(user: User, path: str, **data: Any) -> Any:
    return signed_in(user).post(path, data, headers=HTMX)


# The owner's dialog.


def test_the_owner_invites_by_a_click_on_who_was_found(session: RemoteSession, colleague: User) -> None:
    path = f"/remote/{session.pk}/share/"
    found = ask(session.person, f"{path}people/?q=coli")
    assert f'value="{colleague.pk}" checked' in found.content.decode()
    answer = say(session.person, path, q="coli", who=colleague.pk, mode="type")
    assert "Colin may type" in text_of(answer)
    made = Share.objects.get()
    assert (made.invited, made.mode, made.created_by) == (colleague, "type", session.person)


def test_the_owner_invites_by_an_id_that_was_typed(session: RemoteSession, stranger: User) -> None:
    say(session.person, f"/remote/{session.pk}/share/", q=stranger.access_id)
    assert Share.objects.get().invited == stranger


def test_a_number_that_the_search_did_not_find_invites_nobody(session: RemoteSession, stranger: User) -> None:
    answer = say(session.person, f"/remote/{session.pk}/share/", q="zz", who=stranger.pk)
    assert answer.status_code == 422
    assert "Who is meant?" in text_of(answer)
    assert not Share.objects.exists()


def test_everybody_is_one_click_and_looks_on_unless_said_otherwise(session: RemoteSession) -> None:
    answer = say(session.person, f"/remote/{session.pk}/share/", who="everybody", mode="root")
    made = Share.objects.get()
    assert (made.invited, made.mode) == (None, "view")
    assert 'value="everybody"' not in answer.content.decode()


def test_a_mode_is_changed_and_an_invitation_ended(session: RemoteSession, share: Share) -> None:
    path = f"/remote/shares/{share.pk}/"
    assert "may type" in text_of(say(session.person, path, do="type"))
    say(session.person, path, do="anything")
    share.refresh_from_db()
    assert (share.mode, share.ended_at) == ("type", None)
    assert "yours alone" in text_of(say(session.person, path, do="end"))


def test_one_on_it_is_let_type_and_shown_out(session: RemoteSession, share: Share, stranger: User) -> None:
    visit = visit_on(share, stranger)
    path = f"/remote/visits/{visit.pk}/"
    say(session.person, path, do="type")
    visit.refresh_from_db()
    assert visit.mode == "type"
    say(session.person, path, do="end")
    visit.refresh_from_db()
    assert visit.left_reason == "dropped"


def test_all_sharing_ends_by_one_click(session: RemoteSession, share: Share) -> None:
    assert "yours alone" in text_of(say(session.person, f"/remote/{session.pk}/unshare/"))
    share.refresh_from_db()
    assert share.ended_at is not None


@pytest.mark.parametrize("role", ["pi", "colleague", "stranger", "operator"])
def test_nobody_else_shares_records_or_changes_anything(
    session: RemoteSession, role: str, stranger: User, request: pytest.FixtureRequest
) -> None:
    share = sharing.invite(by=session.person, session=session, invited=None, mode="view")
    visit = visit_on(share, stranger)
    user = request.getfixturevalue(role)
    for path, data in (
        (f"/remote/{session.pk}/share/", {"who": "everybody", "mode": "type"}),
        (f"/remote/shares/{share.pk}/", {"do": "type"}),
        (f"/remote/shares/{share.pk}/", {"do": "end"}),
        (f"/remote/visits/{visit.pk}/", {"do": "type"}),
        (f"/remote/{session.pk}/unshare/", {}),
        (f"/remote/{session.pk}/record/", {"on": "1"}),
    ):
        assert say(user, path, **data).status_code == 404, path
    share.refresh_from_db()
    visit.refresh_from_db()
    assert (share.mode, share.ended_at, visit.mode, visit.left_at) == ("view", None, "view", None)
    assert not Recording.objects.exists()


def test_without_script_each_form_comes_back_to_the_page(session: RemoteSession) -> None:
    path = f"/remote/{session.pk}/share/"
    answer = signed_in(session.person).post(path, {"who": "everybody"}, follow=True)
    assert answer.redirect_chain == [(path, 302)]
    assert "Everybody with a right to" in text_of(answer)
    assert b"<html" in answer.content


def test_what_others_have_shared_with_me_ends_by_me_only_for_me(share: Share, stranger: User) -> None:
    assert "invites you" in text_of(ask(stranger, "/remote/invitations/"))
    say(stranger, f"/remote/shares/{share.pk}/", do="end")
    assert text_of(ask(stranger, "/remote/invitations/")) == ""


def test_who_is_invited_may_not_let_themselves_type(share: Share, stranger: User) -> None:
    assert say(stranger, f"/remote/shares/{share.pk}/", do="type").status_code == 404
    share.refresh_from_db()
    assert share.mode == "view"


def test_a_session_that_ended_is_shared_no_more(session: RemoteSession, colleague: User) -> None:
    RemoteSession.objects.update(ended_at=timezone.now())
    path = f"/remote/{session.pk}/share/"
    assert "has ended" in text_of(ask(session.person, path))
    assert say(session.person, path, who="everybody").status_code == 410


# What open pages are told.


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, Any]]:
    told: list[tuple[str, str, Any]] = []

    def hear(groups: Any, event: Any) -> None:
        told.extend((group, event.name, event.detail) for group in groups)

    monkeypatch.setattr(events, "send", hear)
    return told


@pytest.mark.django_db(transaction=True)
def test_everybody_concerned_is_told_at_once(
    session: RemoteSession, stranger: User, heard: list[tuple[str, str, Any]]
) -> None:
    share = sharing.invite(by=session.person, session=session, invited=stranger, mode="view")
    mine = [detail for group, name, detail in heard if (group, name) == (f"user.{stranger.pk}", "toast")]
    assert mine[0]["toasts"][0]["url"] == f"/remote/join/{share.pk}/"
    heard.clear()
    sharing.set_mode(by=session.person, share=share, mode="type")
    names = {(group, name) for group, name, _ in heard}
    assert (f"remote.{session.pk}", "remote:share") in names
    assert (f"remote.{session.pk}", "remote:changed") in names
    assert (f"remote-of.{session.instance_id}", "remote-of:changed") in names
    assert (f"remote-of-all.{session.instance.allocation_id}", "remote-of:changed") in names
    heard.clear()
    recordings.start(by=session.person, session=session)
    assert (f"remote.{session.pk}", "remote:recording") in {(group, name) for group, name, _ in heard}


@pytest.mark.django_db(transaction=True)
def test_nobody_is_told_what_did_not_happen(
    session: RemoteSession, monkeypatch: pytest.MonkeyPatch, heard: list[tuple[str, str, Any]], stranger: User
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise PortalError("portal:unavailable", part="The database")

    monkeypatch.setattr(audit, "record", fails)
    with pytest.raises(PortalError):
        sharing.invite(by=session.person, session=session, invited=stranger, mode="view")
    assert heard == []
    assert not Share.objects.exists()


# Joining.


def test_before_joining_one_reads_what_it_means(session: RemoteSession, share: Share, stranger: User) -> None:
    told = text_of(signed_in(stranger).get(f"/remote/join/{share.pk}/"))
    for words in ("invites you to a shell", "blast-node", "look on", "your name", "not being recorded"):
        assert words in told
    # A guest learns no more of the allocation than the name of the machine.
    assert session.instance.allocation.project_name not in told


def test_that_it_is_recorded_is_said_before_joining(
    session: RemoteSession, share: Share, stranger: User
) -> None:
    recordings.start(by=session.person, session=session)
    assert "It is being recorded" in text_of(signed_in(stranger).get(f"/remote/join/{share.pk}/"))


def test_a_ticket_is_for_that_share_that_person_and_that_browser(share: Share, stranger: User) -> None:
    client = signed_in(stranger)
    answer = client.post(f"/remote/join/{share.pk}/open/").json()
    assert answer["path"] == "/ws/remote/shell/"
    assert answer["mode"] == "view"
    mark = events.session_mark(client.session.session_key or "")
    ticket = tickets.redeem(answer["ticket"], user_id=stranger.pk, mark=mark, kind="shell")
    assert (ticket.share_id, ticket.mode, ticket.session_id) == (str(share.pk), "view", str(share.session.pk))
    assert not Visit.objects.exists()


def test_no_ticket_for_others_or_once_it_is_over(share: Share, stranger: User, pi: User) -> None:
    path = f"/remote/join/{share.pk}/open/"
    assert signed_in(pi).post(path).status_code == 404
    sharing.end(by=share.session.person, share=share)
    answer = signed_in(stranger).post(path)
    assert (answer.status_code, answer.json()["problem"]["id"]) == (410, "remote:share-over")
    assert signed_in(stranger).get(f"/remote/join/{share.pk}/").status_code == 410


def test_the_owner_needs_no_invitation_to_everybody(session: RemoteSession) -> None:
    share = sharing.invite(by=session.person, session=session, invited=None, mode="type")
    answer = signed_in(session.person).post(f"/remote/join/{share.pk}/open/")
    assert answer.json()["problem"]["id"] == "remote:own-session"


def test_who_helps_opens_a_seat_and_reads_the_same_words(session: RemoteSession, assistant: User) -> None:
    answer = signed_in(assistant).post(f"/remote/{session.pk}/seat/", follow=True)
    assert "Look on at the shell of Bob" in text_of(answer)
    assert Share.objects.get().created_by == assistant


def test_signed_out_one_is_led_to_sign_in_and_back(share: Share, client: Any) -> None:
    answer = client.get(f"/remote/join/{share.pk}/")
    assert answer.status_code == 302
    assert f"next=/remote/join/{share.pk}/" in answer["Location"]


def test_who_is_on_a_session_is_seen_by_those_on_it_and_of_the_machine(
    session: RemoteSession, share: Share, stranger: User, colleague: User, newcomer: User
) -> None:
    path = f"/remote/{session.pk}/on-it/"
    assert ask(stranger, path).status_code == 404
    visit_on(share, stranger)
    for user in (session.person, stranger, colleague):
        assert text_of(ask(user, path)) == "Bob Sam , looks on"
    assert ask(newcomer, path).status_code == 404


# A recording's page.


@pytest.fixture
def recording(session: RemoteSession, settings: Settings, tmp_path: Path) -> Recording:
    settings.RECORDINGS_DIR = tmp_path / "recordings"
    return recordings.start(by=session.person, session=session)


def fetched(user: User, recording: Recording, query: str = "") -> Any:
    """The content, as uvicorn would send it."""

    async def fetch() -> tuple[Any, bytes]:
        client = AsyncClient()
        await client.aforce_login(user)
        path = f"/remote/recordings/{recording.pk}/cast{query}"
        answer: Any = await client.get(path, headers={"Accept-Encoding": "gzip, br"})
        body = b"".join([part async for part in answer]) if answer.streaming else answer.content
        return answer, body

    return async_to_sync(fetch)()


@pytest.mark.django_db(transaction=True)
def test_a_recording_is_streamed_to_who_may_replay_it(
    recording: Recording, pi: User, colleague: User
) -> None:
    written(recording, b"one", b"two")
    answer, body = fetched(pi, recording)
    assert answer["Content-Type"] == "application/x-asciicast"
    assert "no-store" in answer["Cache-Control"]
    assert [json.loads(line)[2] for line in body.splitlines()[1:]] == ["one", "two"]
    refusal, said = fetched(colleague, recording)
    assert refusal.status_code == 404
    assert b"two" not in said


@pytest.mark.django_db(transaction=True)
def test_taken_along_it_is_a_file_with_a_harmless_name(recording: Recording, member: User) -> None:
    written(recording, b"x")
    Instance.objects.update(name='../"evil\r\nX: y')
    answer, _ = fetched(member, recording, "?download")
    assert answer["Content-Disposition"].startswith('attachment; filename="evil')
    assert "/" not in answer["Content-Disposition"]


def test_the_page_says_what_it_is_and_whose(recording: Recording, member: User) -> None:
    closed(recording, "full", 75.0)
    told = text_of(signed_in(member).get(f"/remote/recordings/{recording.pk}/"))
    for words in ("Shell of Bob", "exouser", "1 min", recordings.STOPPED["full"], "Kept until", "Download"):
        assert words in told


def test_it_is_deleted_by_who_may_and_its_page_says_so_then(
    recording: Recording, member: User, assistant: User, pi: User
) -> None:
    visit_on(sharing.open_seat(by=assistant, session=recording.session), assistant)
    path = f"/remote/recordings/{recording.pk}/"
    assert b"Delete it for good" not in signed_in(assistant).get(path).content
    assert signed_in(assistant).post(f"{path}delete/").status_code == 403
    assert signed_in(pi).post(f"{path}delete/").status_code == 302
    answer = signed_in(member).get(path)
    assert "was deleted" in text_of(answer)
    assert b"data-cast" not in answer.content
    assert signed_in(member).get(f"{path}cast").status_code == 410


def test_a_get_deletes_and_shares_nothing(recording: Recording, member: User) -> None:
    client, session = signed_in(member), recording.session
    for path in (
        f"/remote/recordings/{recording.pk}/delete/",
        f"/remote/{session.pk}/unshare/",
        f"/remote/{session.pk}/record/",
        f"/remote/{session.pk}/seat/",
    ):
        assert client.get(path).status_code == 405
    recording.refresh_from_db()
    assert recording.removed_at is None
