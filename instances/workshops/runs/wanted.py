"""What people ask for, checked: commands, places below a home, patterns. Pure."""

import re
import unicodedata
from pathlib import PurePosixPath

LONGEST_COMMAND = 16_384
LONGEST_PATH = 300
LONGEST_NAME = 200
MOST_PATTERNS = 20
_WORD = re.compile(r"[A-Za-z0-9_./+-]{1,40}")


class Refused(ValueError):
    """Why, as the end of a sentence."""


def command_of(text: str) -> str:
    """As it is run: lines end as on Linux."""
    found = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    if not found.strip():
        raise Refused("it is empty")
    if "\0" in found:
        raise Refused("it holds a character that no shell takes")
    if len(found.encode("utf-8", "replace")) > LONGEST_COMMAND:
        raise Refused(f"it is longer than {LONGEST_COMMAND // 1024} KiB: push it as a file and run that")
    return found + "\n"


def word_of(command: str) -> str:
    """The name of the program, for lists and the trail; empty where it could be anything else, a secret for one.

    Only the first word, and only where it is a plain name that something follows or ends: never an assignment, and
    nothing of what follows.
    """
    first = command.split(None, 1)[0] if command.strip() else ""
    return first if _WORD.fullmatch(first) else ""


def folder_of(text: str) -> str:
    """A folder below the home, as `a/b`; empty: the home itself."""
    given = text.strip().removeprefix("~/").strip("/")
    if given in ("", "~", "."):
        return ""
    if text.strip().startswith("/"):
        raise Refused("it has to lie in the learner's home: leave out the first slash")
    return _path(given)


def name_of(text: str) -> str:
    """The name of one file, without any folder before it."""
    return _part(text.replace("\\", "/").rsplit("/", 1)[-1].strip())


def patterns_of(text: str) -> list[str]:
    """One a line: `notebooks`, `*.ipynb`, `project/results-*`."""
    found = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if len(found) > MOST_PATTERNS:
        raise Refused(f"these are more than {MOST_PATTERNS} lines")
    return [folder for one in found if (folder := folder_of(one))]


def _path(text: str) -> str:
    parts = [_part(part) for part in text.split("/") if part not in ("", ".")]
    found = "/".join(parts)
    if len(found.encode()) > LONGEST_PATH:
        raise Refused(f"it is longer than {LONGEST_PATH} characters")
    return found


def _part(text: str) -> str:
    if text in ("", ".", ".."):
        raise Refused("“..” and empty names lead out of the home" if text else "it has no name")
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") for letter in text):
        raise Refused("a name holds characters that cannot be shown")
    if text.startswith("-"):
        raise Refused("a name begins with a hyphen, which programs take for an option")
    if text.startswith(".heliosphere"):
        raise Refused("names that begin with .heliosphere are the portal's own")
    if len(text.encode()) > LONGEST_NAME:
        raise Refused(f"a name is longer than {LONGEST_NAME} characters")
    return text


def archive_path(text: str) -> str:
    """A path out of somebody's archive, as it may be unpacked anywhere."""
    if "\\" in text or text.startswith("/") or PurePosixPath(text).is_absolute():
        raise Refused(f"“{shown(text)}” leads out of its folder")
    try:
        return _path(text)
    except Refused as refused:
        raise Refused(f"“{shown(text)}”: {refused}") from None


def shown(text: str, most: int = 80) -> str:
    """Somebody else's words in a sentence of ours."""
    plain = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
    return plain if len(plain) <= most else plain[: most - 1] + "…"
