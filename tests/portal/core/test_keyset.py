from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core import keyset


@pytest.mark.parametrize(
    "value",
    [
        "BIO220047",
        "",
        "Ångström",
        7,
        Decimal("12.5"),
        date(2026, 11, 21),
        datetime(2026, 11, 21, 1, 2, tzinfo=UTC),
    ],
)
def test_a_place_is_found_again(value: object) -> None:
    assert keyset.decode(keyset.encode(value, 42), type(value)) == (value, 42)


@given(st.text(max_size=60), st.sampled_from([str, int, Decimal, date, datetime]))
def test_whatever_an_address_holds_is_a_place_or_none(text: str, kind: type) -> None:
    found = keyset.decode(text, kind)
    assert found is None or isinstance(found[1], int)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("x", int),
        ("x", date),
        ("NaN", Decimal),
        ("Infinity", Decimal),
        (10**13, int),
        ("2026-01-01", datetime),
    ],
)
def test_a_value_that_the_database_could_not_compare_is_no_place(value: object, kind: type) -> None:
    assert keyset.decode(keyset.encode(value, 1), kind) is None


def test_a_key_that_no_row_has_is_no_place() -> None:
    assert keyset.decode(keyset.encode("a", 10**20), str) is None
