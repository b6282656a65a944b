"""From a ticket to who is on a socket: redeemed once, and everything looked at again that the POST looked at."""

from dataclasses import dataclass
from uuid import UUID

from instances.access import attendable
from instances.remote import doors, tickets, visits
from instances.remote.endings import ENDINGS
from instances.remote.models import RemoteSession
from instances.remote.tickets import Ticket
from instances.remote.ways import Way, way_to
from portal.accounts.models import User
from portal.core.errors import PortalError


@dataclass(frozen=True, slots=True)
class Admitted:
    """What the ticket gave: the session's row, and who is on this socket in which mode."""

    ticket: Ticket
    row: RemoteSession
    way: Way | None
    problem: PortalError | None
    visit_id: int | None


def admit(text: str, *, kind: str, user: User, mark: str, source: str | None) -> Admitted:
    """PortalError `remote:ticket`: nobody. Any other problem is told to the person on the socket."""
    ticket = tickets.redeem(text, user_id=user.pk, mark=mark, kind=kind)
    row = RemoteSession.objects.select_related("instance", "person").get(pk=UUID(ticket.session_id))
    visit_id, way, problem = None, None, None
    try:
        if ticket.share_id:
            visit_id = visits.begin(share_id=UUID(ticket.share_id), user=user, source=source).pk
        # Of a guest, too: what the owner may not, nobody may on the owner's word.
        row.instance = attendable(row.person, row.instance_id)
        if row.ended_at is not None:
            raise PortalError("remote:over", reason=ENDINGS[row.end_reason].words)
        if doors.is_as_another(row, row.instance):
            raise PortalError("remote:over", reason=ENDINGS["seat-over"].words)
        way = way_to(row.instance, login=row.login)
    except PortalError as found:
        problem = found
    return Admitted(ticket, row, way, problem, visit_id)
