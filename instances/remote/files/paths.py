"""Names and paths of a machine's files. Pure.

On the machine they are bytes. In URLs, forms and pages they are a text from which the same bytes come back: what is
no UTF-8, control characters and the percent sign stand in it as %XX. People are shown `shown`, which goes one way only.
"""

import hashlib
import re
from urllib.parse import unquote_to_bytes

LONGEST_NAME = 255
LONGEST_PATH = 4096
PART_ENDING = b".heliosphere-part"
_MARK = re.compile(r"[0-9a-f]{16}")
# Turn the reading direction or break lines: with them a name looks like another.
_TURNING = r"\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\x80-\x9f"
_UNSEEN = re.compile(f"[{_TURNING}]")
_ESCAPED = re.compile(rf"[%\x00-\x1f\x7f{_TURNING}]")
_PICTURES = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}


class BadPath(ValueError):
    """`reason` goes on after "This name or path cannot be used:"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def text_of(path: bytes) -> str:
    decoded = path.decode("utf-8", "surrogateescape")
    return "".join(_escape(letter) for letter in decoded)


def _escape(letter: str) -> str:
    code = ord(letter)
    if 0xDC80 <= code <= 0xDCFF:
        return f"%{code - 0xDC00:02X}"
    if _ESCAPED.match(letter):
        return "".join(f"%{byte:02X}" for byte in letter.encode())
    return letter


def bytes_of(text: str) -> bytes:
    """The inverse of `text_of`; what a person typed is taken as it stands."""
    try:
        return unquote_to_bytes(text.encode())
    except UnicodeEncodeError:
        raise BadPath("it holds half of a character.") from None


def shown(name: bytes) -> str:
    """For people's eyes: one line, and nothing in it that moves other text."""
    return _UNSEEN.sub("\ufffd", name.decode("utf-8", "replace").translate(_PICTURES))


def is_name(name: bytes) -> bool:
    """Whether this may be one entry of a folder. What a machine lists is asked too."""
    return bool(name) and name not in {b".", b".."} and not (b"/" in name or b"\0" in name)


def name_of(name: bytes) -> bytes:
    """The same, for a name that a person gives."""
    if not is_name(name):
        raise BadPath("a name is not empty, is not “.” or “..”, and has no “/” in it.")
    if len(name) > LONGEST_NAME:
        raise BadPath(f"a name has at most {LONGEST_NAME} bytes, and this one has {len(name)}.")
    return name


def normal(path: bytes, home: bytes = b"/") -> bytes:
    """An absolute path without `.`, `..` and empty parts. Empty or `~` is home; nothing is above `/`."""
    if path == b"~" or path.startswith(b"~/"):
        path = home + path[1:]
    elif not path.startswith(b"/"):
        path = home + b"/" + path
    if b"\0" in path:
        raise BadPath("it holds a null character.")
    kept: list[bytes] = []
    for part in path.split(b"/"):
        if part == b"..":
            del kept[-1:]
        elif part not in {b"", b"."}:
            kept.append(part)
    found = b"/" + b"/".join(kept)
    if len(found) > LONGEST_PATH or any(len(part) > LONGEST_NAME for part in kept):
        raise BadPath("it is longer than a path can be.")
    return found


def below(folder: bytes, relative: bytes) -> bytes:
    """A path inside `folder`, for what an upload says: `..`, empty parts and absolute paths are refused."""
    if relative.startswith(b"/"):
        raise BadPath("what is uploaded goes into this folder, and the name begins with “/”.")
    found = join(folder, *(name_of(part) for part in relative.split(b"/")))
    if len(found) > LONGEST_PATH:
        raise BadPath("it is longer than a path can be.")
    return found


def join(folder: bytes, *names: bytes) -> bytes:
    return b"/".join([folder.rstrip(b"/"), *names]) or b"/"


def parent(path: bytes) -> bytes:
    return path.rpartition(b"/")[0] or b"/"


def last(path: bytes) -> bytes:
    """The name of what is at an absolute path; empty for `/`."""
    return path.rpartition(b"/")[2]


def crumbs(path: bytes) -> list[tuple[str, bytes]]:
    """From `/` down: how each folder is shown, and its path."""
    names = [name for name in path.split(b"/") if name]
    return [("/", b"/")] + [
        (shown(name), b"/" + b"/".join(names[: place + 1])) for place, name in enumerate(names)
    ]


def part_of(path: bytes, mark: str) -> bytes:
    """Where an upload to `path` is kept until it is whole: beside it, hidden, one for each file that is sent there."""
    if not _MARK.fullmatch(mark):
        raise BadPath("the upload has no proper mark.")
    name = last(path)
    ending = b"." + mark.encode() + PART_ENDING
    if 1 + len(name) + len(ending) > LONGEST_NAME:
        digest = hashlib.sha256(name).hexdigest()[:16].encode()
        name = name[: LONGEST_NAME - 1 - len(ending) - len(digest)] + digest
    return join(parent(path), b"." + name + ending)


def for_disk(name: bytes) -> str:
    """A file name that a person's own system takes as a name and nothing else."""
    return re.sub(r'[/\\:*?"<>|]', "_", shown(name)) or "download"
