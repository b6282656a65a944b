"""Ending a session: said once, written down with its reason, and told to whoever holds or shows it."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from instances import trail
from instances.remote import tell, visits
from instances.remote.models import RemoteSession
from portal.accounts.models import User
from portal.core import events
from portal.core.claims import claim

# The event that tells the process that holds a session to look at its row again.
ENDED = "remote:end"


@transaction.atomic
def end_session(*, session: RemoteSession, by: User, reason: str = "ended") -> bool:
    """End a session that came through its door, wherever it is held. False: it had ended already.

    The process that holds it is told, and would find out within a minute otherwise.
    """
    how = "closed" if session.person_id == by.pk and reason == "ended" else reason
    if not finish(session, how, by=by):
        return False
    record("remote.ended", session, by=by, reason=how)
    return True


def finish(session: RemoteSession, reason: str, *, by: User | None = None) -> bool:
    """Write down the end, once: the first reason stands. Pages, and the process that holds it, are told."""
    live = RemoteSession.objects.filter(pk=session.pk, ended_at=None)
    if not claim(live, ended_at=timezone.now(), end_reason=reason, ended_by=by):
        return False
    visits.end_of(session, reason)
    events.publish([group_of(session.pk)], events.Changed(ENDED, {"session": str(session.pk)}))
    tell.changed(session)
    return True


def finish_all(sessions: QuerySet[RemoteSession], reason: str) -> None:
    """The same for each of them that is live."""
    for session in sessions.filter(ended_at=None).select_related("instance__allocation"):
        finish(session, reason)


def signed_out(user: User, mark: str) -> None:
    """One portal session of the person ended, or (an empty mark) all of them: so does what hangs on it."""
    found = RemoteSession.objects.filter(person=user)
    finish_all(found.filter(session_mark=mark) if mark else found, "signed-out")


def group_of(session_id: object) -> str:
    return f"remote.{session_id}"


def record(action: str, session: RemoteSession, *, by: User, **detail: object) -> None:
    """For everybody who may read what happened to the machine."""
    instance = session.instance
    trail.record(
        action,
        instance,
        by=by,
        session=str(session.pk),
        kind=session.kind,
        login=session.login,
        **detail,
    )
