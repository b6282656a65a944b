"""A download as it grows: made in a thread, so that no other request waits for it."""

from collections.abc import AsyncIterator, Iterator
from urllib.parse import quote

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse
from django.utils.text import slugify

_END = b""


def zip_answer(pieces: Iterator[bytes], name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(_in_thread(pieces), content_type="application/zip")
    response["X-Content-Type-Options"] = "nosniff"
    # Django would compress each part by itself, and browsers read the first of such parts only.
    response["Content-Encoding"] = "identity"
    plain = slugify(name)[:80] or "work"
    response["Content-Disposition"] = (
        f"attachment; filename=\"{plain}.zip\"; filename*=UTF-8''{quote(name[:80])}.zip"
    )
    return response


async def _in_thread(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    following = sync_to_async(
        lambda: next((piece for piece in pieces if piece), _END), thread_sensitive=False
    )
    while piece := await following():
        yield piece
