"""Tokens that are still good, so that a hundred launches do not sign in a hundred times.

Kept in this process and, sealed, in the cache for the other ones. Both may be lost at any time without harm.
"""

import hashlib
import json
import threading
import time
from collections import OrderedDict

from django.core.cache import cache
from keystoneauth1 import access

from portal.cloud.shared import quietly
from portal.core import seal
from portal.core.errors import PortalError

KEPT = 512
# A token that ends sooner is not worth keeping: keystoneauth renews two minutes before the end.
_MARGIN = 150

_lock = threading.Lock()
_mine: "OrderedDict[str, access.AccessInfo]" = OrderedDict()
_signing_in = [threading.Lock() for _ in range(64)]


def key_of(*parts: str) -> str:
    """A name for a credential that does not tell the credential."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def signing_in(key: str) -> threading.Lock:
    """Held while signing in with one credential: the others wait and find the token.

    A few credentials share a lock, and now and then wait for each other; the number of locks stays the same.
    """
    return _signing_in[int(key[:8], 16) % len(_signing_in)]


def find(key: str) -> access.AccessInfo | None:
    with _lock:
        found = _mine.get(key)
        if found is not None:
            _mine.move_to_end(key)
    if found is None:
        found = _from_cache(key)
    if found is None or found.will_expire_soon(_MARGIN):
        return None
    _remember(key, found)
    return found


def keep(key: str, token: access.AccessInfo, state: str) -> None:
    """`state` is keystoneauth's own text form of the token, for other processes; empty: it stays in this one."""
    seconds = int(_seconds_left(token)) - _MARGIN
    if seconds <= 0:
        return
    _remember(key, token)
    if state:
        quietly(lambda: cache.set(f"token:{key}", seal.seal(state), seconds), None)


def drop(key: str, token: access.AccessInfo | None) -> None:
    """Forget a token that was refused, unless a newer one has taken its place already."""
    with _lock:
        mine = _mine.get(key)
        if mine is not None and token is not None and mine.auth_token != token.auth_token:
            return
        _mine.pop(key, None)
    quietly(lambda: cache.delete(f"token:{key}"), False)


def forget_all() -> None:
    """For tests: this process remembers nothing."""
    with _lock:
        _mine.clear()


def _remember(key: str, token: access.AccessInfo) -> None:
    with _lock:
        _mine[key] = token
        _mine.move_to_end(key)
        while len(_mine) > KEPT:
            _mine.popitem(last=False)


def _from_cache(key: str) -> access.AccessInfo | None:
    content: object = quietly(lambda: cache.get(f"token:{key}"), None)
    if not isinstance(content, str):
        return None
    try:
        kept = json.loads(seal.unseal(content))
    except PortalError:  # sealed with a key that has gone: as good as lost
        return None
    found: access.AccessInfo = access.create(body=kept["body"], auth_token=kept["auth_token"])
    return found


def _seconds_left(token: access.AccessInfo) -> float:
    moment = token.expires
    return moment.timestamp() - time.time() if moment is not None else 0.0
