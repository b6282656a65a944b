"""The shapes of ASGI, and of a stream to the machine, for the modules of this folder."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


class Reader(Protocol):
    """What we use of asyncssh's and asyncio's readers."""

    async def read(self, n: int = -1, /) -> bytes: ...
    def at_eof(self) -> bool: ...


class Writer(Protocol):
    def write(self, data: bytes, /) -> None: ...
    async def drain(self) -> None: ...
    def close(self) -> None: ...
    def is_closing(self) -> bool: ...


Stream = tuple[Reader, Writer]
