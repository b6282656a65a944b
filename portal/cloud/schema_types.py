"""Kinds of values in the two configuration files, and the sentences that refuse them. Pure."""

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

T = TypeVar("T")


def _decimal_from_text(value: object) -> object:
    """YAML reads 6.4 as a binary float: money-like numbers go through their text."""
    return str(value) if isinstance(value, float) else value


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("should be a whole address that begins with https:// (or http://) and names a host")
    if parts.username or parts.password:
        raise ValueError("should hold no name or password: addresses are shown and logged")
    return value


def _keystone(value: str) -> str:
    if not _web_address(value).rstrip("/").endswith("/v3"):
        raise ValueError("should be the address of Keystone's version 3, which ends with /v3")
    return value


def _link(value: str) -> str:
    return value if not value or value.startswith("mailto:") else _web_address(value)


def _network(value: str) -> str:
    ipaddress.ip_network(value)
    return value


def _each_once(what: str) -> Callable[[Sequence[T]], Sequence[T]]:
    def check(values: Sequence[T]) -> Sequence[T]:
        complain_of_twins(what, values)
        return values

    return check


def complain_of_twins(what: str, values: Iterable[object]) -> None:
    """ValueError that names the first value that comes twice."""
    seen: set[object] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"{what} {str(value)!r} is there twice: only the first would ever be used")
        seen.add(value)


Number = Annotated[Decimal, BeforeValidator(_decimal_from_text), Field(ge=0)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
# Empty where it may be left out.
KeystoneAddress = Annotated[str, AfterValidator(lambda value: _keystone(value) if value else value)]
Link = Annotated[str, AfterValidator(_link)]
Cidr = Annotated[str, AfterValidator(_network)]
Regions = Annotated[tuple[str, ...], AfterValidator(_each_once("region"))]
