"""Where somebody gets to who is here for workshops only: the pages that layers open here, and no other. Pure.

Tests try every address of the portal as such a person (tests/access).
"""

from collections.abc import Iterable

_open: set[str] = set()


def open_to_visitors(names: Iterable[str]) -> None:
    """Names of URLs; one that ends with a colon is a namespace, whose doors know nothing of who visits."""
    _open.update(names)


def allowed(view_name: str) -> bool:
    """`view_name` as in `namespace:name`; empty for an address that leads nowhere, which says so itself."""
    return not view_name or view_name in _open or f"{view_name.partition(':')[0]}:" in _open


open_to_visitors({"healthz", "home", "account_login", "account_logout", "account_inactive"})
open_to_visitors({"openid_connect_login", "openid_connect_callback", "profile-end-sessions"})
