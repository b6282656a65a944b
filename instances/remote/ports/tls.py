"""TLS inside a channel, for applications that speak only HTTPS.

Whose certificate it is, is not asked: it is nearly always self-signed, and the channel ends on the machine's own
loopback, over an SSH connection whose host key was checked.
"""

import asyncio
import ssl

from instances.remote.ports.asgi_types import Reader, Stream, Writer

_CHUNK = 64 * 1024
HANDSHAKE_SECONDS = 10.0


class NoTls(OSError):
    """The port does not speak it."""


def _context() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.set_alpn_protocols(["http/1.1"])
    return made


class TlsStream:
    """A reader and a writer in one."""

    def __init__(self, stream: Stream) -> None:
        self._reader: Reader = stream[0]
        self._writer: Writer = stream[1]
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = _context().wrap_bio(self._in, self._out, server_hostname="localhost")
        self._ended = False

    async def begin(self) -> "TlsStream":
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                await self._shake_hands()
        except (ssl.SSLError, TimeoutError) as error:
            self._writer.close()
            raise NoTls(str(error)) from error
        return self

    async def _shake_hands(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self.drain()
                if not await self._more():
                    raise NoTls("it ended the connection") from None
            else:
                await self.drain()
                return

    async def _more(self) -> bool:
        data = await self._reader.read(_CHUNK)
        if data:
            self._in.write(data)
        else:
            self._in.write_eof()
            self._ended = True
        return bool(data)

    async def read(self, n: int = _CHUNK, /) -> bytes:
        while True:
            try:
                return self._tls.read(n if n > 0 else _CHUNK)
            except ssl.SSLWantReadError:
                self._flush()  # answers to key updates
                if self._ended or not await self._more():
                    return b""
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                self._ended = True
                return b""
            except ssl.SSLError as error:
                raise ConnectionError(str(error)) from error

    def at_eof(self) -> bool:
        return self._ended or self._reader.at_eof()

    def write(self, data: bytes, /) -> None:
        self._tls.write(data)
        self._flush()

    def _flush(self) -> None:
        if waiting := self._out.read():
            self._writer.write(waiting)

    async def drain(self) -> None:
        self._flush()
        await self._writer.drain()

    def close(self) -> None:
        self._writer.close()

    def is_closing(self) -> bool:
        return self._writer.is_closing()


async def wrap(stream: Stream) -> Stream:
    """The same stream with TLS around it; `NoTls` where the port speaks something else."""
    made = await TlsStream(stream).begin()
    return made, made
