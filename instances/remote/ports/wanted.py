"""What somebody types, or pastes from an application's own output, as a port and a path. Pure."""

from dataclasses import dataclass
from urllib.parse import urlsplit

LONGEST = 4000


class NotAPort(ValueError):
    """`str()` says why, to the person."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """`path` may hold an application's own token: it is passed on in forms, and kept nowhere."""

    port: int
    path: str = "/"
    tls: bool = False
    outside: bool = False


def wanted_of(text: str, *, tls: bool = False, outside: bool = False) -> Wanted:
    """`8888`, `:8888/lab`, `localhost:8888`, `http://blast-node:8888/lab?token=…`.

    The host is of no meaning: it is always the machine itself that is asked.
    """
    text = text.strip()
    if len(text) > LONGEST or not all("!" <= letter <= "~" for letter in text):
        raise NotAPort("This is neither a port nor an address.")
    if text.isdigit():
        return Wanted(_number(text), tls=tls, outside=outside)
    scheme, found, rest = text.partition("://")
    if not found:
        scheme, rest = "", text
    if scheme.lower() not in {"", "http", "https"}:
        raise NotAPort("Only addresses of web applications, http or https, can be opened.")
    return _of_address(scheme.lower() or "http", rest, tls, outside)


def _of_address(scheme: str, rest: str, tls: bool, outside: bool) -> Wanted:
    try:
        parts = urlsplit(f"{scheme}://{rest if not rest.startswith(':') else f'localhost{rest}'}")
        port = parts.port
    except ValueError:
        raise NotAPort("A port is a number of 1 to 65535.") from None
    if not parts.hostname or (port is None and "." not in parts.hostname and parts.hostname != "localhost"):
        raise NotAPort("Type the number of a port, such as 8888, or paste the application's address.")
    usual = 443 if scheme == "https" else 80
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Wanted(_number(str(port or usual)), path, tls or scheme == "https", outside)


def _number(text: str) -> int:
    if len(text) > 5 or not 1 <= int(text) <= 65_535:
        raise NotAPort("A port is a number of 1 to 65535.")
    return int(text)
