"""What an operator may see while they look as somebody: pages, and nothing that changes, opens or reveals. Pure.

Every method but GET and HEAD is refused, and with it nearly everything. Of GETs, layers say here which of theirs give a
secret, open a session or show what is the person's alone; tests/access tries every address of the portal.
"""

from collections.abc import Iterable

SAFE = frozenset({"GET", "HEAD"})
# The ways out of it.
WAYS_OUT = frozenset({"look-end", "account_logout"})
_closed: set[str] = set()
_opened: set[str] = set()


def close(names: Iterable[str]) -> None:
    """Names of URLs that stay shut; one that ends with a colon is a namespace."""
    _closed.update(names)


def leave_open(names: Iterable[str]) -> None:
    """Single URLs of a closed namespace that show nothing but what the person's pages show."""
    _opened.update(names)


def allowed(method: str, view_name: str) -> bool:
    """`view_name` as in `namespace:name`; empty for an address that leads nowhere."""
    if view_name in WAYS_OUT:
        return True
    if method not in SAFE:
        return False
    if view_name in _opened:
        return True
    return view_name not in _closed and f"{view_name.partition(':')[0]}:" not in _closed


close({"api:", "admin:"})
# Sign-in and its return, tokens, and credentials with their files.
close({"account_login", "account_inactive", "openid_connect_login", "openid_connect_callback"})
close({"profile-tokens", "profile-tools", "profile-tool", "profile-tool-show", "profile-cloud-connect"})
close({"websso-return", "websso-finish", "look-people"})
