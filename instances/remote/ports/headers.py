"""What of a request reaches the application, and what of its answer the browser. Pure.

The application sees what it would see from a browser on its own machine: Host, Origin and Referer say
localhost:<port>, in agreement, which is what Jupyter and most others ask for. X-Forwarded-* tell the truth.
"""

import re
from collections.abc import Iterable

from instances.remote.ports.asgi_types import Headers
from instances.remote.ports.names import Name, Site

# Every cookie of ours begins so, with or without `__Host-`.
COOKIE_STEM = "heliosphere-"
MOST_HEADERS, MOST_BYTES, LONGEST_TARGET = 150, 48 * 1024, 16 * 1024
# Of one connection, not of the message; or made anew by whoever frames it next.
_HOP = frozenset(
    b"connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer "
    b"transfer-encoding upgrade http2-settings".split()
)
# The proxies in front of us say these; the application hears it from us.
_OURS = frozenset(b"host expect forwarded via x-real-ip x-request-id origin referer cookie".split())
# They would reach beyond the one name (other ports of the site), switch protections on that outlive the session, or
# are made by our own server.
_DROPPED = frozenset(
    b"service-worker-allowed strict-transport-security public-key-pins public-key-pins-report-only expect-ct "
    b"clear-site-data alt-svc nel report-to reporting-endpoints server date".split()
)
_LOCAL = re.compile(
    r"(https?:)?//(localhost|127(?:\.\d{1,3}){3}|\[::1\]|0\.0\.0\.0)(?::(\d{1,5}))?(?=[/?#]|$)", re.I
)
_REFRESH = re.compile(r"(\s*\d*(?:\.\d*)?\s*[;,]\s*(?:url\s*=\s*)?)(['\"]?)(.*?)\2\s*", re.I | re.S)
_COOKIE_NAME = re.compile(r"\s*([^=;\s]*)\s*=")
_NAMES = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")


def too_much(headers: Headers, target: bytes) -> int:
    """The status to refuse with; 0: it may pass."""
    if len(target) > LONGEST_TARGET:
        return 414
    if len(headers) > MOST_HEADERS or sum(len(name) + len(value) for name, value in headers) > MOST_BYTES:
        return 431
    if not target.startswith(b"/") or any(not 0x21 <= byte <= 0x7E for byte in target):
        return 400
    bad = any(
        not _NAMES.fullmatch(name.lower()) or any(b in value for b in b"\r\n\0") for name, value in headers
    )
    return 400 if bad else 0


def one(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """By name; of several of one name the first."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        found.setdefault(name.lower(), value)
    return found


def to_application(headers: Headers, name: Name, site: Site, *, client: str) -> Headers:
    """Without framing (Content-Length, Transfer-Encoding), which whoever sends the body adds."""
    named = _connection_names(headers)
    inside = (name.origin(site) if name.outside else name.inside).encode()
    kept: Headers = [(b"host", inside.partition(b"://")[2])]
    for raw, value in headers:
        key = raw.lower()
        if key in {b"origin", b"referer"}:
            kept.append((key, _inward(value, name.origin(site).encode(), inside)))
        elif not _stays_here(key, named):
            kept.append((key, value))
    cookies = b"; ".join(value for key, value in headers if key.lower() == b"cookie")
    if left := without_ours(cookies):
        kept.append((b"cookie", left))
    kept.append((b"x-forwarded-for", client.encode()))
    kept.append((b"x-forwarded-host", name.authority(site).encode()))
    kept.append((b"x-forwarded-proto", site.scheme.encode()))
    return kept


def _stays_here(key: bytes, named: set[bytes]) -> bool:
    return (
        key in _HOP
        or key in _OURS
        or key in named
        or key == b"content-length"
        or key.startswith(b"x-forwarded-")
    )


def _connection_names(headers: Headers) -> set[bytes]:
    """Headers that the sender itself calls those of its connection."""
    values = b",".join(value for name, value in headers if name.lower() == b"connection")
    return {word.strip().lower() for word in values.split(b",") if word.strip()}


def _inward(value: bytes, outside: bytes, inside: bytes) -> bytes:
    if value == outside or value.startswith(outside + b"/"):
        return inside + value[len(outside) :]
    return value


def without_ours(cookies: bytes) -> bytes:
    """Of a Cookie header: all but our own."""
    pairs = [pair.strip() for pair in cookies.split(b";")]
    return b"; ".join(
        pair for pair in pairs if pair and not _is_ours(pair.partition(b"=")[0].decode("latin-1"))
    )


def _is_ours(name: str) -> bool:
    plain = name.strip().lower()
    for prefix in ("__host-", "__secure-"):
        plain = plain.removeprefix(prefix)
    return plain.startswith(COOKIE_STEM)


def to_browser(headers: Headers, name: Name, site: Site, *, addresses: Iterable[str] = ()) -> Headers:
    """`addresses`: other names of the machine by which an application may call itself."""
    named = _connection_names(headers)
    chunked = any(key.lower() == b"transfer-encoding" for key, _ in headers)
    kept: Headers = []
    for raw, value in headers:
        key = raw.lower()
        if key in _HOP or key in named or key in _DROPPED or (chunked and key == b"content-length"):
            continue
        if key == b"set-cookie":
            kept += [(key, cookie) for cookie in [guest_cookie(value)] if cookie]
        elif key in {b"location", b"content-location"}:
            kept.append((key, _text(outward(value.decode("latin-1"), name, site, addresses))))
        elif key == b"refresh":
            kept.append((key, _text(_refresh(value.decode("latin-1"), name, site, addresses))))
        elif key == b"access-control-allow-origin":
            kept.append((key, _text(outward(value.decode("latin-1"), name, site, addresses))))
        else:
            kept.append((key, value))
    return kept


def guest_cookie(value: bytes) -> bytes:
    """A Set-Cookie of the application: for this one host, and never one of ours. Empty: it is dropped."""
    first, *attributes = value.decode("latin-1").split(";")
    found = _COOKIE_NAME.match(first)
    # A nameless cookie is sent back as its bare value, which may look like any other.
    if found is None or not found.group(1) or _is_ours(found.group(1)):
        return b""
    kept = [part for part in attributes if part.partition("=")[0].strip().lower() != "domain"]
    return ";".join([first, *kept]).encode("latin-1")


def outward(address: str, name: Name, site: Site, addresses: Iterable[str] = ()) -> str:
    """An address of this very application, as the browser reaches it. Others stay as they are."""
    found = _LOCAL.match(address) or _by_address(address, addresses)
    if found is None:
        return address
    scheme, port = (found.group(1) or "").lower(), found.group(3)
    usual = 443 if scheme == "https:" or (not scheme and name.tls) else 80
    if int(port or usual) != name.port:
        return address
    return name.origin(site) + address[found.end() :]


def _by_address(address: str, addresses: Iterable[str]) -> re.Match[str] | None:
    hosts = "|".join(re.escape(f"[{host}]" if ":" in host else host) for host in addresses if host)
    if not hosts:
        return None
    return re.match(rf"(https?:)?//({hosts})(?::(\d{{1,5}}))?(?=[/?#]|$)", address, re.I)


def _refresh(value: str, name: Name, site: Site, addresses: Iterable[str]) -> str:
    found = _REFRESH.fullmatch(value)
    if found is None:
        return value
    before, quote, address = found.groups()
    return f"{before}{quote}{outward(address, name, site, addresses)}{quote}"


def _text(value: str) -> bytes:
    return value.encode("latin-1")
