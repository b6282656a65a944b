"""The gateway's values from the JSON that the mirror keeps of them, also where an older portal wrote it.

What the JSON lacks, because the field is younger than the row, is left empty until the next reading fills it;
what it has too much is passed over. Pure.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Any, TypeVar, cast, get_args, get_origin

T = TypeVar("T")
Reader = Callable[[Any, datetime], Any]


def revive(kind: type[T], data: Mapping[str, Any], read_at: datetime) -> T:
    """`read_at` stands for times that the row lacks."""
    given: dict[str, Any] = {}
    for name, reader, blank in _plan(cast(Hashable, kind)):
        if name in data:
            given[name] = reader(data[name], read_at)
        elif blank is not None:
            given[name] = blank(read_at)
    return kind(**given)


@cache
def _plan(kind: Any) -> tuple[tuple[str, Reader, Callable[[datetime], Any] | None], ...]:
    """Per field: its name, how it is read, and what it is where nothing is stored (None: its own default)."""
    return tuple((found.name, _reader(found.type), _blank(found)) for found in fields(kind))


def _reader(annotation: Any) -> Reader:
    base, inner = _base(annotation)
    if base is datetime:
        return lambda value, read_at: datetime.fromisoformat(value) if value else None
    if base is tuple:
        return lambda value, read_at: tuple(_item(inner, item, read_at) for item in value or ())
    return lambda value, read_at: value


def _item(kind: Any, value: Any, read_at: datetime) -> Any:
    nested = isinstance(kind, type) and is_dataclass(kind)
    return revive(kind, value, read_at) if nested and isinstance(value, Mapping) else value


def _blank(found: "Field[Any]") -> Callable[[datetime], Any] | None:
    if found.default is not MISSING or found.default_factory is not MISSING:
        return None
    if isinstance(found.type, UnionType):
        return lambda read_at: None
    base, _ = _base(found.type)
    if base is datetime:
        return lambda read_at: read_at
    return lambda read_at: base() if callable(base) else ""


def _base(annotation: Any) -> tuple[Any, Any]:
    """(tuple, str) of `tuple[str, ...]`, (str, None) of `str | None` and of `Literal[...]`."""
    if isinstance(annotation, UnionType):
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    origin = get_origin(annotation)
    if origin is None:
        return annotation, None
    return (origin, get_args(annotation)[0]) if isinstance(origin, type) else (str, None)
