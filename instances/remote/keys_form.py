"""What adding or removing a key would do to the file, before it is done. No machine, no database."""

import re
from dataclasses import dataclass

from instances.remote.authorized_keys import Key, keys
from instances.services.keys import public_key_complaint
from portal.accounts.models import User
from portal.core.errors import PortalError

_MARK = "heliosphere:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """`line`: exactly what is added or goes. `last_way`: nothing else would let anybody in."""

    add: bool
    line: str
    key: str
    fingerprint: str
    title: str
    person: User | None = None
    last_way: bool = False


def addition(text: bytes, public_key: str, person: User) -> Wanted:
    """The line says by its comment whose it is, and that the portal wrote it."""
    complaint = public_key_complaint(public_key)
    if complaint:
        raise PortalError("portal:bad-input", reason=complaint)
    kind, body, *rest = public_key.split(None, 2)
    own = " ".join(word for word in " ".join(rest).split() if not word.startswith(_MARK))
    comment = " ".join(filter(None, [_plain(own), f"{_MARK}{_plain(person.username)}"]))
    found = next(iter(keys(f"{kind} {body} {comment}".encode())), None)
    if found is None:
        raise PortalError("portal:bad-input", reason="This is not a public key that ssh understands.")
    if any(there.key == found.key for there in keys(text)):
        raise PortalError("portal:bad-input", reason="This key is on the machine already.")
    line = f"{found.key} {comment}"
    return Wanted(
        add=True, line=line, key=found.key, fingerprint=found.fingerprint, title=_title(found), person=person
    )


def removal(text: bytes, fingerprint: str, *, certificates: bool) -> Wanted:
    """`certificates`: the machine lets those in besides."""
    there = keys(text)
    found = next((key for key in there if key.fingerprint == fingerprint), None)
    if found is None:
        raise PortalError("portal:bad-input", reason="This key is not on the machine any more.")
    others = {key.key for key in there} - {found.key}
    return Wanted(
        add=False,
        line=" ".join(filter(None, [found.options, found.key, found.comment])),
        key=found.key,
        fingerprint=found.fingerprint,
        title=_title(found),
        last_way=not others and not certificates,
    )


def _title(key: Key) -> str:
    return key.comment or f"The {key.kind} key"


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9@._+-]+", "-", text.strip()).strip("-")[:60]
