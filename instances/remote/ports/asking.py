"""Opening a port and what is open: the web's side, without any SSH."""

from dataclasses import dataclass, field

from django.conf import settings

from instances.models import Instance
from instances.remote import limits, opening
from instances.remote.link import Secret
from instances.remote.models import RemoteSession
from instances.remote.opening import Origin
from instances.remote.ports.entry import ENTER, local_path
from instances.remote.ports.listening import openable
from instances.remote.ports.names import Name, Site, site_of
from instances.remote.ports.wanted import Wanted
from portal.accounts.models import User
from portal.core.errors import PortalError

MOST_LATELY = 8


@dataclass(frozen=True, slots=True)
class Leaving:
    """Where the person's browser posts the ticket."""

    origin: str
    address: str
    ticket: str = field(repr=False)
    path: str = field(repr=False)
    port: int
    session: RemoteSession


def open_port(
    *,
    by: User,
    instance: Instance,
    wanted: Wanted,
    origin: Origin,
    secret: Secret | None = None,
    login: str = "",
) -> Leaving:
    """A way to a port of a machine, under a name of its own; the same name while the session lives.

    `secret`: for a machine that takes no certificate of the portal.

    PortalError: `remote:ports-off`, `remote:port-not-allowed`, or as `instances.remote.opening.open_session`.
    """
    site = current_site()
    require_openable(wanted.port)
    kind = RemoteSession.Kind.PORT
    live = open_now(by, instance, origin.mark)
    login = secret.login if secret else login
    resume = next(
        (one for one in live if one.port == wanted.port and (not login or one.login == login)), None
    )
    opened = opening.open_session(
        by=by,
        instance=instance,
        kind=kind,
        origin=origin,
        login=login,
        port=wanted.port,
        resume=resume,
        secret=secret,
    )
    name = Name(wanted.port, opened.session.pk, wanted.tls, wanted.outside)
    return Leaving(
        origin=name.origin(site),
        address=name.origin(site) + ENTER,
        ticket=opened.ticket,
        path=local_path(wanted.path),
        port=wanted.port,
        session=opened.session,
    )


def current_site() -> Site:
    if not limits.ports_enabled():
        raise PortalError("remote:ports-off")
    return site_of(settings.PORTS_SITE)


def require_openable(port: int) -> None:
    """By portal.yaml; asked again at each request, since what may be opened can change."""
    rules = limits.remote()
    if not openable(port, rules.ports_from, rules.ports_also):
        raise PortalError("remote:port-not-allowed", port=port, allowed=allowed_words())


def allowed_words() -> str:
    rules = limits.remote()
    also = sorted(port for port in rules.ports_also if port < rules.ports_from and port != 22)
    return ", ".join([*map(str, also), f"{rules.ports_from} to 65535"])


def open_now(by: User, instance: Instance, mark: str) -> list[RemoteSession]:
    """The ports that this person has open on the machine in this sign-in, the newest first."""
    mine = RemoteSession.objects.filter(person=by, instance=instance, kind=RemoteSession.Kind.PORT)
    return list(mine.filter(ended_at=None, session_mark=mark))


def lately(by: User, instance: Instance) -> list[int]:
    """Ports that the person opened before, the last first."""
    mine = RemoteSession.objects.filter(person=by, instance=instance, kind=RemoteSession.Kind.PORT)
    ports = mine.exclude(port=None).values_list("port", flat=True)[:100]
    return list(dict.fromkeys(port for port in ports if port))[:MOST_LATELY]
