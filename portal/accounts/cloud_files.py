"""Reading a clouds.yaml or openrc file that somebody pasted. Pure; nothing in it is executed."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import yaml

LONGEST = 64 * 1024
_ID, _SECRET = "application_credential_id", "application_credential_secret"


class Unreadable(ValueError):
    """What is wrong with the text, in words for the person who pasted it."""


@dataclass(frozen=True, slots=True)
class Pasted:
    cloud: str
    id: str
    secret: str = field(repr=False)


def application_credential(text: str, auth_urls: Mapping[str, str]) -> Pasted:
    """The one application credential in the text that belongs to a cloud of `auth_urls` (name → address)."""
    if len(text) > LONGEST:
        raise Unreadable("That is too long to be a clouds.yaml or an openrc file.")
    candidates = list(_of_openrc(text) if _looks_like_openrc(text) else _of_clouds_yaml(text))
    complete = [auth for auth in candidates if auth.get(_ID) and auth.get(_SECRET)]
    if not complete:
        raise Unreadable(_what_is_missing(candidates))
    found = {
        Pasted(cloud, auth[_ID], auth[_SECRET])
        for auth in complete
        for cloud, address in auth_urls.items()
        if _same_keystone(auth.get("auth_url", ""), address)
    }
    if not found:
        raise Unreadable("It is for a cloud that this portal does not know: compare its auth_url.")
    if len(found) > 1:
        raise Unreadable("It holds several credentials: paste one entry at a time.")
    return found.pop()


def _what_is_missing(candidates: list[dict[str, str]]) -> str:
    if any("password" in auth or "username" in auth for auth in candidates):
        return "It is for a name and password: use the form for these, or make an application credential."
    return "There is no application credential in it: the id and the secret are both needed."


def _looks_like_openrc(text: str) -> bool:
    return any(line.lstrip().startswith(("export OS_", "OS_")) for line in text.splitlines())


def _of_openrc(text: str) -> Iterator[dict[str, str]]:
    """Assignments of plain values. Lines that a shell would have to work out are passed over."""
    auth: dict[str, str] = {}
    for line in text.splitlines():
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            continue
        for word in words:
            name, is_assignment, value = word.partition("=")
            if is_assignment and name.startswith("OS_") and not any(sign in value for sign in "$`"):
                auth[name.removeprefix("OS_").lower()] = value
    yield auth


def _of_clouds_yaml(text: str) -> Iterator[dict[str, str]]:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError:
        raise Unreadable("It is neither a clouds.yaml nor an openrc file.") from None
    entries = content.get("clouds") if isinstance(content, dict) else None
    if not isinstance(entries, dict):
        raise Unreadable("It has no `clouds:` at its beginning, as a clouds.yaml has.")
    for entry in entries.values():
        auth: Any = entry.get("auth") if isinstance(entry, dict) else None
        if isinstance(auth, dict):
            yield {str(name): value for name, value in auth.items() if isinstance(value, str)}


def _same_keystone(one: str, other: str) -> bool:
    """By server alone: one Keystone answers under /v3, /identity and more. Nothing is ever sent to `one`."""
    try:
        left, right = urlsplit(one), urlsplit(other)
        return (left.scheme, left.hostname, _port(left)) == (right.scheme, right.hostname, _port(right))
    except ValueError:
        return False


def _port(parts: Any) -> int:
    return int(parts.port or (443 if parts.scheme == "https" else 80))
