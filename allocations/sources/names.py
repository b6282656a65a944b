"""What people are called: one name for one person, however it was written. Pure."""

import re
from collections.abc import Iterable
from re import Pattern

# Account names and ACCESS IDs; neither a path nor markup can be made of them.
_NAME = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9._+-]*[A-Za-z0-9_])?(?:@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)?"
)
_LONGEST = 128
_LONGEST_QUERY = 100


def plain(given: str, pattern: Pattern[str] | None) -> str:
    """The name without what the identity provider adds to it: `alice@access-ci.org` is `alice`."""
    name = given.strip()
    match = pattern.fullmatch(name) if pattern else None
    return (match.groupdict().get("name") or name) if match else name


def key(name: str) -> str:
    """By which two names are the same person's."""
    return name.strip().casefold()


def valid(name: str) -> bool:
    return len(name) <= _LONGEST and _NAME.fullmatch(name) is not None


def each_once(given: Iterable[str], pattern: Pattern[str] | None) -> list[str]:
    """Plain names in the order given, each person once, empty ones left out."""
    found = {key(name): name for name in reversed([plain(one, pattern) for one in given]) if name}
    return list(reversed(found.values()))


def question(given: str) -> str:
    """What was typed to find people, as one tidy line; empty where there is nothing to ask."""
    tidy = " ".join("".join(letter if letter.isprintable() else " " for letter in given).split())
    return tidy[:_LONGEST_QUERY] if len(tidy) >= 2 else ""


def grant_number(project_name: str, pattern: Pattern[str] | None) -> str:
    """The number under which a project is known outside; empty where its name is none."""
    name = project_name.strip()
    if pattern is not None and not pattern.fullmatch(name):
        return ""
    return name


def same_grant(one: str, other: str) -> bool:
    """XSEDE wrote `TG-` before its numbers; ACCESS does not."""
    return bare_grant(one) == bare_grant(other)


def bare_grant(number: str) -> str:
    """By which two ways of writing a grant are the same."""
    return number.strip().upper().removeprefix("TG-")
