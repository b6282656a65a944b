"""What a page of a shell says, read with care: anybody may say anything. Pure but for its types."""

import json
import re
from typing import Any

from instances.remote.link import Secret
from instances.remote.room import Size

LONGEST_TEXT = 64 * 1024
_LOGIN = re.compile(r"[a-z_][a-z0-9_.-]{0,31}")


def message_of(text: bytes | str | None) -> dict[str, Any]:
    """Empty where it is none."""
    try:
        found = json.loads(text) if isinstance(text, str) and len(text) <= LONGEST_TEXT else None
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def size_of(message: dict[str, Any]) -> Size | None:
    """Within what terminals can be."""
    cols, rows = message.get("cols"), message.get("rows")
    if not isinstance(cols, int) or not isinstance(rows, int):
        return None
    return Size(min(max(cols, 2), 1000), min(max(rows, 1), 500))


def secret_of(message: dict[str, Any]) -> Secret | None:
    """None where neither a key nor a password was given."""
    given = {name: message.get(name) for name in ("key", "passphrase", "password")}
    texts = {name: value for name, value in given.items() if isinstance(value, str) and value}
    if not texts.get("key") and not texts.get("password"):
        return None
    login = message.get("login")
    return Secret(
        private_key=texts.get("key", ""),
        passphrase=texts.get("passphrase", ""),
        password=texts.get("password", ""),
        login=login if isinstance(login, str) and _LOGIN.fullmatch(login) else "",
    )
