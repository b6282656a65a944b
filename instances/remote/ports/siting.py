"""Whether the ports site is far enough from the portal, as browsers see it. Pure."""

import ipaddress
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

HOME = "localhost"


def faults(portal: str, ports: str, cookie_domains: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """What is wrong with PORTS_SITE beside SITE_URL, and whether it must not be. Nothing for an empty one."""
    if not ports:
        return
    ours, theirs = urlsplit(portal), urlsplit(ports)
    host, other = (ours.hostname or "").lower(), (theirs.hostname or "").lower()
    if (
        theirs.scheme not in {"http", "https"}
        or "." not in other
        or _is_address(other)
        or theirs.path not in {"", "/"}
    ):
        yield "PORTS_SITE has to be the address of a name, such as https://ports.example.net.", True
        return
    if theirs.scheme != ours.scheme:
        yield "PORTS_SITE and SITE_URL have to be both http or both https.", True
    if _below(host, other):
        yield f"SITE_URL is at or below PORTS_SITE ({other}): the portal would not be reached.", True
    elif _below(other, host) and host != HOME:
        yield (
            f"PORTS_SITE is below the portal's own name ({host}): pages of machines could set its cookies.",
            True,
        )
    elif host.split(".")[-2:] == other.split(".")[-2:]:
        shared = ".".join(host.split(".")[-2:])
        yield (
            f"PORTS_SITE and SITE_URL are both below {shared}: pages of machines may set cookies for all of it.",
            False,
        )
    for domain in cookie_domains:
        if domain and _below(other, domain.lstrip(".").lower()):
            yield f"Cookies of the portal for {domain} would be sent to pages of machines.", True


def _below(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
