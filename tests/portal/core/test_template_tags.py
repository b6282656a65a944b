from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.template import Context, Template
from django.utils import timezone


def shown(text: str, **context: Any) -> str:
    return Template(text).render(Context(context))


def test_an_icon_is_decoration_unless_it_has_a_label() -> None:
    assert 'aria-hidden="true"' in shown("{% icon 'server' %}")
    labelled = shown("{% icon 'server' label=name %}", name='"><script>')
    assert 'role="img"' in labelled
    assert "<script>" not in labelled
    assert "icons.svg#server" in labelled


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(2, "just now"), (40, "40 s ago"), (90, "1 min ago"), (7300, "2 h ago"), (200_000, "2 d ago")],
)
def test_ago_uses_the_largest_unit(seconds: int, words: str) -> None:
    text = shown("{{ at|ago }}", at=timezone.now() - timedelta(seconds=seconds))
    assert words in text
    assert "<time datetime=" in text


def test_what_never_happened_was_never() -> None:
    assert shown("{{ at|ago }}", at=None) == "never"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("0.0625"), "0.06"),
        (Decimal("7.50"), "7.5"),
        (Decimal("64.04"), "64"),
        (Decimal("128.26"), "128.3"),
        (Decimal("123456.7"), "123,457"),
        (Decimal("-3.1"), "-3.1"),
        (0, "0"),
        (100, "100"),
        (2000, "2,000"),
        (None, "–"),
        (float("nan"), "–"),
        ("not a number", "–"),
    ],
)
def test_service_units(value: Any, text: str) -> None:
    assert shown("{{ value|su }}", value=value) == text


@pytest.mark.parametrize(
    ("megabytes", "text"), [(1024, "1 GB"), (512, "0.5 GB"), (1024 * 1000, "1,000 GB"), (None, "–")]
)
def test_ram_in_gb(megabytes: Any, text: str) -> None:
    assert shown("{{ value|gb }}", value=megabytes) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (0, "0 s"), (61.5, "1 min"), (timedelta(days=3), "3 d"), (-5, "0 s")]
)
def test_duration(value: Any, text: str) -> None:
    assert shown("{{ value|duration }}", value=value) == text


def test_a_fresh_value_needs_no_note() -> None:
    assert shown("{{ v|age_note:at }}", v=3, at=timezone.now()) == "3"


def test_a_value_that_was_not_read_lately_says_since_when() -> None:
    text = shown("{{ v|age_note:at }}", v="<b>", at=datetime(2024, 5, 1, 14, 2, tzinfo=UTC))
    assert "not read since 2024-05-01 14:02" in text
    assert "&lt;b&gt;" in text


def test_a_value_that_was_never_read_says_so() -> None:
    assert "not read yet" in shown("{{ v|age_note:at }}", v=None, at=None)


def test_a_problem_kept_in_a_row_is_explained() -> None:
    text = shown(
        "{% problem id params detail %}", id="portal:forbidden", params={"need": "<i>"}, detail="<b>"
    )
    assert "Not allowed" in text
    assert "(&lt;i&gt;)" in text
    assert "<b>" not in text


def test_get_looks_up_by_a_variable() -> None:
    assert shown("{{ m|get:k }}", m={"a": 1}, k="a") == "1"
    assert shown("{{ m|get:k|default:'x' }}", m=None, k="a") == "x"
