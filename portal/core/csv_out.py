"""Tables as CSV: sent while they are read, and harmless in a spreadsheet whatever people and clouds call things."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from decimal import Decimal

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.text import slugify

# What spreadsheets take for the beginning of a formula, their full-width forms too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
# So many rows in one piece of the answer.
_ROWS = 200

Cell = str | int | Decimal | None


def cell(value: Cell) -> str:
    """One field. Text that a spreadsheet would run is kept as text by a leading apostrophe; numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if not isinstance(value, str):
        return str(value)
    plain = "".join(letter for letter in value if letter.isprintable() or letter in "\t\n\r")
    return f"'{plain}" if plain.lstrip(" ").startswith(_FORMULA) else plain


def lines(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """The file in pieces; the mark at its beginning tells spreadsheets that it is UTF-8."""
    held = io.StringIO()
    writer = csv.writer(held)
    held.write("\ufeff")
    writer.writerow([cell(name) for name in header])
    for number, row in enumerate(rows, 1):
        writer.writerow([cell(value) for value in row])
        if number % _ROWS == 0:
            yield _taken(held)
    yield _taken(held)


def response(
    request: HttpRequest, name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> StreamingHttpResponse:
    """A file `name`.csv to keep. `rows` may read the database: they are asked for in the request's own thread."""
    pieces = lines(header, rows)
    # An answer is iterated as its server does it: else Django would gather the whole file first.
    body = _in_thread(pieces) if isinstance(request, ASGIRequest) else pieces
    answer = StreamingHttpResponse(body, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{slugify(name)[:100] or "table"}.csv"'
    answer["X-Content-Type-Options"] = "nosniff"
    # Django would compress each piece by itself, and browsers read the first of such pieces only.
    answer["Content-Encoding"] = "identity"
    return answer


async def _in_thread(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    following = sync_to_async(lambda: next(pieces, b""))
    while piece := await following():
        yield piece


def _taken(held: io.StringIO) -> bytes:
    piece = held.getvalue().encode()
    held.seek(0)
    held.truncate()
    return piece
