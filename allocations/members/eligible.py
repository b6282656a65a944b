"""For whom an invitation is: an e-mail domain, one address, or everybody of an identity provider. Pure."""

import re

_DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?:\.(?!-)[a-z0-9-]{1,63})+")
_ADDRESS = re.compile(r"[a-z0-9._%+-]{1,64}@(?P<domain>.+)")


def tidy(given: str) -> str:
    """What was typed as a rule: lower case, without the @ that people put before a domain."""
    return given.strip().lower().removeprefix("@")


def wrong(rule: str) -> str:
    """What is wrong with a rule; empty: nothing."""
    address = _ADDRESS.fullmatch(rule)
    domain = address["domain"] if address else rule
    if not rule or _DOMAIN.fullmatch(domain):
        return ""
    return "That is no domain, such as example.edu, and no address, such as ada@example.edu."


def fits(rule: str, *, email: str, identity_provider: str) -> bool:
    """Whether somebody with that address, from that identity provider, is meant. An empty rule means everybody.

    The address is what the identity provider vouches for; a domain means its subdomains too.
    """
    if not rule:
        return True
    address = email.strip().lower()
    if "@" in rule:
        return address == rule
    domains = {address.rpartition("@")[2], _host(identity_provider)}
    return any(domain == rule or domain.endswith(f".{rule}") for domain in domains if domain)


def _host(identity_provider: str) -> str:
    """The host of an identity provider's name, which is an address of the web."""
    return identity_provider.strip().lower().partition("://")[2].partition("/")[0].partition(":")[0]
