"""What is written down of a session while it lasts."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from instances.remote import closing, tell
from instances.remote.models import RemoteSession

# Longer than two looks of the process that holds it, and than a page takes to come with its ticket.
SILENT = timedelta(minutes=4)


def began(row: RemoteSession, login: str = "") -> None:
    """The machine let the person in; perhaps by another account than was expected."""
    now = timezone.now()
    row.started_at, row.login = row.started_at or now, login or row.login
    RemoteSession.objects.filter(pk=row.pk, ended_at=None).update(
        started_at=row.started_at, login=row.login, seen_at=now, node=settings.SOCKETS_NODE
    )
    tell.changed(row)


def away(session_id: UUID, since: datetime | None = None) -> None:
    """Nobody is on it any more, since now or since then. Coming back begins with `opening`, which says otherwise."""
    live = RemoteSession.objects.filter(pk=session_id, ended_at=None, away_since=None)
    live.update(away_since=since or timezone.now())


def here(session_id: UUID) -> None:
    RemoteSession.objects.filter(pk=session_id).exclude(away_since=None).update(away_since=None)


def count(session_id: UUID, *, out: int, in_: int) -> None:
    """So many bytes from the machine, and to it, since the beginning."""
    RemoteSession.objects.filter(pk=session_id).update(bytes_out=out, bytes_in=in_)


def sweep() -> int:
    """End what no process looks after any more: it died, or the page never came with its ticket."""
    before = timezone.now() - SILENT
    silent = RemoteSession.objects.filter(ended_at=None).filter(
        Q(seen_at__lt=before) | Q(seen_at=None, asked_at__lt=before)
    )
    found = list(silent.select_related("instance__allocation")[:500])
    for row in found:
        closing.finish(row, "lost" if row.started_at else "never-came")
    return len(found)
