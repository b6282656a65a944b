"""One-use tickets: what an HTTP request was allowed, its WebSocket may do once, within half a minute."""

import json
import secrets
from dataclasses import asdict, dataclass, field

from portal.core.errors import PortalError
from portal.core.redis_client import client

SECONDS = 30
_KEY = "remote-ticket:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """`mark` is the portal session's (`portal.core.events.session_mark`): the ticket is of no use in another."""

    kind: str
    session_id: str
    instance_id: str
    user_id: int
    mark: str
    # Of somebody who joins another person's session.
    share_id: str = ""
    mode: str = "own"
    # A key or password of the person's own on its way to the process that connects: sealed, for this half minute.
    sealed_secret: str = field(default="", repr=False)


def issue(ticket: Ticket) -> str:
    """43 URL-safe characters that stand for the ticket. They travel in a header or a form, never in a URL."""
    text = secrets.token_urlsafe(32)
    client().set(_KEY + text, json.dumps(asdict(ticket)), ex=SECONDS)
    return text


def redeem(text: str, *, user_id: int, mark: str, kind: str) -> Ticket:
    """The ticket, which is gone thereby, whoever showed it. PortalError `remote:ticket` unless it is this person's."""
    ticket = _taken(text)
    if (ticket.user_id, ticket.mark, ticket.kind) != (user_id, mark, kind) or not mark:
        raise PortalError("remote:ticket")
    return ticket


def redeem_for(text: str, *, session_id: str, kind: str) -> Ticket:
    """The same where no portal session is at hand, since the site is another: the ticket itself says whose it is."""
    ticket = _taken(text)
    if (ticket.session_id, ticket.kind) != (session_id, kind):
        raise PortalError("remote:ticket")
    return ticket


def _taken(text: str) -> Ticket:
    stored = client().getdel(_KEY + text) if 20 <= len(text) <= 64 else None
    if not isinstance(stored, bytes):
        raise PortalError("remote:ticket")
    return Ticket(**json.loads(stored))
