"""Looking a webhook's host up, once, and judging all that it leads to."""

import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings

from portal.notices.addresses import Target, UnusableAddress, choose, target_of


def reach(url: str) -> tuple[Target, str]:
    """Whom to connect to, and at which address. UnusableAddress where nothing may be sent."""
    target = target_of(url, local=settings.DEVELOPMENT)
    found = look_up(target.host, target.port)
    own = {address for name in _own_names() for address in _look_up_quietly(name)}
    address = choose(
        target, found, own=own, refused=settings.WEBHOOK_REFUSED_NETWORKS, local=settings.DEVELOPMENT
    )
    return target, address


def look_up(host: str, port: int) -> list[str]:
    """Every address that the name has now, in the order in which they are to be tried."""
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UnusableAddress(f"The name {host} has no address.") from None
    return list(dict.fromkeys(str(ip_address(str(answer[4][0]).partition("%")[0])) for answer in answers))


def _own_names() -> set[str]:
    """What the portal is called: by people, and by its own machine."""
    return {name for name in (urlsplit(settings.SITE_URL).hostname, socket.gethostname()) if name}


def _look_up_quietly(name: str) -> list[str]:
    try:
        return look_up(name, 443)
    except UnusableAddress:
        return []
