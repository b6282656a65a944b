"""What the portal itself says on the ports site: why an application does not show, and where to go on."""

from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.urls import reverse

from instances.remote.ports.asgi_types import Headers, Send
from instances.remote.ports.door import Known
from instances.remote.ports.entry import OWN
from instances.remote.ports.names import Name, Site
from instances.remote.shown import at_a_seat
from portal.core.errors import PortalError

# A key or password is never asked for on this site: its pages belong to the machine.
ASKING = frozenset({"remote:needs-secret", "remote:secret-refused", "remote:bad-key"})
SHEET = OWN + "page.css"
_SHEETS = ("css/tokens.css", "css/plain.css")
_POLICY = "default-src 'none'; style-src 'self'; img-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def own_headers(site: Site, kind: bytes) -> Headers:
    """Of every answer that is ours: no frame, no script, no memory of it."""
    headers: Headers = [
        (b"content-type", kind + b"; charset=utf-8"),
        (b"content-security-policy", _POLICY.encode()),
        (b"x-frame-options", b"DENY"),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"cache-control", b"no-store"),
    ]
    if site.secure:
        headers.append((b"strict-transport-security", b"max-age=31536000"))
    return headers


async def reply(send: Send, status: int, headers: Headers, body: bytes = b"") -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


def problem(
    error: PortalError, site: Site, *, name: Name | None, known: Known | None, wants_page: bool
) -> tuple[int, Headers, bytes]:
    """`known` only for one who brought the cookie: others learn nothing of the machine."""
    if known is not None and known.seat:
        error, known = at_a_seat(error), None
    words = error.problem
    if not wants_page:
        text = f"{words.title}\n{words.what}\n{words.todo}\n"
        return words.status, own_headers(site, b"text/plain"), text.encode()
    context = {
        "problem": words,
        "error_id": error.id,
        "detail": error.detail,
        "sheet": SHEET,
        "portal": settings.SITE_URL,
        "back": back(known, name, ask=error.id in ASKING),
        "machine": known.machine if known else "",
        "again": error.outcome == "retry",
    }
    page = render_to_string("remote/ports/problem.html", context)
    headers = own_headers(site, b"text/html")
    if error.retry_after is not None:
        headers.append((b"retry-after", str(max(1, round(error.retry_after))).encode()))
    return words.status, headers, page.encode()


def back(known: Known | None, name: Name | None, *, ask: bool = False) -> str:
    """The portal's page about the ports of this machine, which asks for a key with `ask`; for strangers the portal."""
    if known is None:
        return f"{settings.SITE_URL}/"
    path = reverse("remote:ports", args=[known.instance_id])
    return (
        f"{settings.SITE_URL}{path}{f'?port={name.port}' if name else ''}{'&ask=key' if name and ask else ''}"
    )


@cache
def sheet() -> bytes:
    found = [finders.find(name) for name in _SHEETS]
    return b"\n".join(Path(str(path)).read_bytes() for path in found if path)
