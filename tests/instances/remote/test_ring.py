from hypothesis import given
from hypothesis import strategies as st

from instances.remote.ring import Ring

PIECES = st.lists(st.binary(min_size=1, max_size=40), max_size=40)


@given(PIECES, st.integers(0, 60))
def test_what_is_asked_for_and_kept_comes_whole(pieces: list[bytes], back: int) -> None:
    ring, whole = Ring(50), b"".join(pieces)
    for piece in pieces:
        ring.feed(piece)
    offset = max(0, len(whole) - back)
    start, data, joined = ring.since(offset)
    assert ring.total == len(whole)
    assert whole[start:] == data
    assert joined == (offset >= ring.start)
    if joined:
        assert start == offset


@given(PIECES)
def test_it_never_keeps_much_more_than_it_may(pieces: list[bytes]) -> None:
    ring = Ring(50)
    for piece in pieces:
        ring.feed(piece)
    assert ring.total - ring.start < 50 + 40
    assert ring.total - ring.start >= min(50, ring.total)


def test_after_a_gap_it_begins_behind_a_line_so_that_no_escape_sequence_is_cut() -> None:
    ring = Ring(10)
    for piece in (b"\x1b[31mred", b"half\nwhole line\n", b"end"):
        ring.feed(piece)
    start, data, joined = ring.since(0)
    assert (data, joined) == (b"whole line\nend", False)
    assert start == ring.total - len(data)


def test_a_page_that_claims_to_have_seen_the_future_gets_what_there_is() -> None:
    ring = Ring(100)
    ring.feed(b"all of it")
    assert ring.since(5000) == (0, b"all of it", False)
