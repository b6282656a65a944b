"""Claiming a row by conditional update: exactly one of many workers gets it, and no lock is held while it works."""

from typing import Any

from django.db.models import QuerySet


def claim(rows: QuerySet[Any], **changes: Any) -> bool:
    """Apply `changes` to the row that `rows` still matches. True when it did, so that the caller owns it now."""
    return rows.update(**changes) == 1
