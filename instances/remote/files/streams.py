"""Answers that are sent while they are read from a machine. Whoever goes away stops the reading."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing

import asyncssh
from django.http import StreamingHttpResponse

from instances.remote.files.here import Here
from instances.remote.files.reading import Shrank

logger = logging.getLogger(__name__)


class CutShort(ConnectionError):
    """The answer cannot be finished; it ends in the middle, which browsers tell from its end."""


async def sent(
    here: Here, source: AsyncGenerator[bytes, None], release: Callable[[], Awaitable[None]]
) -> AsyncGenerator[bytes, None]:
    """`source`, counted, for as long as the session lives. `release` is called at the end, whatever the end is."""
    try:
        async with aclosing(source):
            async for data in source:
                if here.attended.ended.done():
                    raise CutShort("the session ended")
                here.attended.touch()
                here.attended.count(out=len(data))
                yield data
    except (asyncssh.Error, OSError, Shrank) as error:
        logger.info("a download from %s was cut short: %s", here.session.instance_id, error)
        raise CutShort(str(error)) from error
    finally:
        await release()


class Streamed(StreamingHttpResponse):
    """Closes its source itself, at once and in the loop; also when nobody ever asked it for a byte."""

    def __init__(
        self, source: AsyncGenerator[bytes, None], release: Callable[[], Awaitable[None]], **headers: str
    ) -> None:
        super().__init__(source)
        self._source = source
        self._release = release
        self._begun = False
        self._loop = asyncio.get_running_loop()
        # Packed again it would lose its length, and ranges of it their meaning.
        self["Content-Encoding"] = "identity"
        self["X-Accel-Buffering"] = "no"
        for name, value in headers.items():
            self[name.replace("_", "-")] = value

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self._begun = True
        try:
            async with aclosing(self._source) as source:
                async for part in source:
                    yield part
        except CutShort as error:
            # Django ends the answer as it does when a browser leaves: tidied up, and without its end, so that the
            # server breaks the connection. Any other exception would leave the request's things open.
            raise asyncio.CancelledError from error

    def close(self) -> None:
        super().close()
        if not self._begun and not self._loop.is_closed():
            self._begun = True
            asyncio.run_coroutine_threadsafe(_released(self._release), self._loop)


async def _released(release: Callable[[], Awaitable[None]]) -> None:
    await release()
