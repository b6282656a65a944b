"""What files hold: in memory while small, in blocks otherwise, nothing for holes, and never more than allowed."""

from __future__ import annotations

import errno
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.democloud.guest_store import BLOCK, SMALL, Content, Made, Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path, most=20 * BLOCK)
    yield made
    made.close()


Step = tuple[str, int, int]
steps = st.lists(
    st.tuples(st.sampled_from("wt"), st.integers(0, 3 * BLOCK), st.integers(0, BLOCK + 9)), max_size=8
)


@given(steps)
def test_a_file_holds_what_a_bytearray_would(todo: list[Step]) -> None:
    store = Store()
    content, model = Content(store), bytearray()
    for number, (kind, at, length) in enumerate(todo):
        if kind == "w":
            data = bytes([number + 1]) * length
            content.write(at, data)
            model.extend(bytes(max(0, at + length - len(model))))
            model[at : at + length] = data
        else:
            content.truncate(at)
            model[at:] = bytes(max(0, at - len(model)))
        assert content.size == len(model)
        assert content.read(0, len(model) + 10) == bytes(model)
        assert content.read(at, 100) == bytes(model[at : at + 100])
    store.close()


def test_small_files_take_no_block_and_holes_take_none(store: Store) -> None:
    small, sparse = Content(store, b"x" * SMALL), Content(store)
    sparse.truncate(1 << 40)
    sparse.write(1 << 39, b"in the middle")
    assert store.used_blocks == 1
    assert (small.size, sparse.size) == (SMALL, 1 << 40)
    assert sparse.read((1 << 39) - 2, 6) == b"\0\0in t"


def test_what_is_forgotten_gives_its_room_back(store: Store) -> None:
    content = Content(store, b"x" * (5 * BLOCK))
    assert store.used_blocks == 5
    content.truncate(BLOCK)
    assert store.used_blocks == 1
    del content
    gc.collect()
    assert store.used_blocks == 0
    again = Content(store)
    again.write(BLOCK, b"y" * SMALL)
    assert again.read(0, BLOCK) == bytes(BLOCK), "nobody reads what somebody else has written"


def test_all_guests_together_have_a_limit(store: Store) -> None:
    content = Content(store)
    with pytest.raises(OSError, match="No space left") as caught:
        content.write(0, b"x" * (21 * BLOCK))
    assert caught.value.errno == errno.ENOSPC


def test_a_made_up_file_repeats_its_pattern_and_cannot_be_written(store: Store) -> None:
    made = Made(store, b"abc\n", 1 << 30)
    assert made.read(5, 6) == b"bc\nabc"
    assert made.read((1 << 30) - 2, 10) == b"c\n"
    assert made.read(1 << 30, 10) == b""
    with pytest.raises(OSError, match="Read-only"):
        made.write(0, b"x")
    with pytest.raises(OSError, match="Read-only"):
        made.truncate(0)
    assert store.used_blocks == 0
