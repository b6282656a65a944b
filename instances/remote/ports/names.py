"""Host names below the ports site: one for each session, port and way to speak to it. Pure.

`p8888-<session>`: HTTP on 8888. `p8443t-<session>`: HTTPS there. `p3000o-<session>`: the application is told the
name that the browser uses, instead of localhost:3000. A name is no secret: it opens nothing without its cookie.
"""

import base64
import re
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

LABEL = re.compile(r"p([1-9][0-9]{0,4})(t?)(o?)-([a-z2-7]{26})")
_BYTES = 16


@dataclass(frozen=True, slots=True)
class Site:
    """Where all those names are: `https://ports.example.net`, perhaps with a port. Empty `host`: nowhere."""

    scheme: str
    host: str
    netport: str

    @property
    def secure(self) -> bool:
        return self.scheme == "https"


@dataclass(frozen=True, slots=True)
class Name:
    port: int
    session: UUID
    tls: bool = False
    outside: bool = False

    @property
    def label(self) -> str:
        id = base64.b32encode(self.session.bytes).decode().rstrip("=").lower()
        return f"p{self.port}{'t' if self.tls else ''}{'o' if self.outside else ''}-{id}"

    def authority(self, site: Site) -> str:
        """What a browser sends as Host."""
        return f"{self.label}.{site.host}{site.netport}"

    def origin(self, site: Site) -> str:
        return f"{site.scheme}://{self.authority(site)}"

    @property
    def inside(self) -> str:
        """The application's own origin, as a browser on the machine itself would have it."""
        usual = 443 if self.tls else 80
        return f"{'https' if self.tls else 'http'}://localhost{'' if self.port == usual else f':{self.port}'}"


def site_of(address: str) -> Site:
    parts = urlsplit(address)
    netport = f":{parts.port}" if parts.port else ""
    return Site(parts.scheme, (parts.hostname or "").lower(), netport)


def host_of(header: str) -> str:
    """The name in a Host header, without its port."""
    return header.rsplit(":", 1)[0].lower() if not header.endswith("]") else header.lower()


def belongs(host: str, site: Site) -> bool:
    """Whether a request for this host is the ports site's, known or not."""
    return bool(site.host) and (host == site.host or host.endswith(f".{site.host}"))


def name_of(host: str, site: Site) -> Name | None:
    """None for the site itself and for names that we never gave."""
    label, _, rest = host.partition(".")
    found = LABEL.fullmatch(label)
    if found is None or rest != site.host:
        return None
    port, tls, outside, id = found.groups()
    if int(port) > 65_535:
        return None
    raw = base64.b32decode(id.upper() + "=" * 6)
    made = Name(int(port), UUID(bytes=raw), bool(tls), bool(outside))
    # Base32 has spare bits at its end: only one spelling of a name is the name.
    return made if len(raw) == _BYTES and made.label == label else None
