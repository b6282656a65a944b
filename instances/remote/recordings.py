"""What shells printed, kept for a while: turned on and off, written by the process that holds the shell, removed."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from instances import trail
from instances.access import attendable
from instances.remote import casts, limits, tell
from instances.remote.endings import ENDINGS
from instances.remote.models import Recording, RemoteSession
from instances.remote.recorder import Recorder, Result
from portal.accounts.models import User
from portal.core import seal
from portal.core.claims import claim
from portal.core.errors import PortalError

logger = logging.getLogger(__name__)

# Why a recording ended: ids that are stored, words that people read.
STOPPED = {
    "stopped": "It was stopped.",
    "ended": "The shell ended.",
    "full": "It had grown as large as the portal keeps one. The shell goes on, unrecorded.",
    "long": "It had lasted as long as the portal records. The shell goes on, unrecorded.",
    "slow": "The portal's disk could not keep up with what was printed. The shell goes on, unrecorded.",
    "disk": "The portal's disk took no more. The shell goes on, unrecorded.",
    "lost": "The process that wrote it ended without a word; what it had written is here.",
}
OnStop = Callable[[str, str], None]


def running(session: RemoteSession) -> Recording | None:
    return session.recordings.filter(ended_at=None).select_related("started_by").first()


def start(*, by: User, session: RemoteSession) -> Recording:
    """Record the shell from now on, seen by all who are on it. The session is the caller's own; twice is once."""
    if not limits.remote().recordings:
        raise PortalError("remote:no-recordings")
    if session.kind != RemoteSession.Kind.SHELL:
        raise PortalError("remote:not-recorded")
    if not RemoteSession.objects.filter(pk=session.pk, ended_at=None).exists():
        raise PortalError("remote:session-over")
    if attendable(by, session.instance_id).place is not None:
        raise PortalError("remote:seat-not-recorded")
    now = timezone.now()
    try:
        with transaction.atomic():
            made = Recording.objects.create(
                session=session,
                started_by=by,
                started_at=now,
                sealed_key=seal.seal(seal.new_key()),
                keep_until=now + timedelta(days=limits.remote().recording_days),
            )
            _record("remote.recording_started", made, by=by)
            _tell(session)
    except IntegrityError:
        found = running(session)
        if found is None:
            raise PortalError("portal:unavailable", outcome="retry", part="The database") from None
        return found
    return made


@transaction.atomic
def stop(*, by: User, session: RemoteSession) -> None:
    found = running(session)
    if found is not None and _ended(found, "stopped"):
        _record("remote.recording_stopped", found, by=by)
        _tell(session)


@transaction.atomic
def remove(*, by: User | None, recording: Recording) -> None:
    """Erase the key, and with it what any copy of the file could tell; then the file. `by=None`: its time is over."""
    live = Recording.objects.filter(pk=recording.pk, removed_at=None)
    if not claim(live, removed_at=timezone.now(), sealed_key=""):
        return
    _ended(recording, "stopped")
    _record("remote.recording_removed", recording, by=by)
    _tell(recording.session)
    path = path_of(recording)
    transaction.on_commit(lambda: _unlink(path), robust=True)


def _unlink(path: Path) -> None:
    """What is left behind is found by the sweep of files that no row knows."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        logger.warning("the file of a recording was not removed: %s", error)


def path_of(recording: Recording) -> Path:
    at = recording.started_at
    return Path(settings.RECORDINGS_DIR) / f"{at:%Y}" / f"{at:%m}" / f"{recording.pk}.cast"


def text_of(recording: Recording) -> Iterator[bytes]:
    """The asciicast, bit by bit. PortalError `remote:recording-gone` when there is none."""
    path = path_of(recording)
    if recording.removed_at is not None or not path.is_file():
        raise PortalError("remote:recording-gone")
    return casts.frames(path, seal.unseal(recording.sealed_key))


# What the process that holds the shell calls. With the database: in a thread.


def wanted(session_id: UUID) -> Recording | None:
    """The recording that should be running now."""
    found = Recording.objects.filter(session=session_id, ended_at=None, session__ended_at=None)
    return found.select_related("session__instance", "started_by").first()


def recorder_for(
    recording: Recording, *, cols: int, rows: int, on_stop: OnStop | None = None
) -> Recorder | None:
    """What takes the shell's output. None, said in the row, when the disk does not even take the file.

    `on_stop(reason, words)` is called in the writer's thread when it ends otherwise than by `Recorder.close`.
    """

    def in_thread(result: Result) -> None:
        # The thread has a connection to the database of its own, which nobody else would close.
        try:
            ended(result)
        finally:
            connection.close()

    def ended(result: Result) -> None:
        # Any other reason of the shell's own end is that the shell ended.
        reason = result.reason if result.reason in STOPPED else "ended"
        finished(recording.pk, replace(result, reason="" if comes_again(result.reason) else reason))
        if on_stop is not None and reason not in ("stopped", "ended"):
            on_stop(reason, STOPPED[reason])

    key, path = seal.unseal(recording.sealed_key), path_of(recording)
    try:
        file = casts.CastFile(path, key)
        already = casts.NOTHING if file.fresh else casts.measure(path, key)
    except OSError as error:
        logger.warning("a recording could not be begun: %s", error)
        ended(Result("disk", 0, 0.0))
        return None
    kept = limits.remote()
    return Recorder(
        file,
        header=_header(recording, cols, rows),
        most_bytes=int(kept.recording_mb * 1024 * 1024),
        most_seconds=kept.hard_hours * 3600,
        ended=in_thread,
        already=already,
        offset=(timezone.now() - recording.started_at).total_seconds(),
    )


def comes_again(reason: str) -> bool:
    """The shell is to be taken up again, perhaps by another process, and its recording with it."""
    return reason in ENDINGS and ENDINGS[reason].again


def _header(recording: Recording, cols: int, rows: int) -> bytes:
    session = recording.session
    title = f"{session.login}@{session.instance.name}"
    return casts.header(cols=cols, rows=rows, timestamp=int(recording.started_at.timestamp()), title=title)


def finished(recording_id: UUID, result: Result) -> None:
    """Write down how long it is, and with a reason that it ended. Without the database a sweep does it later."""
    try:
        with transaction.atomic():
            _finish(recording_id, result)
    except DatabaseError as error:
        logger.warning("the end of a recording was not noted, a sweep will: %s", error)


def _finish(recording_id: UUID, result: Result) -> None:
    rows = Recording.objects.filter(pk=recording_id)
    rows.update(size_bytes=result.size_bytes, seconds=result.seconds)
    found = rows.select_related("session").first()
    if found is not None and result.reason:
        _ended(found, result.reason)
        _tell(found.session)


def _ended(recording: Recording, reason: str) -> bool:
    live = Recording.objects.filter(pk=recording.pk, ended_at=None)
    return claim(live, ended_at=timezone.now(), end_reason=reason)


def _tell(session: RemoteSession) -> None:
    tell.holder(session, tell.RECORDING)
    tell.changed(session)


def _record(action: str, recording: Recording, *, by: User | None) -> None:
    session = recording.session
    trail.record(
        action,
        session.instance,
        by=by,
        session=str(session.pk),
        recording=str(recording.pk),
        of=str(session.person),
    )
