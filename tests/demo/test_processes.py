"""The demo's child processes: watched, started again, and ended with their parent."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from portal.demo import processes
from portal.demo.processes import Child, end_all

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
]


def child(tmp_path: Path, command: list[str], name: str = "one") -> Child:
    return Child(name, command, {"PATH": os.environ["PATH"]}, tmp_path / f"{name}.log")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


def until(condition: object, seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.05)
    return False


def test_a_killed_child_is_started_again(tmp_path: Path) -> None:
    one = child(tmp_path, SLEEPER)
    one.start()
    try:
        assert not one.keep_alive()
        assert one.process is not None
        first = one.process.pid
        os.kill(first, signal.SIGKILL)
        one.process.wait()
        assert until(one.keep_alive)
        assert one.running
        assert one.process.pid != first
    finally:
        end_all([one])


def test_a_child_that_dies_at_once_is_not_started_in_a_busy_loop(tmp_path: Path) -> None:
    one = child(tmp_path, [sys.executable, "-c", "raise SystemExit(1)"])
    one.start()
    starts = 0
    end = time.monotonic() + 2.0
    while time.monotonic() < end:
        starts += one.keep_alive()
        time.sleep(0.01)
    end_all([one])
    assert 1 <= starts <= 3


def test_all_end_within_the_grace_time_even_one_that_ignores_the_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_GRACE", 1.0)
    family = [child(tmp_path, SLEEPER, "a"), child(tmp_path, STUBBORN, "b")]
    for one in family:
        one.start()
    assert until(lambda: "up" in (tmp_path / "b.log").read_text())
    began = time.monotonic()
    end_all(family)
    assert time.monotonic() - began < 4
    assert not any(one.running for one in family)


def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from portal.demo.processes import Child\n"
        f"one = Child('one', {SLEEPER!r}, dict(os.environ), Path({str(tmp_path)!r}) / 'log')\n"
        "one.start(); print(one.process.pid, flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert alive(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert until(lambda: not alive(pid))


def test_standard_input_carries_what_must_not_be_in_the_process_list(tmp_path: Path) -> None:
    one = Child("one", ["cat"], {"PATH": os.environ["PATH"]}, tmp_path / "log", stdin=b"requirepass secret\n")
    one.start()
    assert until(lambda: not one.running)
    assert (tmp_path / "log").read_text() == "requirepass secret\n"
