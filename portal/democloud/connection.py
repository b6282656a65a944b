"""Cutting a connection: what a client sees when a load balancer or an API worker dies under it."""

from __future__ import annotations

import socket
import struct

from starlette.types import Send


class NoTransport(RuntimeError):
    """The server under us shows no transport (an in-process test client): there is no line to cut."""


def reset_connection(send: Send) -> None:
    """Close the client's connection with a TCP reset. Nothing is sent.

    ASGI has no such message; uvicorn's `send` is a method of the cycle that owns the transport."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise NoTransport
    line = transport.get_extra_info("socket")
    if line is not None:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
