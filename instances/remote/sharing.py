"""The owner's word that others may look on, or type: given, changed and taken back while the session goes on."""

from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from allocations.models import Membership
from instances import hooks_seats, trail
from instances.access import attendable
from instances.remote import tell
from instances.remote.models import Mode, RemoteSession, Share, Visit
from portal.accounts.models import User
from portal.core import limits
from portal.core.claims import claim
from portal.core.errors import PortalError

# Invitations of one session that hold at once; people that a search shows.
MOST_SHARES = 20
MOST_FOUND = 8
SHARED_KINDS = {RemoteSession.Kind.SHELL, RemoteSession.Kind.DESKTOP}


def live_shares(session: RemoteSession) -> QuerySet[Share]:
    return session.shares.filter(ended_at=None).select_related("invited", "created_by").order_by("created_at")


def invitations_to(user: User) -> QuerySet[Share]:
    """Those by name that hold now, newest first."""
    held = Share.objects.filter(invited=user, ended_at=None, session__ended_at=None)
    return (
        held.exclude(created_by=user)
        .select_related("session__person", "session__instance__allocation", "created_by")
        .order_by("-created_at")
    )


@transaction.atomic
def invite(*, by: User, session: RemoteSession, invited: User | None, mode: str) -> Share:
    """Let somebody, or (None) everybody with a right to the machine, join. Asked for again, the mode is changed.

    The session is the caller's own and came through its door.
    """
    _still_live(session)
    if invited == by:
        raise PortalError("remote:own-session")
    known = company(by, session)
    if known is not None and invited is not None and invited.pk not in known:
        raise PortalError("remote:who", query=str(invited), count=0)
    found = live_shares(session).filter(invited=invited).first()
    if found is not None:
        set_mode(by=by, share=found, mode=mode)
        return found
    if live_shares(session).count() >= MOST_SHARES:
        raise PortalError("remote:shares", most=MOST_SHARES)
    share = _made(session, invited=invited, mode=Mode(mode), by=by)
    if invited is not None:
        _tell_invited(invited, share, by)
    return share


@transaction.atomic
def open_seat(*, by: User, session: RemoteSession) -> Share:
    """Look on at the session of somebody whom the caller helps, who sees it. The door is `doors.seatable`."""
    _still_live(session)
    held = live_shares(session).filter(invited=by).first()
    return held or _made(session, invited=by, mode=Mode.VIEW, by=by)


def _made(session: RemoteSession, *, invited: User | None, mode: str, by: User) -> Share:
    share = Share.objects.create(
        session=session, invited=invited, mode=mode, created_by=by, created_at=timezone.now()
    )
    _record("remote.shared", share, by=by, mode=mode, invited=str(invited or "everybody with a right to it"))
    tell.changed(session)
    return share


def _tell_invited(invited: User, share: Share, by: User) -> None:
    what = f"{by} invites you to a {share.session.kind} on {share.session.instance.name}."
    tell.person(invited.pk, text=what, url=reverse("remote:join", args=[share.pk]), label="Look at it")


@transaction.atomic
def set_mode(*, by: User, share: Share, mode: str) -> None:
    """Whether those who come by this invitation may type: at once, for those who are there too."""
    wanted = Mode(mode)
    if not claim(Share.objects.filter(pk=share.pk, ended_at=None).exclude(mode=wanted), mode=wanted):
        return
    Visit.objects.filter(share=share, left_at=None).update(mode=wanted)
    _changed("remote.share_mode", share, by=by, mode=wanted.value)


@transaction.atomic
def set_visit_mode(*, by: User, visit: Visit, mode: str) -> None:
    """The same for one of several who came by one invitation."""
    wanted = Mode(mode)
    if claim(Visit.objects.filter(pk=visit.pk, left_at=None).exclude(mode=wanted), mode=wanted):
        audit_visit("remote.visit_mode", visit, by=by, mode=wanted.value)
        tell.holder(visit.session, tell.SHARE)
        tell.changed(visit.session)


