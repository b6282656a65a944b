"""What the address of a sorted list says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from portal.core.listed import Sorted


@dataclass(frozen=True, slots=True, kw_only=True)
class Query(Sorted):
    USUAL: ClassVar[Mapping[str, str]] = {"sort": "-age"}
    q: str = ""
    sort: str = "-age"


def test_what_is_empty_or_usual_is_left_out() -> None:
    assert Query().address() == "?"
    assert Query(q="a b").address() == "?q=a+b"
    assert Query(q="x", sort="name").address(q="") == "?sort=name"


def test_a_second_click_on_a_column_turns_it_round_and_begins_at_the_first_page() -> None:
    assert Query(after="here").sorted_by("name") == "?sort=name"
    assert Query(sort="name", after="here").sorted_by("name") == "?sort=-name"
    assert Query(sort="-name").sorted_by("name") == "?sort=name"


def test_the_order_and_its_direction_are_told_apart() -> None:
    assert (Query().order, Query().descending) == ("age", True)
    assert (Query(sort="name").order, Query(sort="name").descending) == ("name", False)


def test_a_list_knows_its_own_fields_and_those_that_all_have() -> None:
    assert set(Query.names()) == {"q", "sort", "after"}
