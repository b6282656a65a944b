"""Where webhooks may lead: public addresses by https, and nowhere into the portal's own networks. Pure.

A name is looked up once, every address that it has is judged, and the connection is made to one of those that were
judged: a second look-up could answer otherwise.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

IP = IPv4Address | IPv6Address
LONGEST = 500
_LOWEST_PORT = 1024
# Ways in which an IPv6 address carries an IPv4 one: NAT64, 6to4, and the deprecated IPv4-compatible one.
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")
# Clouds answer there with credentials; one of them looks public.
_METADATA = frozenset(
    {ip_address("169.254.169.254"), ip_address("fd00:ec2::254"), ip_address("168.63.129.16")}
)


class UnusableAddress(ValueError):
    """Where nothing is sent, in words for the person."""


@dataclass(frozen=True, slots=True)
class Target:
    """A webhook's address in parts. `path` is what is asked for, with its query."""

    secure: bool
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return shown if self.port == (443 if self.secure else 80) else f"{shown}:{self.port}"


def target_of(url: str, *, local: bool = False) -> Target:
    """`local`: this is somebody's own computer (DEVELOPMENT), where http to loopback is allowed."""
    if (
        len(url) > LONGEST
        or not url.isascii()
        or any(letter <= " " or letter in '\\"<>^`{|}\x7f' for letter in url)
    ):
        raise UnusableAddress(f"An address has at most {LONGEST} plain letters, without blanks.")
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise UnusableAddress("That is not written as an address is.") from None
    if parts.scheme not in ("https", "http") or not host:
        raise UnusableAddress("It has to begin with https:// and name a host.")
    if parts.username is not None or parts.password is not None:
        raise UnusableAddress("It must not hold a name or password: the signature says who sends.")
    if parts.scheme == "http" and not (local and _is_loopback(host)):
        raise UnusableAddress("Only https is used: what is sent must not be read on its way.")
    number = port or (443 if parts.scheme == "https" else 80)
    if number not in (443, 80) and number < _LOWEST_PORT:
        raise UnusableAddress(
            f"Port {number} belongs to another service: use 443, or one from {_LOWEST_PORT} on."
        )
    if parts.scheme == "https" and number == 80:
        raise UnusableAddress("Port 80 is not that of https.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme == "https", host, number, path)


def choose(
    target: Target,
    found: Sequence[str],
    *,
    own: Collection[str] = (),
    refused: Collection[str] = (),
    local: bool = False,
) -> str:
    """The address to connect to, of those that the name has; UnusableAddress if any of them is forbidden."""
    if not found:
        raise UnusableAddress(f"The name {target.host} has no address.")
    for one in found:
        why = refusal(ip_address(one.partition("%")[0]), own=own, refused=refused, local=local)
        if why:
            raise UnusableAddress(f"{target.host} leads to {why}: nothing is sent there.")
    return found[0]


def refusal(
    address: IP, *, own: Collection[str] = (), refused: Collection[str] = (), local: bool = False
) -> str:
    """Why nothing is sent there; empty where it is a public address of somebody else."""
    inner = _inside(address)
    if inner is not None:
        return refusal(inner, own=own, refused=refused, local=local)
    if local and address.is_loopback:
        return ""
    if str(address) in own:
        return "the portal itself"
    if address in _METADATA:
        return "a cloud's metadata service"
    if any(address in ip_network(network, strict=False) for network in refused):
        return "a network that the operator closed"
    return _not_public(address)


def _not_public(address: IP) -> str:
    if address.is_loopback:
        return "the portal's own machine"
    if address.is_link_local:
        return "a link-local address"
    if address.is_multicast:
        return "a multicast address"
    if address.is_unspecified or address.is_reserved:
        return "an address that is none"
    return "" if address.is_global else "a private network"


def _inside(address: IP) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for."""
    if not isinstance(address, IPv6Address) or address.is_loopback or address.is_unspecified:
        return None
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 or address in _COMPATIBLE else None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