@transaction.atomic
def end(*, by: User, share: Share) -> None:
    """Take the word back: who came by it leaves at once. Also how an invited person declines."""
    if claim(Share.objects.filter(pk=share.pk, ended_at=None), ended_at=timezone.now()):
        _changed("remote.share_ended", share, by=by)
        if share.invited_id is not None:
            tell.person_again(share.invited_id)


@transaction.atomic
def end_all(*, by: User, session: RemoteSession) -> int:
    """The owner is alone on it again."""
    held = list(live_shares(session))
    for share in held:
        end(by=by, share=share)
    return len(held)


def find_people(*, by: User, session: RemoteSession, query: str) -> list[User]:
    """Members of the machine's allocation by a part of their name; anybody by their whole ACCESS id.

    Whole ids only, and not many in a minute: this is no directory of everybody who ever signed in. Who is at a seat
    finds those who help there, and nobody else.
    """
    wanted = query.strip()[:100]
    if len(wanted) < 2:
        return []
    limits.check(f"people:{by.pk}", most=60, seconds=60)
    known = company(by, session)
    if known is not None:
        people = User.objects.filter(pk__in=known, is_active=True, display_name__icontains=wanted)
        return list(people.exclude(pk=by.pk).order_by("display_name", "pk")[:MOST_FOUND])
    colleagues = Membership.objects.filter(allocation=session.instance.allocation_id, ended_at=None)
    of_name = (
        Q(display_name__icontains=wanted) | Q(access_id__icontains=wanted) | Q(username__icontains=wanted)
    )
    exact = (
        Q(access_id__iexact=wanted) | Q(access_id__istartswith=f"{wanted}@")
        if "@" not in wanted
        else Q(access_id__iexact=wanted)
    )
    found = User.objects.filter(
        (Q(pk__in=colleagues.values("user_id")) & of_name) | (exact & ~Q(access_id=""))
    )
    return list(found.filter(is_active=True).exclude(pk=by.pk).order_by("display_name", "pk")[:MOST_FOUND])


def company(by: User, session: RemoteSession) -> set[int] | None:
    """Whom the person, whose session it is, may invite; None: as members of an allocation do."""
    if attendable(by, session.instance_id).place is None:
        return None
    return hooks_seats.company(session.instance_id)


def invitable(*, by: User, session: RemoteSession, query: str) -> User:
    """The one person that this means; PortalError `remote:who` when it is none, or several."""
    found = find_people(by=by, session=session, query=query)
    exactly = [
        one for one in found if query.strip().casefold() in (one.access_id.casefold(), str(one).casefold())
    ]
    wanted = exactly or found
    if len(wanted) != 1:
        raise PortalError("remote:who", query=query[:100], count=len(wanted))
    return wanted[0]


def _still_live(session: RemoteSession) -> None:
    if session.kind not in SHARED_KINDS:
        raise PortalError("remote:not-shared")
    if not RemoteSession.objects.filter(pk=session.pk, ended_at=None).exists():
        raise PortalError("remote:share-over")


def _changed(action: str, share: Share, *, by: User, **detail: object) -> None:
    _record(action, share, by=by, **detail)
    tell.holder(share.session, tell.SHARE)
    tell.changed(share.session)


def _record(action: str, share: Share, *, by: User, **detail: object) -> None:
    _audit(action, share.session, by=by, share=str(share.pk), **detail)


def audit_visit(action: str, visit: Visit, *, by: User, **detail: object) -> None:
    _audit(action, visit.session, by=by, visit=visit.pk, person=str(visit.person), **detail)


def _audit(action: str, session: RemoteSession, *, by: User, **detail: object) -> None:
    instance = session.instance
    trail.record(
        action,
        instance,
        by=by,
        session=str(session.pk),
        **detail,
    )
