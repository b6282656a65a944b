"""Rows → a ZIP of JSON and CSV, each part twice, with a list of what is in it. Pure."""

import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from portal.core.csv_out import Cell, lines


class TooMuch(ValueError):
    """More rows, or more bytes, than one export holds."""


# A person has thousands of these at most; what has more is broken, or somebody else's.
MOST_ROWS, MOST_BYTES = 250_000, 64 * 1024 * 1024
Given = tuple[str, str, Iterable[Mapping[str, Any]]]


def packed(parts: Iterable[Given], *, whose: str, made_at: datetime) -> tuple[bytes, dict[str, int]]:
    """`parts`: (name, what it is, its rows). The file, and how many rows each part has."""
    held = io.BytesIO()
    counts: dict[str, int] = {}
    told: list[str] = []
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, what, rows in parts:
            found = _read(rows)
            counts[name] = len(found)
            told.append(f"{name}: {what} ({len(found):,} rows)")
            archive.writestr(f"{name}.json", json.dumps(found, ensure_ascii=False, indent=1, default=plain))
            archive.writestr(f"{name}.csv", b"".join(_csv(found)))
            if held.tell() > MOST_BYTES:
                raise TooMuch(f"the export is larger than {MOST_BYTES} bytes")
        archive.writestr("README.txt", _readme(told, whose, made_at))
    return held.getvalue(), counts


def plain(value: Any) -> Any:
    """What JSON has no word for, as text that loses nothing."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _read(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for row in rows:
        found.append(row)
        if len(found) > MOST_ROWS:
            raise TooMuch(f"a part of the export has more than {MOST_ROWS} rows")
    return found


def _csv(rows: Sequence[Mapping[str, Any]]) -> Iterable[bytes]:
    header = list(dict.fromkeys(str(key) for row in rows for key in row))
    return lines(header, ([_cell(row.get(name)) for name in header] for row in rows))


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, str | int | Decimal):
        return value
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=plain)
    return str(plain(value))


def _readme(told: Sequence[str], whose: str, made_at: datetime) -> str:
    return "\n".join(
        [
            f"Everything of {whose} that the portal keeps, as of {made_at:%Y-%m-%d %H:%M} UTC.",
            "Each part is there twice: as JSON, and as CSV for spreadsheets. Times are UTC. Secrets are not in it.",
            "",
            *told,
            "",
        ]
    )
