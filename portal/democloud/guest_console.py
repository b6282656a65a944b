"""A guest's serial console: what Nova's os-getConsoleOutput reads."""

from collections import deque

MAX_BYTES = 100 * 1024  # nova keeps MAX_CONSOLE_BYTES of the log


class Console:
    """Lines, the oldest forgotten when the log grows beyond what Nova hands out."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque()
        self._size = 0

    def print(self, *lines: str) -> None:
        for line in lines:
            self._lines.append(line)
            self._size += len(line) + 1
        while self._size > MAX_BYTES:
            self._size -= len(self._lines.popleft()) + 1

    def clear(self) -> None:
        """A new qemu process begins a new log file (stop and start, hard reboot, unshelve)."""
        self._lines.clear()
        self._size = 0

    def text(self, lines: int | None = None) -> str:
        """All, or the last `lines`; a negative number means all, as with Nova."""
        if lines is None or lines < 0 or lines >= len(self._lines):
            shown = list(self._lines)
        elif lines == 0:
            shown = []
        else:
            shown = [self._lines[i] for i in range(len(self._lines) - lines, len(self._lines))]
        return "".join(f"{line}\n" for line in shown)
