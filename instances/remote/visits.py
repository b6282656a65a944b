"""Who is on somebody else's session, from when to when, and what they may do there at this moment."""

from django.db import transaction
from django.utils import timezone

from instances.access import attendable
from instances.remote import doors, tell
from instances.remote.models import Mode, RemoteSession, Visit
from instances.remote.sharing import audit_visit
from portal.accounts.models import User
from portal.core.claims import claim
from portal.core.errors import PortalError

# Who look on at one session at once: a class at its instructor's shell.
MOST_VISITS = 120


@transaction.atomic
def begin(*, share_id: object, user: User, source: str | None) -> Visit:
    """The person is on it from now on, and the owner is told. PortalError as `doors.seat_for`; `remote:full`."""
    seat = doors.seat_for(user, str(share_id))
    # The session's row is locked: it must not end, nor fill, between this look and the row that follows.
    session = RemoteSession.objects.select_for_update().get(pk=seat.session.pk)
    if session.ended_at is not None:
        raise PortalError("remote:share-over")
    if Visit.objects.filter(session=session, left_at=None).count() >= MOST_VISITS:
        raise PortalError("remote:full", most=MOST_VISITS)
    visit = Visit.objects.create(
        session=seat.session,
        share=seat.share,
        person=user,
        mode=seat.mode,
        source=source,
        joined_at=timezone.now(),
    )
    audit_visit("remote.joined", visit, by=user, mode=seat.mode)
    _tell_owner(visit)
    tell.changed(seat.session)
    return visit


def _tell_owner(visit: Visit) -> None:
    session, how = visit.session, "looks on at" if visit.mode == Mode.VIEW else "may type in"
    tell.person(
        session.person_id, text=f"{visit.person} {how} your {session.kind} on {session.instance.name}."
    )


@transaction.atomic
def end(visit_id: int, reason: str) -> None:
    """The person has left, for a reason of `instances.remote.endings`. The first reason stands."""
    here = Visit.objects.filter(pk=visit_id, left_at=None)
    visit = here.select_related("session").first()
    if visit is not None and claim(here, left_at=timezone.now(), left_reason=reason):
        tell.changed(visit.session)


def end_of(session: RemoteSession, reason: str) -> None:
    """Nobody is on a session that has ended, whatever became of the process that should have said so."""
    Visit.objects.filter(session=session, left_at=None).update(left_at=timezone.now(), left_reason=reason)


@transaction.atomic
def drop(*, by: User, visit: Visit) -> None:
    """The owner shows one person out. Who was invited by name may not come back by that invitation."""
    here = Visit.objects.filter(pk=visit.pk, left_at=None)
    if not claim(here, left_at=timezone.now(), left_reason="dropped"):
        return
    audit_visit("remote.visit_dropped", visit, by=by)
    if visit.share is not None and visit.share.invited_id == visit.person_id:
        visit.share.ended_at = timezone.now()
        visit.share.save(update_fields=["ended_at"])
    tell.holder(visit.session, tell.SHARE)
    tell.changed(visit.session)


def standing(visit_id: int) -> str | None:
    """What the person may do now (an id of `Mode`); None: they may not stay. For the process that shows it to them."""
    visits = Visit.objects.select_related("share", "session", "person")
    visit = visits.filter(pk=visit_id, left_at=None).first()
    if visit is None or visit.share is None or not visit.person.is_active:
        return None
    if visit.share.ended_at is not None or visit.session.ended_at is not None:
        return None
    if doors.by_right(visit.share):
        try:
            attendable(visit.person, visit.session.instance_id)
        except PortalError:
            return None
    return visit.mode
