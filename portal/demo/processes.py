"""Child processes of the demo: started, watched, started again after a crash, and all ended with their parent."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_PR_SET_PDEATHSIG = 1
# A child that dies at once is started again after 0.5, 1, 2, 4, then each 5 s; one that had lived 5 s at once.
_FIRST_PAUSE, _LONGEST_PAUSE, _STEADY = 0.5, 5.0, 5.0
_GRACE = 8.0
SERVICES = frozenset({"redis", "cloud", "oidc", "campus"})  # what the others need


def _die_with_parent() -> None:
    # In a session of its own, so that Ctrl-C reaches the children once, through us, and in order.
    os.setsid()
    with contextlib.suppress(OSError, AttributeError):  # Linux only; elsewhere Ctrl-C still ends them
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Child:
    name: str
    command: list[str]
    env: Mapping[str, str]
    log: Path
    stdin: bytes | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _started: float = field(default=0.0, init=False)
    _pause: float = field(default=_FIRST_PAUSE, init=False)

    def start(self) -> None:
        self._started = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=dict(self.env),
                stdin=subprocess.PIPE if self.stdin is not None else subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=_die_with_parent,
            )
        if self.stdin is not None and self.process.stdin is not None:
            self.process.stdin.write(self.stdin)
            self.process.stdin.close()

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def keep_alive(self) -> bool:
        """Start it again if it has died. True when it had."""
        lived = time.monotonic() - self._started
        if self.running:
            if lived > _STEADY:
                self._pause = _FIRST_PAUSE
            return False
        if lived < _STEADY and lived < self._pause:
            return False
        self._pause = min(_LONGEST_PAUSE, self._pause * 2)
        self.start()
        return True

    def ask_to_end(self) -> None:
        if self.process is not None and self.running:
            self.process.send_signal(signal.SIGTERM)

    def end(self, deadline: float) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            # Its session holds whatever it started itself.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def end_all(children: list[Child]) -> None:
    """End the last started first, as workers need what was started before them; one grace time for all."""
    deadline = time.monotonic() + _GRACE
    clients = [child for child in children if child.name not in SERVICES]
    services = [child for child in children if child.name in SERVICES]
    for group in (clients, services):
        for child in group:
            child.ask_to_end()
        for child in group:
            child.end(deadline)
