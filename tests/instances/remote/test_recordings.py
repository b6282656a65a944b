"""Recording a shell: turned on and off by its owner, kept for a while, gone for good when deleted."""

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from pytest_django import Settings

from allocations.models import Membership
from instances.models import Instance
from instances.remote import casts, doors, limits, recordings, resealing, sharing, tidying
from instances.remote.models import Recording, RemoteSession, Visit
from instances.remote.recorder import Result
from portal.accounts.models import User
from portal.cloud.schema_remote import Remote
from portal.core import seal
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from portal.core.resealing import Tally
from tests.instances.remote.people import ended_on, session_on, visit_on

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.RECORDINGS_DIR = tmp_path / "recordings"
    return tmp_path / "recordings"


@pytest.fixture
def session(lab: Instance, member: User) -> RemoteSession:
    return session_on(lab, member)


@pytest.fixture
def recording(session: RemoteSession) -> Recording:
    return recordings.start(by=session.person, session=session)


def written(recording: Recording, *lines: bytes) -> None:
    """As if the process that holds the shell had written it."""
    file = casts.CastFile(recordings.path_of(recording), seal.unseal(recording.sealed_key))
    if file.fresh:
        file.append(casts.header(cols=80, rows=24, timestamp=0, title="x"))
    for place, line in enumerate(lines):
        file.append(casts.event(float(place), "o", line.decode()))
    file.close()


def closed(recording: Recording, reason: str = "stopped", seconds: float = 1.0) -> Recording:
    recordings.finished(recording.pk, Result(reason, 100, seconds))
    recording.refresh_from_db()
    return recording


def refused(call: Any, *args: Any, **more: Any) -> str:
    with pytest.raises(PortalError) as caught:
        call(*args, **more)
    return caught.value.id


