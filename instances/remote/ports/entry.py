"""The way in: a ticket of the portal, posted by its page, becomes a cookie of this one name."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qs, urlsplit

from asgiref.sync import sync_to_async
from django.conf import settings

from instances.remote import tickets
from instances.remote.link import Secret
from instances.remote.models import RemoteSession
from instances.remote.ports.asgi_types import Headers, Receive
from instances.remote.ports.headers import COOKIE_STEM
from instances.remote.ports.names import Name, Site
from portal.core import seal
from portal.core.errors import PortalError

# Paths of the portal on every name below the ports site; no application ever sees a request for them.
OWN = "/.heliosphere/"
ENTER = OWN + "enter"
_LONGEST_BODY, LONGEST_PATH = 8192, 4000


def cookie_name(site: Site) -> str:
    """Under TLS by a name that browsers take from this very host only, not from another of its domain."""
    return f"{'__Host-' if site.secure else ''}{COOKIE_STEM}port"


def cookie_value(name: Name) -> str:
    return _cookie_value(name.label, settings.SEAL_KEYS[-1])


@lru_cache(maxsize=4096)
def _cookie_value(label: str, _key: str) -> str:
    return seal.derive("port entry", label)


def may_enter(headers: Headers, name: Name, site: Site) -> bool:
    """Whether the request brings the cookie of this name."""
    wanted = cookie_name(site).encode()
    expected = cookie_value(name).encode()
    pairs = [
        pair.strip().partition(b"=")
        for key, value in headers
        if key == b"cookie"
        for pair in value.split(b";")
    ]
    return any(key == wanted and hmac.compare_digest(value, expected) for key, _, value in pairs)


@dataclass(frozen=True, slots=True)
class Entered:
    """Where to go on, and with which cookie; `secret` opens a machine that takes no certificate of the portal."""

    path: str
    headers: Headers
    secret: Secret | None


async def enter(name: Name, site: Site, headers: Mapping[bytes, bytes], receive: Receive) -> Entered:
    """PortalError `remote:ticket` unless the portal's own page posts a live ticket."""
    portal = urlsplit(settings.SITE_URL)
    if headers.get(b"origin", b"").decode("latin-1").lower() != f"{portal.scheme}://{portal.netloc}".lower():
        # Another page could bring somebody to its author's machine as if it were theirs.
        raise PortalError("remote:ticket")
    try:
        fields = parse_qs((await _body(receive)).decode("latin-1"), max_num_fields=5)
    except ValueError:
        raise PortalError("remote:ticket") from None
    text = fields.get("ticket", [""])[0]
    secret = await sync_to_async(_redeem, thread_sensitive=False)(text, name)
    return Entered(local_path(fields.get("path", ["/"])[0]), [(b"set-cookie", _cookie(name, site))], secret)


def _redeem(text: str, name: Name) -> Secret | None:
    ticket = tickets.redeem_for(text, kind=RemoteSession.Kind.PORT, session_id=str(name.session))
    return Secret.unsealed(ticket.sealed_secret) if ticket.sealed_secret else None


def _cookie(name: Name, site: Site) -> bytes:
    secure = "; Secure" if site.secure else ""
    return f"{cookie_name(site)}={cookie_value(name)}; Path=/; HttpOnly; SameSite=Lax{secure}".encode()


def local_path(path: str) -> str:
    """A path with its query, of this name and of no other."""
    good = path.startswith("/") and not path.startswith(("//", "/\\", OWN)) and len(path) <= LONGEST_PATH
    return path if good and all("!" <= letter <= "~" for letter in path) else "/"


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise PortalError("remote:ticket")
        body += bytes(message.get("body", b""))
        if len(body) > _LONGEST_BODY:
            raise PortalError("remote:ticket")
        if not message.get("more_body", False):
            return body
