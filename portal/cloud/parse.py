"""Small readers of OpenStack's JSON. They raise ValueError or KeyError where a value cannot be meant."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Row = Mapping[str, Any]


def moment(value: Any) -> datetime:
    """A time of OpenStack, with or without its Z, as aware UTC."""
    parsed = datetime.fromisoformat(value)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def moment_or_none(value: Any) -> datetime | None:
    return moment(value) if value else None


def words(value: Any) -> dict[str, str]:
    """A mapping of text to text, whatever the cloud put into it."""
    return {str(name): text if isinstance(text, str) else str(text) for name, text in (value or {}).items()}


def text(row: Row, key: str) -> str:
    value = row.get(key)
    return value if isinstance(value, str) else "" if value is None else str(value)


def number(row: Row, key: str, default: int = 0) -> int:
    value = row.get(key)
    return default if value is None or value == "" else int(value)


def texts(value: Any) -> tuple[str, ...]:
    return tuple(str(item) for item in value or ())
