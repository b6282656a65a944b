"""The part of a file that a browser asks for (RFC 9110, one range). Pure."""

import re

_ONE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")


class NotThere(ValueError):
    """The range begins behind the end."""


def asked(header: str, size: int) -> tuple[int, int] | None:
    """(start, stop) within the file; None: all of it, since nothing else was asked in a form that we serve."""
    found = _ONE.fullmatch(header.replace(" ", ""))
    if found is None or found.group(0) == "bytes=-":
        return None
    first, last = found.groups()
    if first == "":
        if int(last) == 0 or size == 0:
            raise NotThere(header)
        return max(0, size - int(last)), size
    start = int(first)
    stop = size if last == "" else min(size, int(last) + 1)
    if last != "" and int(last) < start:
        return None
    if start >= size:
        raise NotThere(header)
    return start, stop
