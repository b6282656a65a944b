"""What those who only look may send to a screen: every byte is accounted for, wherever the network cuts it."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.remote.rfb import MOST_ENCODINGS, MOST_TEXT_BYTES, NO_CLIPBOARD, VERSION, Looking, NotAllowed

HELLO = VERSION + b"\x01" + b"\x01"
PIXELS = bytes([0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0])
REFRESH = bytes([3, 1, 0, 0, 0, 0, 4, 0, 3, 0])
CONTINUOUS = bytes([150, 1, 0, 0, 0, 0, 4, 0, 3, 0])
KEY = bytes([4, 1, 0, 0, 0, 0, 0, 0x61])
QEMU_KEY = bytes([255, 0, 0, 1, 0, 0, 0, 0x61, 0, 0, 0, 0x1E])
POINTER = bytes([5, 1, 0, 10, 0, 20])
MANY_BUTTONS = bytes([5, 0x80, 0, 10, 0, 20, 1])
POWER = bytes([250, 0, 1, 2])
CAPS = bytes([6, 0, 0, 0]) + (-8 & 0xFFFFFFFF).to_bytes(4) + bytes([0x1F, 0, 0, 1, 0, 1, 0, 0])
PROVIDE = bytes([6, 0, 0, 0]) + (-6 & 0xFFFFFFFF).to_bytes(4) + bytes([0x10, 0, 0, 1, 9, 9])


def encodings(*numbers: int) -> bytes:
    return (
        bytes([2, 0])
        + len(numbers).to_bytes(2)
        + b"".join((number & 0xFFFFFFFF).to_bytes(4) for number in numbers)
    )


def fence(payload: bytes) -> bytes:
    return bytes([248, 0, 0, 0, 0, 0, 0, 3, len(payload)]) + payload


def text(content: bytes) -> bytes:
    return bytes([6, 0, 0, 0]) + len(content).to_bytes(4) + content


def size(screens: int) -> bytes:
    return bytes([251, 0, 4, 0, 3, 0, screens, 0]) + bytes(16 * screens)


passing = st.one_of(
    st.sampled_from([PIXELS, REFRESH, CONTINUOUS]),
    st.lists(st.integers(-(2**31), 2**31 - 1), max_size=30).map(lambda numbers: encodings(*numbers)),
    st.binary(max_size=64).map(fence),
)
dropped = st.one_of(
    st.sampled_from([KEY, QEMU_KEY, POINTER, MANY_BUTTONS, POWER, PROVIDE]),
    st.binary(max_size=300).map(text),
    st.integers(0, 5).map(size),
)


def looked(data: bytes, *cuts: int) -> bytes:
    """What comes through when the stream is cut at these places."""
    reader = Looking()
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return b"".join(reader.feed(data[start:end]) for start, end in itertools.pairwise(places))


@given(
    messages=st.lists(
        st.one_of(passing.map(lambda m: (m, True)), dropped.map(lambda m: (m, False))), max_size=20
    ),
    cuts=st.lists(st.integers(0, 10_000), max_size=40),
)
def test_what_asks_for_pictures_passes_and_what_acts_is_dropped_wherever_it_is_cut(
    messages: list[tuple[bytes, bool]], cuts: list[int]
) -> None:
    stream = HELLO + b"".join(message for message, _ in messages)
    expected = HELLO + b"".join(message for message, passes in messages if passes)
    assert looked(stream) == expected
    assert looked(stream, *cuts) == expected
    assert looked(stream, *range(len(stream))) == expected


@given(data=st.binary(max_size=400), cuts=st.lists(st.integers(0, 400), max_size=30))
def test_any_stream_gives_the_same_however_it_is_cut(data: bytes, cuts: list[int]) -> None:
    def outcome(*places: int) -> tuple[str, bytes]:
        reader, passed = Looking(), b""
        edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
        try:
            for start, end in itertools.pairwise(edges):
                passed += reader.feed(data[start:end])
        except NotAllowed as error:
            return str(error), b""
        return "", passed

    assert outcome() == outcome(*cuts)


@given(data=st.binary(min_size=1, max_size=400), cuts=st.lists(st.integers(0, 400), max_size=30))
def test_after_the_greeting_nothing_that_acts_ever_begins_a_message(data: bytes, cuts: list[int]) -> None:
    """What came through is read again: it holds nothing but what may pass."""
    reader, passed = Looking(), b""
    stream = HELLO + data
    edges = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    try:
        for start, end in itertools.pairwise(edges):
            passed += reader.feed(stream[start:end])
    except NotAllowed:
        pass
    if passed.startswith(HELLO):
        assert Looking().feed(passed) == passed


def test_a_key_hidden_in_the_clipboard_does_not_come_out_as_a_key() -> None:
    assert looked(HELLO + text(KEY * 50) + REFRESH) == HELLO + REFRESH


def test_whoever_looks_on_shares_the_screen_even_when_asking_for_it_alone() -> None:
    assert Looking().feed(VERSION + b"\x01" + b"\x00") == HELLO


def test_the_clipboard_offer_is_replaced_by_one_that_takes_nothing() -> None:
    assert looked(HELLO + CAPS + REFRESH) == HELLO + NO_CLIPBOARD + REFRESH
    # And that again is such an offer, so that it may go through two portals.
    assert looked(HELLO + NO_CLIPBOARD) == HELLO + NO_CLIPBOARD


@pytest.mark.parametrize(
    "stream",
    [
        b"RFB 003.003\n",
        b"RFB 003.889\n",
        b"GET / HTTP/1.1\r\n",
        VERSION + b"\x02",
        HELLO + b"\x01",
        HELLO + b"\xfd",
        HELLO + bytes([255, 1]),
        HELLO + bytes([248, 0, 0, 0, 0, 0, 0, 3, 65]),
        HELLO + bytes([2, 0]) + (MOST_ENCODINGS + 1).to_bytes(2),
        HELLO + bytes([6, 0, 0, 0]) + (MOST_TEXT_BYTES + 1).to_bytes(4),
        HELLO + bytes([6, 0, 0, 0]) + (-3 & 0xFFFFFFFF).to_bytes(4),
        HELLO + bytes([6, 0, 0, 0, 0x80, 0, 0, 0]),
    ],
)
def test_what_no_viewer_sends_ends_the_session(stream: bytes) -> None:
    with pytest.raises(NotAllowed):
        looked(stream)
    with pytest.raises(NotAllowed):
        looked(stream, *range(len(stream)))


def test_a_long_clipboard_is_not_kept_while_it_is_dropped() -> None:
    reader = Looking()
    reader.feed(HELLO + bytes([6, 0, 0, 0]) + MOST_TEXT_BYTES.to_bytes(4))
    for _ in range(MOST_TEXT_BYTES // 65_536):
        assert reader.feed(bytes(65_536)) == b""
        assert len(reader._waiting) == 0
    assert reader.feed(REFRESH) == REFRESH


def test_the_beginning_of_a_message_waits_for_its_rest() -> None:
    reader = Looking()
    assert reader.feed(HELLO + REFRESH[:9]) == HELLO
    assert reader.feed(REFRESH[9:]) == REFRESH
