"""Reading a clouds.yaml or openrc file that somebody brought. Pure; nothing in it is executed."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

import yaml

LONGEST = 64 * 1024
_ID, _SECRET = "application_credential_id", "application_credential_secret"
_LINE = re.compile(r"\s*(?:export\s+|set\s+|setenv\s+|\$env:)?OS_\w+\s*[=\s]", re.IGNORECASE)
# What a shell would have to work out first. It is passed over: only plain values are taken.
_WORKED_OUT = re.compile(r"[$`]|%\w+%")


class Unreadable(ValueError):
    """What is wrong with the text, in words for the person who brought it."""


@dataclass(frozen=True, slots=True)
class Pasted:
    """An application credential."""

    cloud: str
    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PastedPassword:
    """A name at a cloud; the password is empty where the file asks for it, as openrc files do."""

    cloud: str
    username: str
    user_domain: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    auth: Mapping[str, str] = field(repr=False)


def read(
    content: str | bytes, auth_urls: Mapping[str, str], *, wanted: str = "", entry: str = ""
) -> Pasted | PastedPassword:
    """The one login in it that belongs to a cloud of `auth_urls` (name → address).

    `wanted`: the cloud that the person is about to connect, which goes before others. `entry`: the name of the
    entry, where a clouds.yaml has several.
    """
    text = decoded(content)
    entries = list(_of_openrc(text) if _looks_like_openrc(text) else _of_clouds_yaml(text))
    if entry:
        entries = [found for found in entries if found.name == entry]
        if not entries:
            raise Unreadable(f"It has no entry called {entry[:60]}.")
    logins = [(found.name, login) for found in entries for login in _logins(found.auth, auth_urls)]
    if not logins:
        raise Unreadable(_what_is_missing([found.auth for found in entries], auth_urls))
    preferred = [pair for pair in logins if pair[1].cloud == wanted] or logins
    if len({login for _, login in preferred}) > 1:
        names = ", ".join(dict.fromkeys(name[:60] for name, _ in preferred))
        raise Unreadable(f"It holds several logins: {names}. Bring it again, and say which entry is meant.")
    return preferred[0][1]


def decoded(content: str | bytes) -> str:
    """Text of any editor: UTF-8 with or without its mark, or what PowerShell writes."""
    if len(content) > LONGEST:
        raise Unreadable("That is too long to be a clouds.yaml or an openrc file.")
    if isinstance(content, str):
        return content.removeprefix("\ufeff")
    utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("It is not a text file.") from None


def _logins(auth: Mapping[str, str], auth_urls: Mapping[str, str]) -> Iterator[Pasted | PastedPassword]:
    for cloud, address in auth_urls.items():
        if not _same_keystone(auth.get("auth_url", ""), address):
            continue
        if auth.get(_ID) and auth.get(_SECRET):
            yield Pasted(cloud, auth[_ID], auth[_SECRET])
        elif auth.get("username") and not _names_a_credential(auth):
            domain = auth.get("user_domain_name") or auth.get("domain_name") or ""
            yield PastedPassword(cloud, auth["username"], domain, auth.get("password", ""))


def _names_a_credential(auth: Mapping[str, str]) -> bool:
    return any(name.startswith("application_credential") for name in auth)


def _what_is_missing(entries: list[Mapping[str, str]], auth_urls: Mapping[str, str]) -> str:
    known = [
        auth
        for auth in entries
        if any(_same_keystone(auth.get("auth_url", ""), address) for address in auth_urls.values())
    ]
    if entries and not known and any(auth.get("auth_url") for auth in entries):
        return "It is for a cloud that this portal does not know: compare its auth_url."
    if not any(auth.get("auth_url") for auth in entries):
        return "It names no cloud: there is no auth_url in it."
    if any(_names_a_credential(auth) for auth in known):
        return "Its application credential is not complete: the id and the secret are both needed."
    if any("token" in auth for auth in known):
        return "It holds a token, which lasts for hours only: bring an application credential."
    return "There is no login in it: neither an application credential nor a user name."


def _looks_like_openrc(text: str) -> bool:
    return any(_LINE.match(line) for line in text.splitlines())


def _of_openrc(text: str) -> Iterator[_Entry]:
    """Assignments of plain values. Lines that a shell would have to work out are passed over."""
    auth: dict[str, str] = {}
    for line in text.splitlines():
        for name, value in _assignments(line):
            if name.upper().startswith("OS_") and not _WORKED_OUT.search(value):
                auth[name[len("OS_") :].lower()] = value
    yield _Entry("openrc", auth)


def _assignments(line: str) -> Iterator[tuple[str, str]]:
    """Names and values as bash and its kin, cmd.exe, csh and PowerShell write them."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return
    if len(words) == 3 and words[0] == "setenv":
        yield words[1], words[2]
    elif len(words) == 3 and words[1] == "=":
        yield words[0][len("$env:") :], words[2]
    else:
        for word in words:
            name, is_assignment, value = word.partition("=")
            if is_assignment:
                yield re.sub(r"^\$env:", "", name, flags=re.IGNORECASE), value.removesuffix(";")


def _of_clouds_yaml(text: str) -> Iterator[_Entry]:
    try:
        # All scalars are texts to this loader: no numbers, dates or objects are made of what somebody wrote.
        content = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  (safer than the safe one)
    except (yaml.YAMLError, RecursionError):
        raise Unreadable("It is neither a clouds.yaml nor an openrc file.") from None
    entries = content.get("clouds") if isinstance(content, dict) else None
    if not isinstance(entries, dict):
        raise Unreadable("It has no `clouds:` at its beginning, as a clouds.yaml has.")
    for name, entry in entries.items():
        auth: Any = entry.get("auth") if isinstance(entry, dict) else None
        if isinstance(auth, dict):
            texts = {str(key): value for key, value in auth.items() if isinstance(value, str)}
            yield _Entry(str(name), texts)


def _same_keystone(one: str, other: str) -> bool:
    """By server alone: one Keystone answers under /v3, /identity and more. Nothing is ever sent to `one`."""
    try:
        left, right = urlsplit(one), urlsplit(other)
        return (left.scheme, left.hostname, _port(left)) == (right.scheme, right.hostname, _port(right))
    except ValueError:
        return False


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)
