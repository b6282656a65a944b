"""What a recorder writes, and that nothing it meets reaches the shell."""

import errno
import json
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from instances.remote import casts
from instances.remote.casts import CastFile
from instances.remote.recorder import LONGEST_EVENT, MOST_WAITING, Recorder, Result
from portal.core import seal

HEADER = casts.header(cols=80, rows=24, timestamp=1_800_000_000, title="exouser@lab")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Taped:
    """A recorder over a file of its own, and what came of it."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.key, self.path, self.clock = seal.new_key(), folder / "2026" / "11" / "x.cast", Clock()
        self.results: list[Result] = []
        self.options = {"most_bytes": 10_000_000, "most_seconds": 3600.0, **options}
        self.recorder = self.begin()

    def begin(self, **more: Any) -> Recorder:
        return Recorder(
            CastFile(self.path, self.key),
            header=HEADER,
            ended=self.results.append,
            clock=self.clock,
            **{**self.options, **more},
        )

    def over(self, reason: str = "stopped") -> list[Any]:
        self.recorder.close(reason)
        assert self.recorder.over.wait(10)
        return self.lines()

    def lines(self) -> list[Any]:
        text = b"".join(casts.frames(self.path, self.key)).decode()
        return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def taped(tmp_path: Path) -> Taped:
    return Taped(tmp_path)


def test_a_recording_is_an_asciicast_with_its_times(taped: Taped) -> None:
    taped.recorder.feed(b"$ ")
    taped.clock.now += 1.25
    taped.recorder.feed(b"date\r\n")
    taped.recorder.resize(120, 40)
    header, *events = taped.over()
    assert (header["version"], header["width"], header["height"]) == (2, 80, 24)
    assert events[:3] == [[0.0, "o", "$ "], [1.25, "o", "date\r\n"], [1.25, "r", "120x40"]]
    assert events[-1][1] == "m"


def test_a_letter_that_comes_in_two_halves_is_one_letter(taped: Taped) -> None:
    euro = "€".encode()
    taped.recorder.feed(euro[:1])
    taped.clock.now += 1
    taped.recorder.feed(euro[1:] + b"\xff!")
    shown = "".join(text for _, kind, text in taped.over()[1:] if kind == "o")
    assert shown == "€\ufffd!"


def test_output_that_comes_together_is_one_event_and_never_a_huge_one(taped: Taped) -> None:
    for _ in range(100):
        taped.recorder.feed(b"ab")
    taped.recorder.feed(b"x" * LONGEST_EVENT)
    events = [event for event in taped.over()[1:] if event[1] == "o"]
    assert [len(event[2]) for event in events] == [200, LONGEST_EVENT]


def test_the_file_is_for_the_portal_alone_and_tells_nothing_without_its_key(taped: Taped) -> None:
    taped.recorder.feed(b"the secret of the shell")
    taped.over()
    assert stat.S_IMODE(taped.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(taped.path.parent.stat().st_mode) == 0o700
    assert b"secret" not in taped.path.read_bytes()
    assert list(casts.frames(taped.path, seal.new_key())) == []


def test_a_crash_in_the_middle_of_a_frame_costs_that_frame_only(taped: Taped) -> None:
    taped.recorder.feed(b"kept")
    assert taped.recorder.write()
    whole = taped.path.read_bytes()
    taped.recorder.feed(b"lost")
    taped.recorder.write()
    taped.path.write_bytes(taped.path.read_bytes()[: len(whole) + 20])
    assert [event[2] for event in taped.lines()[1:]] == ["kept"]


def test_a_process_that_takes_it_up_after_a_crash_goes_on_in_the_same_file(taped: Taped) -> None:
    taped.recorder.feed(b"before")
    taped.recorder.write()
    with taped.path.open("ab") as file:
        file.write(b"gAAAA-half-a-frame")
    taped.recorder = taped.begin(offset=60.0)
    taped.recorder.feed(b"after")
    told = taped.over()
    assert [event[2] for event in told[1:3]] == ["before", "after"]
    assert told[2][0] == 60.0
    assert sum("version" in line for line in told if isinstance(line, dict)) == 1


def test_it_ends_at_the_size_that_is_kept_and_says_so(tmp_path: Path) -> None:
    taped = Taped(tmp_path, most_bytes=5_000)
    for _ in range(100):
        taped.clock.now += 1
        taped.recorder.feed(b"x" * 200)
    assert taped.recorder.over.wait(10)
    assert taped.results[0].reason == "full"
    assert taped.results[0].size_bytes <= 5_000
    assert "full" in taped.lines()[-1][2]


def test_it_ends_when_it_has_lasted_long_enough(tmp_path: Path) -> None:
    taped = Taped(tmp_path, most_seconds=10.0)
    taped.recorder.feed(b"early")
    taped.clock.now += 11
    taped.recorder.feed(b"late")
    assert taped.recorder.over.wait(10)
    assert taped.results[0].reason == "long"


def test_nothing_is_taken_after_the_end(taped: Taped) -> None:
    taped.recorder.feed(b"before")
    taped.recorder.close()
    taped.recorder.feed(b"after")
    taped.recorder.resize(10, 10)
    assert taped.recorder.over.wait(10)
    assert [event[1] for event in taped.lines()[1:]] == ["o", "m"]
    taped.recorder.close("ended")
    assert [result.reason for result in taped.results] == ["stopped"]


def test_a_full_disk_ends_the_recording_and_not_the_shell(
    taped: Taped, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    taped.recorder.feed(b"anything")
    assert taped.recorder.over.wait(10)
    taped.recorder.feed(b"more")
    assert [result.reason for result in taped.results] == ["disk"]


def test_a_disk_that_hangs_costs_a_bounded_memory_and_the_recording(
    taped: Taped, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, hangs, original = threading.Event(), threading.Event(), os.write

    def slow(file: int, data: bytes) -> int:
        hangs.set()
        assert go_on.wait(10)
        return original(file, data)

    monkeypatch.setattr(os, "write", slow)
    taped.recorder.feed(b"first")
    assert hangs.wait(10)
    for _ in range(MOST_WAITING // 1024 + 2):
        taped.recorder.feed(b"x" * 1024)
    assert taped.recorder._events == []
    go_on.set()
    assert taped.recorder.over.wait(10)
    assert taped.results[0].reason == "slow"


def test_two_shells_are_recorded_by_one_thread_each_in_its_own_file(tmp_path: Path) -> None:
    first, second = Taped(tmp_path / "a"), Taped(tmp_path / "b")
    first.recorder.feed(b"one")
    second.recorder.feed(b"two")
    threads = [thread for thread in threading.enumerate() if thread.name == "recordings"]
    assert len(threads) <= 1
    assert first.over()[1][2] == "one"
    assert second.over()[1][2] == "two"


def test_what_goes_wrong_at_the_end_of_one_recording_does_not_stop_the_next(tmp_path: Path) -> None:
    def wrong(_: Result) -> None:
        raise RuntimeError("Event loop is closed")

    first = Taped(tmp_path / "a")
    first.recorder._ended = wrong
    first.recorder.close()
    assert first.recorder.over.wait(10)
    second = Taped(tmp_path / "b")
    second.recorder.feed(b"still")
    assert second.over()[1][2] == "still"


def test_the_length_of_a_recording_is_found_again_from_its_file(taped: Taped) -> None:
    taped.recorder.feed(b"a")
    taped.clock.now += 7.5
    taped.recorder.feed(b"b")
    taped.recorder.write()
    measured = casts.measure(taped.path, taped.key)
    assert measured.seconds == 7.5
    assert measured.size_bytes == len(b"".join(casts.frames(taped.path, taped.key)))


def test_a_file_of_rubbish_is_empty_and_breaks_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.cast"
    path.write_bytes(os.urandom(5000) + b"\n\n\x00\n")
    assert casts.measure(path, seal.new_key()) == casts.NOTHING
