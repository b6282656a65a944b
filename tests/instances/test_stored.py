"""Rows that an older or a newer portal wrote are read by this one: no upgrade breaks the launch page."""

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from instances import catalogue as reading
from instances.mirror import catalogue
from instances.models import CatalogueItem
from instances.stored import revive
from tests.instances.test_catalogue import ADDRESS, FLAVOR, GROUP, IMAGE, KEY, NETWORK, VOLUME

AT = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
VALUES: dict[str, Any] = {
    CatalogueItem.Kind.FLAVOR: FLAVOR,
    CatalogueItem.Kind.IMAGE: IMAGE,
    CatalogueItem.Kind.NETWORK: NETWORK,
    CatalogueItem.Kind.FLOATING_IP: ADDRESS,
    CatalogueItem.Kind.KEYPAIR: KEY,
    CatalogueItem.Kind.SECURITY_GROUP: GROUP,
    CatalogueItem.Kind.VOLUME: VOLUME,
}
EVERY_FIELD = [(kind, found.name) for kind, value in VALUES.items() for found in fields(value)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    name: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    title: str
    count: int
    share: float
    on: bool
    maybe: str | None
    kind: Literal["a", "b"]
    words: tuple[str, ...]
    parts: tuple[Part, ...]
    facts: dict[str, str]
    made: datetime
    ended: datetime | None
    note: str = "none"
    extra: list[str] = field(default_factory=list)


def test_what_no_row_has_yet_is_empty_and_not_an_error() -> None:
    assert revive(Whole, {}, AT) == Whole(
        title="",
        count=0,
        share=0.0,
        on=False,
        maybe=None,
        kind="",  # type: ignore[arg-type]
        words=(),
        parts=(),
        facts={},
        made=AT,
        ended=None,
    )


def test_what_is_there_is_read_with_its_types() -> None:
    data = {"words": ["x"], "parts": [{"name": "p", "size": 3}], "made": "2026-05-01T00:00:00+00:00"}
    found = revive(Whole, data, AT)
    assert found.words == ("x",)
    assert found.parts == (Part(name="p", size=3),)
    assert found.made == datetime(2026, 5, 1, tzinfo=UTC)


def test_fields_of_nested_parts_may_be_missing_too() -> None:
    assert revive(Whole, {"parts": [{"name": "p", "colour": "red"}]}, AT).parts == (Part(name="p", size=0),)


def row_of(kind: str, data: dict[str, Any]) -> CatalogueItem:
    return CatalogueItem(kind=kind, cloud_id="x", name="x", data=data, seen_at=AT)


@pytest.mark.parametrize("kind", list(VALUES))
def test_every_kind_comes_back_as_it_was_written(kind: str) -> None:
    value = VALUES[kind]
    assert reading.value_of(row_of(kind, catalogue.data_of(value))) == value


@pytest.mark.parametrize(("kind", "missing"), EVERY_FIELD)
def test_a_row_written_before_a_field_existed_is_read(kind: str, missing: str) -> None:
    data = catalogue.data_of(VALUES[kind])
    del data[missing]
    found = reading.value_of(row_of(kind, data))
    kept = [name for name in data if getattr(found, name) != getattr(VALUES[kind], name)]
    assert kept == []


@pytest.mark.parametrize("kind", list(VALUES))
def test_a_row_of_a_newer_portal_is_read_after_a_downgrade(kind: str) -> None:
    value = VALUES[kind]
    data = catalogue.data_of(value) | {"invented_later": {"deep": [1]}}
    assert reading.value_of(row_of(kind, data)) == value
