"""Which requests an application of one machine may get from pages of elsewhere. Pure.

All names below the ports site are one site to a browser: cookies with SameSite do not keep a page of one
machine from sending requests to another machine's application. `Sec-Fetch-*` and `Origin` do.
"""

from collections.abc import Mapping

_HARMLESS = {b"GET", b"HEAD", b"OPTIONS"}
# Somebody follows a link: allowed from anywhere, but not into a frame.
_TOP = b"document"


def refusal(method: str, headers: Mapping[bytes, bytes], origin: str) -> str:
    """Empty: it may pass. Else the reason, for the log and the page. `origin` is the name's own."""
    sender = headers.get(b"origin")
    if sender is not None and sender != b"null" and sender.decode("latin-1").lower() != origin:
        return "another-origin"
    if sender == b"null" and method.encode() not in _HARMLESS:
        return "another-origin"
    site = headers.get(b"sec-fetch-site", b"none")
    if site in {b"same-origin", b"none"}:
        return ""
    if headers.get(b"sec-fetch-mode") != b"navigate" or headers.get(b"sec-fetch-dest") != _TOP:
        return "another-site"
    return "" if method.encode() in _HARMLESS else "another-site"


def socket_refusal(headers: Mapping[bytes, bytes], origin: str) -> str:
    """Of a WebSocket: browsers send its Origin always, and nothing else keeps foreign pages out."""
    sender = headers.get(b"origin", b"").decode("latin-1").lower()
    return "" if sender == origin else "another-origin"
