"""What is removed when its time is over: recordings, and the record of connections; and what crashes left behind."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from instances.remote import casts, recordings
from instances.remote.models import Recording, RemoteSession, Visit
from instances.remote.recorder import Result
from portal.cloud.config import clouds
from portal.core import seal
from portal.core.errors import PortalError

logger = logging.getLogger(__name__)

# Of one run: each has its file, and others want to write meanwhile.
AT_MOST = 200
ROWS_AT_MOST = 1000
# A file that no row knows is left alone until it is certain that no row is on its way.
ORPHAN_AFTER = timedelta(days=1)
# A recording that nobody writes any more: its shell has been over for longer than the writer takes.
LOST_AFTER = timedelta(minutes=5)


def expire(now: datetime | None = None) -> int:
    """Remove the recordings whose time is over."""
    due = Recording.objects.filter(keep_until__lt=now or timezone.now(), removed_at=None)
    found = list(due.select_related("session__instance", "session__person")[:AT_MOST])
    for recording in found:
        recordings.remove(by=None, recording=recording)
    return len(found)


def close_lost(now: datetime | None = None) -> int:
    """Recordings of shells that are over, which their process left open: it died, or the shell was to be taken up
    again and nobody came. What was written counts."""
    before = (now or timezone.now()) - LOST_AFTER
    unfinished = Q(ended_at=None) | Q(ended_at__lt=before, size_bytes=0, seconds=0, end_reason="stopped")
    lost = Recording.objects.filter(unfinished, session__ended_at__lt=before, removed_at=None)
    found = list(lost.select_related("session")[:AT_MOST])
    for recording in found:
        measured = _measure(recording)
        reason = "lost" if recording.session.end_reason in ("", "lost") else "ended"
        recordings.finished(recording.pk, Result(reason, measured.size_bytes, measured.seconds))
    return len(found)


def _measure(recording: Recording) -> casts.Measure:
    try:
        return casts.measure(recordings.path_of(recording), seal.unseal(recording.sealed_key))
    except (OSError, PortalError) as error:
        logger.warning("recording %s cannot be read: %s", recording.pk, error)
        return casts.NOTHING


def leave_ended(now: datetime | None = None) -> int:
    """Nobody is on a session that has ended, whatever became of the process that should have said so."""
    before = (now or timezone.now()) - LOST_AFTER
    left = Visit.objects.filter(left_at=None, session__ended_at__lt=before)
    return left.update(left_at=timezone.now(), left_reason="lost")


def sweep_files(now: datetime | None = None) -> int:
    """Delete files whose recording was removed, or whose row is gone with its machine."""
    before = ((now or timezone.now()) - ORPHAN_AFTER).timestamp()
    removed = 0
    for path in _files(before):
        known = _id_of(path)
        if known is None or Recording.objects.filter(pk=known, removed_at=None).exists():
            continue
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("an orphaned recording was not removed: %s", error)
            continue
        removed += 1
    return removed


def _files(before: float) -> Iterator[Path]:
    """Files of recordings that nobody has written to since then."""
    for path in Path(settings.RECORDINGS_DIR).glob("[0-9]*/[0-9]*/*.cast"):
        try:
            old = path.stat().st_mtime < before
        except OSError:
            continue
        if old:
            yield path


def _id_of(path: Path) -> UUID | None:
    """Files of other names are not ours."""
    try:
        return UUID(path.stem)
    except ValueError:
        return None


def forget(now: datetime | None = None) -> int:
    """Remove the record of connections that ended so long ago, but none whose recording is still kept."""
    before = (now or timezone.now()) - timedelta(days=clouds().retention.connections_days)
    kept = Recording.objects.filter(session=OuterRef("pk"), removed_at=None)
    over = RemoteSession.objects.filter(~Exists(kept), ended_at__lt=before)
    ids = list(over.values_list("pk", flat=True)[:ROWS_AT_MOST])
    RemoteSession.objects.filter(pk__in=ids).delete()
    return len(ids)
