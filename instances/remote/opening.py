"""Asking for a shell, a desktop, files or a port, and ending one: what the web processes do, without any SSH."""

import ipaddress
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from instances.access import attendable
from instances.models import Instance
from instances.remote import limits, tickets, ways
from instances.remote.closing import finish, record
from instances.remote.doors import is_as_another
from instances.remote.endings import ENDINGS
from instances.remote.link import Secret
from instances.remote.models import RemoteSession
from instances.remote.tickets import Ticket
from portal.accounts.models import User
from portal.core import events
from portal.core.errors import PortalError
from portal.core.limits import check as check_limit

Kind = RemoteSession.Kind
# What one person may ask for in a minute: reconnecting pages need several, a script that guesses needs more.
_MOST_A_MINUTE = 60
_NONE = "portal:not-found"
# The portal let go of it, not the person: tmux may keep the shell on the machine.
RESUMABLE = {name for name, ending in ENDINGS.items() if ending.again} | {"failed", "grace-over", "made-room"}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from. `mark` names the portal session without opening it."""

    source: str | None
    user_agent: str
    mark: str


@dataclass(frozen=True, slots=True)
class Opened:
    """`path` is the WebSocket's; the ticket goes with it as a subprotocol."""

    session: RemoteSession
    ticket: str = field(repr=False)
    path: str


def origin_of(request: HttpRequest) -> Origin:
    address = request.META.get("REMOTE_ADDR", "")
    return Origin(
        source=address if _is_address(address) else None,
        user_agent=request.headers.get("User-Agent", "")[:255],
        mark=events.session_mark(request.session.session_key or ""),
    )


def open_session(
    *,
    by: User,
    instance: Instance,
    kind: str,
    origin: Origin,
    login: str = "",
    port: int | None = None,
    resume: RemoteSession | None = None,
    secret: Secret | None = None,
) -> Opened:
    """A new session on a machine, or the way back into `resume`. Nothing is connected yet.

    `secret` goes with the ticket, sealed, to a process that connects when the ticket is redeemed.

    PortalError: `portal:forbidden`, `remote:too-many`, `remote:resume`, or why the machine cannot be reached
    (`instances.remote.ways`).
    """
    check_limit(f"remote:{by.pk}", most=_MOST_A_MINUTE, seconds=60)
    with transaction.atomic():
        # The person's row is locked, so that two requests at once do not both take the last place.
        User.objects.select_for_update().get(pk=by.pk)
        machine = attendable(by, instance.pk)
        # A learner is on their seat as themselves, whatever was asked for.
        way = ways.way_to(machine, login=machine.place.login if machine.place else login)
        if resume is not None:
            session = _resumed(resume, by=by, instance=machine, kind=kind, origin=origin)
        else:
            session = _new(by=by, instance=machine, kind=kind, origin=origin, login=way.login, port=port)
    ticket = tickets.issue(
        Ticket(
            kind=kind,
            session_id=str(session.pk),
            instance_id=str(machine.pk),
            user_id=by.pk,
            mark=origin.mark,
            sealed_secret=secret.sealed() if secret else "",
        )
    )
    return Opened(session, ticket, socket_path(session))


def _new(
    *, by: User, instance: Instance, kind: str, origin: Origin, login: str, port: int | None
) -> RemoteSession:
    _room_for_one_more(by)
    session = RemoteSession.objects.create(
        instance=instance,
        person=by,
        kind=kind,
        login=login,
        port=port,
        source=origin.source,
        user_agent=origin.user_agent,
        session_mark=origin.mark,
        asked_at=timezone.now(),
    )
    record("remote.opened", session, by=by, source=origin.source or "")
    return session


def _resumed(
    resume: RemoteSession, *, by: User, instance: Instance, kind: str, origin: Origin
) -> RemoteSession:
    """The same row again. One that somebody or something ended for good is not brought back."""
    row = RemoteSession.objects.select_for_update().filter(pk=resume.pk).first()
    mine = row is not None and (row.person_id, row.instance_id, row.kind) == (by.pk, instance.pk, kind)
    if row is None or not mine or is_as_another(row, instance):
        raise PortalError(_NONE)
    if row.ended_at is not None:
        longest = timedelta(hours=limits.remote().hard_hours)
        if row.end_reason not in RESUMABLE or timezone.now() - row.asked_at > longest:
            raise PortalError("remote:resume", reason=ENDINGS[row.end_reason].words)
        _room_for_one_more(by)
        row.ended_at, row.end_reason, row.node = None, "", ""
    row.source, row.user_agent, row.session_mark = origin.source, origin.user_agent, origin.mark
    row.seen_at, row.away_since = timezone.now(), None
    row.save()
    return row


def _room_for_one_more(by: User) -> None:
    """Those that nobody is on any more make room, the one that was left first before the others."""
    most = limits.remote().most_per_person
    live = RemoteSession.objects.filter(person=by, ended_at=None)
    over = live.count() - most + 1
    if over <= 0:
        return
    away = list(live.exclude(away_since=None).select_related("instance").order_by("away_since")[:over])
    if len(away) < over:
        raise PortalError("remote:too-many", most=most)
    for session in away:
        finish(session, "made-room")


def socket_path(session: RemoteSession) -> str:
    """Leads to the process that holds the session, where there are several."""
    at = f"at/{session.node}/" if session.node and settings.SOCKETS_NODE else ""
    return f"/ws/remote/{at}{session.kind}/"


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
