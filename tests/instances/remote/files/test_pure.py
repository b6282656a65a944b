"""Ranges, orders, pages and previews, which know nothing of machines."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.remote.files import previews, ranges
from instances.remote.files.entries import Entry, Order, Page, at_place, kind_of, owner_of, place_of

NAMES = st.binary(min_size=1, max_size=12).filter(lambda name: b"/" not in name and b"\0" not in name)
ENTRIES = st.builds(
    Entry,
    name=NAMES,
    kind=st.sampled_from(["folder", "file", "link"]),
    size=st.integers(0, 5),
    changed=st.one_of(st.none(), st.integers(0, 3)),
)


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("", None),
        ("bytes=0-", (0, 100)),
        ("bytes=0-0", (0, 1)),
        ("bytes=10-1000", (10, 100)),
        ("bytes=-30", (70, 100)),
        ("bytes=-300", (0, 100)),
        ("bytes= 5 - 9", (5, 10)),
        ("bytes=9-5", None),
        ("bytes=-", None),
        ("bytes=0-1,5-6", None),
        ("lines=0-1", None),
        ("bytes=a-b", None),
        ("bytes=99999999999999999999-", None),
    ],
)
def test_the_range_that_is_asked_for(header: str, span: tuple[int, int] | None) -> None:
    assert ranges.asked(header, 100) == span


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=100-", 100), ("bytes=-0", 100), ("bytes=0-", 0), ("bytes=-5", 0)]
)
def test_ranges_that_are_not_there(header: str, size: int) -> None:
    with pytest.raises(ranges.NotThere):
        ranges.asked(header, size)


@given(st.text(max_size=30), st.integers(0, 2**40))
def test_any_header_gives_a_span_within_the_file(header: str, size: int) -> None:
    try:
        found = ranges.asked(f"bytes={header}", size)
    except ranges.NotThere:
        return
    assert found is None or 0 <= found[0] < found[1] <= size


@given(
    st.lists(ENTRIES, max_size=40, unique_by=lambda one: one.name),
    st.sampled_from(["name", "-name", "size", "-size", "changed", "-changed", "no such"]),
    st.integers(1, 7),
)
def test_pages_together_are_the_whole_list(entries: list[Entry], by: str, most: int) -> None:
    order = Order.of(by)
    whole = Page(order=order, hidden=True, most=1000)
    whole.feed(entries)
    seen: list[bytes] = []
    after = None
    while True:
        page = Page(order=order, hidden=True, most=most, after=after)
        page.feed(random.sample(entries, len(entries)))
        shown = page.entries()
        seen += [one.name for one in shown]
        if not page.more:
            break
        after = at_place(place_of(shown[-1]))
    assert seen == [one.name for one in whole.entries()]
    kinds = [one.kind == "folder" for one in whole.entries()]
    assert kinds == sorted(kinds, reverse=True)


def test_a_page_of_a_million_keeps_a_page() -> None:
    page = Page(most=10)
    most = 0
    for number in range(100_000):
        page.feed((Entry(f"f{(number * 7919) % 100_000}".encode(), "file"),))
        most = max(most, len(page._kept))
    assert most <= 90 and page.total == 100_000
    assert [one.name for one in page.entries()] == [f"f{number}".encode() for number in range(10)]


@pytest.mark.parametrize("text", ["", "x", "d.1", "f.zz.0.a", "f.1.1.\ud800"])
def test_a_place_that_is_none_begins_at_the_start(text: str) -> None:
    assert at_place(text) is None


def test_kinds_rights_and_owners() -> None:
    assert [kind_of(mode) for mode in (0o100644, 0o040755, 0o120777, 0o010644, None)] == [
        "file",
        "folder",
        "link",
        "other",
        "other",
    ]
    assert Entry(b"a", "folder", mode=0o041777).rights == "drwxrwxrwt"
    assert Entry(b"a", "file", mode=0o104755).octal == "4755"
    assert owner_of(b"-rw-r--r--    1 ubuntu   users    220 Feb 25  2020 .bashrc") == ("ubuntu", "users")
    assert owner_of(b"-rw 1 <script> x 2") == ("", "") and owner_of(b"") == ("", "")
    assert Entry(b"a", "file", changed=2**62).changed_at is not None


@pytest.mark.parametrize(
    ("head", "sort"),
    [
        (b"", "text"),
        ("grüße ✨\n".encode(), "text"),
        ("é".encode()[:1], "text"),
        (b"\x1b[31mred\x1b[0m", "text"),
        (b"a\0b", "none"),
        (b"\xff\xfe\xfd" * 10, "none"),
        (bytes(range(1, 32)) * 4, "none"),
        (b"\x89PNG\r\n\x1a\n....", "image"),
        (b"\xff\xd8\xff\xe0", "image"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image"),
        (b"RIFF\0\0\0\0WAVEfmt ", "none"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "text"),
    ],
)
def test_what_may_be_shown(head: bytes, sort: str) -> None:
    assert previews.sort_of(head) == sort


def test_an_svg_is_never_an_image() -> None:
    assert previews.image_type(b"<?xml version='1.0'?><svg/>") is None
