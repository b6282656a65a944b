from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.csv_out import cell, lines


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "  =1", "＝1", "|calc", "%x"])
def test_text_that_a_spreadsheet_would_run_is_kept_as_text(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["blast-node", "a=b", "", "Ångström", "1-2"])
def test_other_text_is_left_alone(text: str) -> None:
    assert cell(text) == text


def test_numbers_stay_numbers_also_below_zero() -> None:
    assert (cell(Decimal("-1.50")), cell(-3), cell(Decimal("1E+3")), cell(None)) == (
        "-1.50",
        "-3",
        "1000",
        "",
    )


@given(st.text(st.characters(codec="utf-8")))
def test_no_text_begins_as_a_formula(text: str) -> None:
    assert not cell(text).lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_what_does_not_print_is_left_out() -> None:
    assert cell("a\x00b\u202ec") == "abc"


def test_a_long_table_comes_in_pieces() -> None:
    pieces = list(lines(["n"], ([number] for number in range(1000))))
    assert len(pieces) == 6
    text = b"".join(pieces).decode()
    assert text.startswith("\ufeffn\r\n0\r\n") and text.endswith("999\r\n")
