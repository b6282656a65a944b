"""From a host name to a way to the application: the session behind it must live, and its person must still be allowed."""

import time
from dataclasses import dataclass, field
from uuid import UUID

from asgiref.sync import sync_to_async

from instances import hooks_seats
from instances.remote.attending import Attended, attend
from instances.remote.link import Link
from instances.remote.models import RemoteSession
from instances.remote.ports import tls
from instances.remote.ports.asgi_types import Stream
from instances.remote.ports.channel import Pool
from instances.remote.ports.listening import known_port
from instances.remote.ports.names import Name, Site
from portal.accounts.models import User
from portal.core.errors import PortalError

# A session's person, machine and port never change: kept, so that a page of a hundred parts costs one query.
_KEPT_SECONDS, _MOST_KEPT = 60.0, 2000
MOST_SOCKETS = 32
_LOOPBACKS = ("127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Known:
    """What of a session does not change, and the names that its machine may call itself by."""

    user: User
    mark: str
    instance_id: UUID
    machine: str
    addresses: tuple[str, ...]
    # Whether they are only at its seat: then nothing else of it is theirs to know.
    seat: bool = False


class Door:
    """One name over one link: its channels for requests, and how many WebSockets are open."""

    def __init__(self, name: Name, link: Link) -> None:
        self.link = link
        self.pool = Pool(self.stream)
        self.sockets = 0
        self._name = name
        self._host = _LOOPBACKS[0]

    async def stream(self) -> Stream:
        """A new channel to the application, which may listen on either loopback address."""
        stream = await self._tcp()
        if not self._name.tls:
            return stream
        try:
            return await tls.wrap(stream)
        except tls.NoTls as error:
            raise PortalError("remote:port-no-tls", port=self._name.port, detail=str(error)[:200]) from None

    async def _tcp(self) -> Stream:
        try:
            return await self.link.tcp(self._name.port, self._host)
        except PortalError as error:
            if error.id != "remote:port-closed":
                raise
            other = _LOOPBACKS[self._host == _LOOPBACKS[0]]
            try:
                found = await self.link.tcp(self._name.port, other)
            except PortalError:
                raise self._nothing_listens() from None
            self._host = other
            return found

    def _nothing_listens(self) -> PortalError:
        start = known_port(self._name.port).start
        how = f"Start it on the machine, for example with: {start}." if start else "Start it on the machine."
        return PortalError("remote:port-nothing", outcome="retry", port=self._name.port, start=how)


@dataclass(slots=True)
class Visit:
    """One request that was let in."""

    name: Name
    site: Site
    door: Door
    known: Known
    attended: Attended = field(repr=False)

    @property
    def pool(self) -> Pool:
        return self.door.pool

    @property
    def addresses(self) -> tuple[str, ...]:
        return self.known.addresses

    def count(self, *, in_: int = 0, out: int = 0) -> None:
        self.attended.count(in_=in_, out=out)


_known: dict[UUID, tuple[float, Known | None, int | None]] = {}
_doors: dict[Name, Door] = {}


async def known(name: Name) -> Known:
    """PortalError `remote:port-unknown`: there was no such session, or it is of another port."""
    now = time.monotonic()
    at, found, port = _known.get(name.session, (0.0, None, None))
    if found is None or now - at > _KEPT_SECONDS:
        found, port = await sync_to_async(_row, thread_sensitive=False)(name.session)
        if len(_known) >= _MOST_KEPT:
            _known.clear()
        if found is not None:
            _known[name.session] = (now, found, port)
    if found is None or port != name.port:
        raise PortalError("remote:port-unknown")
    return found


def _row(session: UUID) -> tuple[Known | None, int | None]:
    rows = RemoteSession.objects.filter(pk=session, kind=RemoteSession.Kind.PORT)
    row = rows.select_related("person", "instance").first()
    if row is None:
        return None, None
    machine = row.instance
    addresses = tuple(str(one) for one in (machine.public_address, machine.private_address) if one)
    seat = bool(hooks_seats.places(row.person, [machine.pk]))
    return Known(row.person, row.session_mark, machine.pk, machine.name, addresses, seat), row.port


async def let_in(name: Name, site: Site) -> Visit:
    """PortalError says why not: the session ended, the person may no longer, the machine is not to be reached."""
    who = await known(name)
    attended = await attend(name.session, user=who.user, mark=who.mark)
    attended.touch()
    door = _doors.get(name)
    if door is None or door.link is not attended.link:
        _close(name)
        door = _doors[name] = Door(name, attended.link)
        attended.ended.add_done_callback(lambda _: _close(name))
    return Visit(name, site, door, who, attended)


def _close(name: Name) -> None:
    """Its kept channels; those in use end with their requests."""
    _known.pop(name.session, None)
    if (door := _doors.pop(name, None)) is not None:
        door.pool.close()
