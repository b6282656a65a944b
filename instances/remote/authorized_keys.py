"""A machine's `authorized_keys`, read and changed line by line. Pure.

The text is hostile, and precious: every line that is not the one in question stays as it is, byte for byte.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

LONGEST = 256 * 1024
_KIND = re.compile(rb"(?:ssh-|ecdsa-|sk-)[a-z0-9@.-]{1,60}")
_BODY = re.compile(rb"[A-Za-z0-9+/]{16,8192}={0,2}")
# Options of sshd: words with commas between them, values in double quotes that may hold anything.
_OPTIONS = re.compile(rb'(?:[^\s"]|"(?:[^"\\]|\\.)*")+')


class Unreadable(ValueError):
    """Not a file that may be changed; the text says why, for the person."""


@dataclass(frozen=True, slots=True)
class Key:
    """One line that lets somebody in. `comment` and `options` are shown to people: printable, and cut."""

    kind: str
    body: str
    comment: str
    options: str
    fingerprint: str

    @property
    def key(self) -> str:
        return f"{self.kind} {self.body}"


def keys(text: bytes) -> list[Key]:
    """The keys in it, in their order. Never raises: a line that sshd would not understand opens nothing either."""
    return [found for line in text.split(b"\n") if (found := _key(line)) is not None]


def checked(text: bytes) -> bytes:
    """Unreadable unless it can be changed without harm."""
    if len(text) > LONGEST:
        raise Unreadable("it is longer than any such file should be")
    if b"\0" in text:
        raise Unreadable("it is not a text")
    return text


def with_key(text: bytes, line: str) -> bytes:
    """One more line at the end, unless that key is there. `line` is ours: checked, and one line."""
    new = _key(line.encode())
    if new is None or "\n" in line or "\r" in line:
        raise ValueError("not a line of a key")
    checked(text)
    if any(new.key == there.key for there in keys(text)):
        return text
    between = b"" if not text or text.endswith(b"\n") else b"\n"
    return text + between + line.encode() + b"\n"


def without(text: bytes, key: str) -> bytes:
    """Without every line of that key (`<type> <base64>`), with whatever options."""
    checked(text)
    kept = [line for line in text.split(b"\n") if not _is(line, key)]
    return b"\n".join(kept)


def digest(text: bytes) -> str:
    """Tells whether the file is still the one that somebody looked at."""
    return hashlib.sha256(text).hexdigest()


def _is(line: bytes, key: str) -> bool:
    found = _key(line)
    return found is not None and found.key == key


def _key(line: bytes) -> Key | None:
    rest = line.strip()
    if not rest or rest.startswith(b"#"):
        return None
    options = b""
    if not _starts_with_key(rest):
        found = _OPTIONS.match(rest)
        if found is None:
            return None
        options, rest = found[0], rest[found.end() :].lstrip()
    words = rest.split(None, 2)
    if len(words) < 2 or not _starts_with_key(rest):
        return None
    blob = _blob(words[1])
    if blob is None or not _names(blob, words[0]):
        return None
    print_ = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    comment = _shown(words[2]) if len(words) > 2 else ""
    return Key(words[0].decode(), words[1].decode(), comment, _shown(options), f"SHA256:{print_}")


def _starts_with_key(text: bytes) -> bool:
    words = text.split(None, 2)
    return len(words) > 1 and bool(_KIND.fullmatch(words[0])) and bool(_BODY.fullmatch(words[1]))


def _blob(body: bytes) -> bytes | None:
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return None


def _names(blob: bytes, kind: bytes) -> bool:
    """Whether it is whole: strings with their lengths before them, of which the first is its kind."""
    first, count = b"", 0
    while blob:
        size = int.from_bytes(blob[:4], "big")
        if len(blob) < 4 + size:
            return False
        first = first or blob[4 : 4 + size]
        blob, count = blob[4 + size :], count + 1
    return first == kind and count > 1


def _shown(text: bytes) -> str:
    plain = text.decode("utf-8", errors="replace")
    return "".join(letter if letter.isprintable() else "�" for letter in plain).strip()[:200]