def configured(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    monkeypatch.setattr(limits, "remote", lambda: Remote(**changes))


# On and off.


def test_a_shell_is_not_recorded_unless_its_owner_says_so(session: RemoteSession) -> None:
    assert recordings.wanted(session.pk) is None
    made = recordings.start(by=session.person, session=session)
    assert recordings.wanted(session.pk) == made
    recordings.stop(by=session.person, session=session)
    assert recordings.wanted(session.pk) is None
    made.refresh_from_db()
    assert made.end_reason == "stopped"


def test_asked_for_twice_it_is_one_recording(session: RemoteSession, recording: Recording) -> None:
    assert recordings.start(by=session.person, session=session) == recording
    recordings.stop(by=session.person, session=session)
    recordings.stop(by=session.person, session=session)
    actions = list(AuditEvent.objects.order_by("id").values_list("action", flat=True))
    assert actions == ["remote.recording_started", "remote.recording_stopped"]


def test_what_cannot_be_recorded_is_refused(
    session: RemoteSession, lab: Instance, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    desktop = session_on(lab, member, kind="desktop")
    assert refused(recordings.start, by=member, session=desktop) == "remote:not-recorded"
    assert refused(recordings.start, by=member, session=ended_on(lab, member)) == "remote:session-over"
    configured(monkeypatch, recordings=False)
    assert refused(recordings.start, by=member, session=session) == "remote:no-recordings"
    assert not Recording.objects.exists()


def test_it_is_kept_as_long_as_configured(session: RemoteSession, monkeypatch: pytest.MonkeyPatch) -> None:
    configured(monkeypatch, recording_days=3)
    made = recordings.start(by=session.person, session=session)
    assert made.keep_until - made.started_at == timedelta(days=3)


def test_nothing_is_recorded_once_the_shell_is_over(session: RemoteSession, recording: Recording) -> None:
    RemoteSession.objects.update(ended_at=timezone.now())
    assert recordings.wanted(session.pk) is None


# What the holder of the shell does.


def held(recording: Recording, stopped: list[tuple[str, str]] | None = None) -> Any:
    told = stopped if stopped is not None else []
    found = recordings.wanted(recording.session_id)
    assert found is not None
    return recordings.recorder_for(found, cols=80, rows=24, on_stop=lambda *why: told.append(why))


@pytest.mark.django_db(transaction=True)
def test_the_recorder_writes_what_is_replayed(recording: Recording) -> None:
    stopped: list[tuple[str, str]] = []
    recorder = held(recording, stopped)
    recorder.feed(b"hello\r\n")
    recorder.close("exited")
    assert recorder.over.wait(10)
    recording.refresh_from_db()
    assert (recording.end_reason, stopped) == ("ended", [])
    text = b"".join(recordings.text_of(recording)).decode()
    assert recording.size_bytes > 0
    assert '"title":"exouser@blast-node"' in text
    assert "hello" in text


@pytest.mark.django_db(transaction=True)
def test_one_that_grows_too_large_stops_with_words(
    recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(monkeypatch, recording_mb=0.001)
    stopped: list[tuple[str, str]] = []
    recorder = held(recording, stopped)
    recorder.feed(b"x" * 4000)
    assert recorder.over.wait(10)
    assert stopped == [("full", recordings.STOPPED["full"])]
    recording.refresh_from_db()
    assert recording.end_reason == "full"
    assert recordings.wanted(recording.session_id) is None


@pytest.mark.django_db(transaction=True)
def test_a_shell_that_moves_to_another_process_takes_its_recording_along(recording: Recording) -> None:
    first = held(recording)
    first.feed(b"before the deploy")
    first.close("shutdown")
    assert first.over.wait(10)
    second = held(recording)
    second.feed(b"after it")
    second.close("exited")
    assert second.over.wait(10)
    recording.refresh_from_db()
    text = b"".join(recordings.text_of(recording))
    assert recording.end_reason == "ended"
    assert text.index(b"before the deploy") < text.index(b"after it")
    assert recording.size_bytes <= len(text)


def test_one_that_nobody_came_back_to_ends_with_what_there_is(
    recording: Recording, session: RemoteSession
) -> None:
    written(recording, b"a")
    ten = timezone.now() - timedelta(minutes=10)
    RemoteSession.objects.filter(pk=session.pk).update(ended_at=ten, end_reason="shutdown")
    assert tidying.close_lost() == 1
    recording.refresh_from_db()
    assert recording.end_reason == "ended"


def test_a_folder_that_cannot_be_written_ends_it_and_not_the_shell(
    recording: Recording, folder: Path
) -> None:
    folder.write_text("not a folder")
    stopped: list[tuple[str, str]] = []
    assert held(recording, stopped) is None
    recording.refresh_from_db()
    assert recording.end_reason == "disk"
    assert [reason for reason, _ in stopped] == ["disk"]


def test_a_database_that_is_away_at_the_end_is_made_good_by_the_sweep(
    recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("server closed the connection")

    written(recording, b"a", b"b", b"c")
    with monkeypatch.context() as patch:
        patch.setattr(recordings, "_finish", away)
        recordings.finished(recording.pk, Result("stopped", 1, 1.0))
    RemoteSession.objects.update(ended_at=timezone.now() - timedelta(hours=1))
    assert tidying.close_lost() == 1
    recording.refresh_from_db()
    assert (recording.end_reason, recording.seconds) == ("lost", 2.0)
    assert tidying.close_lost() == 0


# Who may replay it, and who delete it.


@pytest.mark.parametrize(
    ("role", "sees", "removes"),
    [
        ("member", True, True),
        ("pi", True, True),
        ("manager", True, True),
        ("assistant", False, False),
        ("colleague", False, False),
        ("reader", False, False),
        ("stranger", False, False),
        ("former_member", False, False),
        ("operator", False, False),
        ("newcomer", False, False),
    ],
)
def test_only_those_concerned_see_a_recording(
    recording: Recording, role: str, sees: bool, removes: bool, request: pytest.FixtureRequest
) -> None:
    user = request.getfixturevalue(role)
    if not sees:
        assert refused(doors.recording_for, user, recording.pk) == "portal:not-found"
        assert refused(doors.removable_recording, user, recording.pk) == "portal:not-found"
        return
    assert doors.recording_for(user, recording.pk) == recording
    assert doors.may_remove(user, doors.recording_for(user, recording.pk)) is removes


def test_who_was_on_it_may_replay_it_and_not_delete_it(
    recording: Recording, colleague: User, stranger: User
) -> None:
    for guest in (colleague, stranger):
        share = sharing.invite(
            by=recording.session.person, session=recording.session, invited=guest, mode="view"
        )
        visit_on(share, guest)
    assert doors.recording_for(colleague, recording.pk) == recording
    assert refused(doors.removable_recording, colleague, recording.pk) == "portal:forbidden"
    # Who may not see the machine sees no recording of it, guest or not.
    assert refused(doors.recording_for, stranger, recording.pk) == "portal:not-found"


def test_who_left_the_allocation_loses_their_own_recordings_too(recording: Recording, member: User) -> None:
    Membership.objects.filter(user=member).update(ended_at=timezone.now())
    assert refused(doors.recording_for, member, recording.pk) == "portal:not-found"


# Deleting, and the end of its time.


@pytest.mark.django_db(transaction=True)
def test_a_deleted_recording_cannot_be_read_even_from_a_copy_of_its_file(
    recording: Recording, pi: User
) -> None:
    written(recording, b"secret")
    path = recordings.path_of(recording)
    copy = path.read_bytes()
    recordings.remove(by=pi, recording=recording)
    recording.refresh_from_db()
    assert not path.exists()
    assert recording.sealed_key == ""
    path.write_bytes(copy)
    assert refused(recordings.text_of, recording) == "remote:recording-gone"
    told = AuditEvent.objects.get(action="remote.recording_removed")
    assert (told.actor_name, told.detail["of"]) == (str(pi), str(recording.session.person))


def test_deleting_one_that_goes_on_stops_it(recording: Recording, session: RemoteSession) -> None:
    recordings.remove(by=session.person, recording=recording)
    assert recordings.wanted(session.pk) is None
    recordings.remove(by=session.person, recording=recording)
    assert AuditEvent.objects.filter(action="remote.recording_removed").count() == 1


def test_a_recording_goes_when_its_time_is_over_and_the_others_stay(
    recording: Recording, lab: Instance, member: User
) -> None:
    old = closed(recording)
    Recording.objects.filter(pk=old.pk).update(keep_until=timezone.now() - timedelta(seconds=1))
    newer = recordings.start(by=member, session=session_on(lab, member))
    assert tidying.expire() == 1
    old.refresh_from_db()
    newer.refresh_from_db()
    assert old.removed_at is not None
    assert newer.removed_at is None
    assert AuditEvent.objects.get(action="remote.recording_removed").actor_name == "the portal"
    assert tidying.expire() == 0


@pytest.fixture
def aged(folder: Path) -> Iterator[Any]:
    def made(name: str, days: float = 2) -> Path:
        path = folder / "2026" / "11" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        then = time.time() - days * 86400
        os.utime(path, (then, then))
        return path

    yield made


def test_files_that_no_row_knows_are_swept_and_nothing_else(
    recording: Recording, aged: Any, folder: Path
) -> None:
    orphan = aged("01900000-0000-7000-8000-000000000001.cast")
    fresh = aged("01900000-0000-7000-8000-000000000002.cast", days=0.5)
    foreign = [aged("notes.cast"), aged("notes.txt")]
    known = recordings.path_of(recording)
    written(recording, b"kept")
    os.utime(known, (0, 0))
    assert tidying.sweep_files() == 1
    assert not orphan.exists()
    assert all(path.exists() for path in (fresh, known, *foreign))


def test_the_sweep_of_a_portal_that_never_recorded_finds_nothing(folder: Path) -> None:
    assert tidying.sweep_files() == 0


def test_a_recording_whose_process_died_is_closed_with_what_was_written(
    recording: Recording, session: RemoteSession
) -> None:
    written(recording, b"a", b"b")
    assert tidying.close_lost() == 0
    RemoteSession.objects.update(ended_at=timezone.now() - timedelta(minutes=10), end_reason="lost")
    assert tidying.close_lost() == 1
    recording.refresh_from_db()
    assert (recording.end_reason, recording.seconds) == ("lost", 1.0)
    assert b"a" in b"".join(recordings.text_of(recording))


def test_one_of_which_nothing_was_written_is_closed_as_well(recording: Recording) -> None:
    RemoteSession.objects.update(ended_at=timezone.now() - timedelta(minutes=10))
    assert tidying.close_lost() == 1
    recording.refresh_from_db()
    assert (recording.size_bytes, recording.end_reason) == (0, "lost")
    assert refused(recordings.text_of, recording) == "remote:recording-gone"


def test_visits_of_a_session_whose_process_died_end_too(session: RemoteSession, pi: User) -> None:
    visit = visit_on(sharing.open_seat(by=pi, session=session), pi)
    assert tidying.leave_ended() == 0
    RemoteSession.objects.update(ended_at=timezone.now() - timedelta(minutes=10))
    assert tidying.leave_ended() == 1
    visit.refresh_from_db()
    assert visit.left_reason == "lost"


def test_the_record_of_connections_goes_after_its_time_but_not_before_its_recording(
    lab: Instance, member: User, pi: User
) -> None:
    long_ago = timezone.now() - timedelta(days=400)
    forgotten = ended_on(lab, member, asked_at=long_ago, ended_at=long_ago)
    recorded, recent, live = (
        session_on(lab, member, asked_at=long_ago),
        ended_on(lab, member),
        session_on(lab, pi, asked_at=long_ago),
    )
    kept = closed(recordings.start(by=member, session=recorded))
    RemoteSession.objects.filter(pk=recorded.pk).update(ended_at=long_ago)
    assert tidying.forget() == 1
    assert set(RemoteSession.objects.all()) == {recorded, recent, live}
    assert forgotten not in RemoteSession.objects.all()
    recordings.remove(by=None, recording=kept)
    assert tidying.forget() == 1
    assert set(RemoteSession.objects.all()) == {recent, live}


# Keys.


def test_a_recording_is_read_after_the_seal_keys_were_changed(
    recording: Recording, settings: Settings
) -> None:
    written(recording, b"still here")
    old = settings.SEAL_KEYS
    settings.SEAL_KEYS = ["a-newer-key-that-is-long-enough-for-it", *old]
    tally = Tally()
    resealing.reseal_recordings(tally)
    assert tally.moved == 1
    settings.SEAL_KEYS = settings.SEAL_KEYS[:1]
    recording.refresh_from_db()
    assert b"still here" in b"".join(recordings.text_of(recording))


def test_no_recording_shares_its_key_with_another(recording: Recording, lab: Instance, member: User) -> None:
    other = recordings.start(by=member, session=session_on(lab, member))
    assert seal.unseal(other.sealed_key) != seal.unseal(recording.sealed_key)
    assert Visit.objects.count() == 0
