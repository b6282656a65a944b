"""Being at a learner's seat to help: on their own screen, which they always see, or in a shell beside it when they are away."""

from uuid import UUID

from django.db import transaction

from instances.remote import doors, sharing, tell
from instances.remote.models import Mode, RemoteSession, Share
from instances.workshops import live
from instances.workshops.models import Seat
from instances.workshops.trail import record
from portal.accounts.models import User
from portal.core.errors import PortalError

_KINDS = (RemoteSession.Kind.SHELL, RemoteSession.Kind.DESKTOP)


def screens(seat: Seat) -> list[RemoteSession]:
    """The learner's own shells and desktops that are open on the seat's machine. One query."""
    if seat.instance_id is None or seat.learner is None or seat.learner.user_id is None:
        return []
    held = RemoteSession.objects.filter(
        instance=seat.instance_id, person=seat.learner.user_id, kind__in=_KINDS, ended_at=None
    )
    return list(held.exclude(started_at=None).order_by("asked_at"))


def is_on_it(seat: Seat) -> bool:
    """Whether the learner has a page on their machine now."""
    return any(screen.away_since is None for screen in screens(seat))


def screen(by: User, seat: Seat, session_id: UUID) -> RemoteSession:
    """One of `screens`, for who may look on at it."""
    found = doors.seatable(by, session_id)
    if found.instance_id != seat.instance_id or found.pk not in {one.pk for one in screens(seat)}:
        raise PortalError("workshops:nothing-to-see")
    return found


@transaction.atomic
def look(*, by: User, seat: Seat, session: RemoteSession) -> Share:
    """Look on, from now on and until somebody ends it. Typing is another word (`let_type`)."""
    share = sharing.open_seat(by=by, session=session)
    record("workshop.look", seat.workshop, by=by, **_where(seat), screen=session.kind)
    _show(seat)
    return share


@transaction.atomic
def let_type(*, by: User, seat: Seat, session: RemoteSession, may: bool) -> Share:
    """Type too, or only look on again. The learner reads it on their page at once."""
    share = own_share(by, session) or sharing.open_seat(by=by, session=session)
    wanted = Mode.TYPE if may else Mode.VIEW
    if share.mode != wanted:
        sharing.set_mode(by=by, share=share, mode=wanted)
        share.mode = wanted
        record("workshop.type" if may else "workshop.look", seat.workshop, by=by, **_where(seat))
        words = "may now type in" if may else "only looks on at"
        tell.person(session.person_id, text=f"{by} {words} your {session.kind}.")
    return share


def own_share(by: User, session: RemoteSession) -> Share | None:
    """By which the person looks on, opened by themselves."""
    return sharing.live_shares(session).filter(invited=by, created_by=by).first()


@transaction.atomic
def leave(*, by: User, seat: Seat, session: RemoteSession) -> None:
    share = own_share(by, session)
    if share is not None:
        sharing.end(by=by, share=share)
        _show(seat)


@transaction.atomic
def enter(*, by: User, seat: Seat) -> None:
    """Before a shell of one's own, as the machine's account. `workshops:learner-on-it` while the learner is at it.

    It stays in the audit, and on the learner's page, that somebody was there.
    """
    if is_on_it(seat):
        raise PortalError("workshops:learner-on-it")
    record("workshop.enter", seat.workshop, by=by, **_where(seat))
    _show(seat)


def _show(seat: Seat) -> None:
    live.seats_changed([seat])


def _where(seat: Seat) -> dict[str, object]:
    return {"seat": str(seat)}
