"""Places in a sorted list, as an address holds them: the value of the last row shown, and its key."""

import base64
import binascii
import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q

LONGEST = 2000
_LARGEST = 10**12


def encode(value: object, pk: int | UUID) -> str:
    plain = value.isoformat() if isinstance(value, date) else value
    text = json.dumps(
        [str(plain) if isinstance(plain, Decimal) else plain, pk if isinstance(pk, int) else pk.hex],
        separators=(",", ":"),
        ensure_ascii=False,
    )
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(place: str, kind: type, key: type = int) -> tuple[Any, Any] | None:
    """None (the first page) for what is no place in a list sorted by values of this kind. `key`: int, or UUID."""
    if not place or len(place) > LONGEST:
        return None
    try:
        value, pk = json.loads(base64.urlsafe_b64decode((place + "=" * (-len(place) % 4)).encode()))
        return _typed(kind, value), UUID(str(pk)) if key is UUID else _within(int(pk))
    except (ValueError, TypeError, AttributeError, binascii.Error, ArithmeticError, RecursionError):
        return None


def beyond(field: str, place: tuple[Any, Any], *, descending: bool) -> Q:
    """What comes after that place when sorted by `field`, then by key, both in the same direction."""
    value, pk = place
    way = "lt" if descending else "gt"
    return Q(**{f"{field}__{way}": value}) | Q(**{field: value, f"pk__{way}": pk})


def _typed(kind: type, value: Any) -> Any:
    """The value as the database compares it; ValueError or ArithmeticError for what it could not."""
    if kind is datetime:
        moment = datetime.fromisoformat(str(value))
        if moment.tzinfo is None:
            raise ValueError(value)
        return moment
    if kind is date:
        return date.fromisoformat(str(value))
    if kind is int:
        return _within(int(value))
    if kind is Decimal:
        return _within(Decimal(str(value)))
    return "".join(letter for letter in str(value) if letter.isprintable())


def _within(number: Any) -> Any:
    if not -_LARGEST < number < _LARGEST:
        raise ValueError(number)
    return number
