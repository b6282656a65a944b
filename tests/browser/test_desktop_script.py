"""noVNC within our bounds, fed by a test as a machine would: what is no screen ends it, and the page goes on."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.script_page import show

# A connection that a test feeds; what came of it: the words of the refusal, whether it was ever shown, its size.
FEED = """async (pieces) => {
  const { Screen } = await import('/static/js/remote/desktop_screen.js');
  class Line {
    constructor() {
      Object.assign(this, { binaryType: '', onerror: null, onmessage: null, onopen: null, protocol: '', readyState: 1 });
      this.sent = [];
    }
    send(data) { this.sent.push(...data); }
    close() { this.readyState = 3; }
  }
  window.violations = [];
  document.addEventListener('securitypolicyviolation', (event) => window.violations.push(event.violatedDirective));
  const holder = document.createElement('div');
  document.body.append(holder);
  const line = new Line();
  const told = { refused: '', shown: false, asked: 0 };
  const screen = new Screen(holder, line, (words) => { told.refused = words; });
  screen.addEventListener('connect', () => { told.shown = true; });
  screen.addEventListener('credentialsrequired', () => { told.asked += 1; });
  for (const { bytes, times } of pieces) {
    const data = new Uint8Array(bytes);
    for (let turn = 0; turn < times && !screen.over; turn += 1) line.onmessage({ data: data.slice().buffer });
  }
  await new Promise((done) => setTimeout(done, 50));
  const { violations } = window;
  const result = { ...told, size: screen.size, left: holder.childElementCount, closed: line.readyState === 3, violations };
  if (!screen.over) screen.disconnect();
  return result;
}"""
Piece = tuple[bytes, int]
PIXELS = bytes([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0])


def init(width: int = 40, height: int = 30, name: bytes = b"Desk") -> list[Piece]:
    """Piece by piece, as a server that waits for its client's answers."""
    screen = width.to_bytes(2) + height.to_bytes(2) + PIXELS + len(name).to_bytes(4) + name
    return [(one, 1) for one in (b"RFB 003.008\n", b"\x01\x01", bytes(4), screen)]


def update(x: int, y: int, width: int, height: int, encoding: int, data: bytes = b"") -> bytes:
    numbers = b"".join(number.to_bytes(2) for number in (x, y, width, height))
    return bytes([0, 0, 0, 1]) + numbers + (encoding & 0xFFFFFFFF).to_bytes(4) + data


def cut_text(length: int, data: bytes = b"") -> bytes:
    return bytes([3, 0, 0, 0]) + length.to_bytes(4) + data


@pytest.fixture
def feed(page: Page) -> Callable[..., dict[str, object]]:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    show(page, "<p>here</p>")

    def fed(*pieces: Piece) -> dict[str, object]:
        found: dict[str, object] = page.evaluate(
            FEED, [{"bytes": list(data), "times": times} for data, times in pieces]
        )
        assert errors == [] and found["violations"] == []
        # The page is not stopped by it.
        assert page.evaluate("document.querySelector('p').textContent") == "here"
        return found

    return fed


Feed = Callable[..., dict[str, object]]


def test_an_honest_screen_is_shown_and_painted(feed: Feed) -> None:
    red = bytes([0, 0, 255, 0]) * 4
    found = feed(*init(), (update(0, 0, 2, 2, 0, red), 1))
    assert found["shown"] and found["refused"] == "" and found["size"] == {"width": 40, "height": 30}
    assert found["left"] == 1 and not found["closed"]


@pytest.mark.parametrize(("width", "height"), [(65535, 65535), (8193, 10), (8000, 8000), (0, 10)])
def test_a_screen_of_impossible_size_is_refused_before_any_memory_is_taken(
    feed: Feed, width: int, height: int
) -> None:
    found = feed(*init(width, height))
    assert "points" in str(found["refused"]) and not found["shown"] and found["closed"]


def test_a_screen_that_grows_impossibly_later_is_refused_too(feed: Feed) -> None:
    found = feed(*init(), (update(0, 0, 65535, 65535, -223), 1))
    assert found["shown"] and "points" in str(found["refused"])


def test_a_rectangle_outside_the_screen_is_refused(feed: Feed) -> None:
    found = feed(*init(), (update(10, 0, 65000, 65000, 7), 1))
    assert found["refused"] == "It paints outside its screen."


def test_a_pointer_larger_than_a_pointer_is_refused(feed: Feed) -> None:
    assert "pointer" in str(feed(*init(), (update(0, 0, 4000, 4000, -239), 1))["refused"])


def test_sizes_without_end_are_refused_and_a_window_that_is_dragged_is_not(feed: Feed) -> None:
    two = update(0, 0, 60, 40, -223) + update(0, 0, 61, 40, -223)
    assert feed(*init(), (two, 40))["refused"] == ""
    assert "without end" in str(feed(*init(), (two, 200))["refused"])


def test_clipboard_without_end_stops_at_what_a_page_may_hold(feed: Feed) -> None:
    found = feed(*init(), (cut_text(2**31 - 1), 1), (bytes(65_536), 2000))
    assert found["refused"] == "It sent what is no picture of a screen."


def test_a_question_for_a_password_is_not_passed_on(feed: Feed) -> None:
    found = feed((b"RFB 003.008\n", 1), (b"\x01\x02", 1), (bytes(16), 1))
    assert "password" in str(found["refused"]) and not found["shown"]


@pytest.mark.parametrize(
    "nonsense",
    [b"\xff" * 64, bytes(range(9, 250)), b"<script>alert(1)</script>" * 9],
    ids=["ones", "counted", "markup"],
)
def test_garbage_ends_it(feed: Feed, nonsense: bytes) -> None:
    found = feed(*init(), (nonsense, 1))
    assert found["closed"] and found["left"] == 0


def test_words_where_bytes_belong_are_not_read(feed: Feed, page: Page) -> None:
    found = page.evaluate(
        FEED.replace("data: data.slice().buffer", "data: 'text'"), [{"bytes": [1], "times": 3}]
    )
    assert found["refused"] == "" and not found["shown"]
