"""One POST to one address that was judged beforehand: bounded in time and size, no redirect followed, nothing kept open."""

import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import h11

from portal.notices.addresses import Target

CONNECT_SECONDS = 5.0
ALL_SECONDS = 15.0
_HEAD_AT_MOST = 16 * 1024
_BODY_AT_MOST = 4 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """`start`: the first of the body, at most 4 KiB of it, of whoever may have written it."""

    status: int
    retry_after: str
    start: bytes


class NoAnswer(Exception):
    """Nothing came of it, in words for the person: `str(error)`."""


def post(target: Target, address: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """To this address and no other, whatever the name leads to by now."""
    until = time.monotonic() + ALL_SECONDS
    try:
        with _connected(target, address, until) as line:
            return _exchange(line, target, body, headers, until)
    except ssl.SSLCertVerificationError as error:
        raise NoAnswer(f"its certificate is not good for {target.host}: {error.verify_message}") from None
    except TimeoutError:
        raise NoAnswer(f"no answer within {ALL_SECONDS:.0f} s") from None
    except ssl.SSLError:
        raise NoAnswer("the server does not speak TLS as we do") from None
    except h11.ProtocolError:
        raise NoAnswer("the server does not speak HTTP, or too much of it") from None
    except OSError as error:
        raise NoAnswer(f"no connection: {error.strerror or type(error).__name__}") from None


def _connected(target: Target, address: str, until: float) -> socket.socket:
    line = socket.create_connection((address, target.port), timeout=CONNECT_SECONDS)
    if not target.secure:
        return line
    line.settimeout(_left(until))
    try:
        return _tls().wrap_socket(line, server_hostname=target.host)
    except OSError:
        line.close()
        raise


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _exchange(
    line: socket.socket, target: Target, body: bytes, headers: Mapping[str, str], until: float
) -> Answer:
    talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_AT_MOST)
    told = [("Host", target.host_header), ("Connection", "close"), ("Content-Length", str(len(body)))]
    line.settimeout(_left(until))
    line.sendall(
        talk.send(h11.Request(method="POST", target=target.path, headers=[*told, *headers.items()])) or b""
    )
    line.sendall((talk.send(h11.Data(data=body)) or b"") + (talk.send(h11.EndOfMessage()) or b""))
    response: h11.Response | None = None
    start = b""
    while len(start) < _BODY_AT_MOST:
        event = talk.next_event()
        if event is h11.NEED_DATA:
            line.settimeout(_left(until))
            talk.receive_data(line.recv(4096))
        elif isinstance(event, h11.Response):
            response = event
        elif isinstance(event, h11.Data):
            start += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
            break
    if response is None:
        raise NoAnswer("the server closed the connection without an answer")
    given = {
        bytes(name).decode("latin-1"): bytes(value).decode("latin-1") for name, value in response.headers
    }
    return Answer(response.status_code, given.get("retry-after", "")[:64], start[:_BODY_AT_MOST])
