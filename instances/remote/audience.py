"""The pages on one shell: who they are, who types, and what all of them are told."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any, Protocol

from instances.remote.endings import End

TYPING_SECONDS = 1.5


class Viewer(Protocol):
    """A page on the shell. `mode`: own, type or view."""

    name: str
    shown_name: str
    mode: str
    user_id: int

    def push(self, data: bytes) -> None: ...
    def restart(self, offset: int, data: bytes, *, reset: bool) -> None: ...
    def tell(self, **message: Any) -> None: ...
    def finish(self, end: End) -> None: ...


class Audience:
    def __init__(self) -> None:
        self._viewers: dict[str, Viewer] = {}
        self._typed: dict[str, float] = {}
        self._still: asyncio.TimerHandle | None = None

    def __iter__(self) -> Iterator[Viewer]:
        return iter(tuple(self._viewers.values()))

    def __len__(self) -> int:
        return len(self._viewers)

    def owners(self) -> list[Viewer]:
        return [one for one in self._viewers.values() if one.mode == "own"]

    def join(self, viewer: Viewer) -> None:
        self._viewers[viewer.name] = viewer

    def leave(self, viewer: Viewer) -> bool:
        """False: it was not there, or its place is another's."""
        if self._viewers.get(viewer.name) is not viewer:
            return False
        del self._viewers[viewer.name]
        self._typed.pop(viewer.name, None)
        return True

    def finish(self, end: End) -> None:
        """Everybody is sent away."""
        if self._still is not None:
            self._still.cancel()
        for viewer in self:
            viewer.finish(end)
        self._viewers.clear()

    def tell(self, *, but: Viewer | None = None, **message: Any) -> None:
        for viewer in self:
            if viewer is not but:
                viewer.tell(**message)

    def tell_who(self) -> None:
        for viewer in self:
            viewer.tell(t="who", who=[self._entry(one, viewer) for one in self])

    def _entry(self, one: Viewer, viewer: Viewer) -> dict[str, Any]:
        typing = self._types(one)
        return {
            "id": one.name,
            "name": one.shown_name,
            "mode": one.mode,
            "you": one is viewer,
            "typing": typing,
        }

    def _types(self, viewer: Viewer) -> bool:
        return time.monotonic() - self._typed.get(viewer.name, float("-inf")) < TYPING_SECONDS

    def typed(self, viewer: Viewer) -> None:
        """The others see who types, and when they have stopped. Alone, nobody is told."""
        if len(self) < 2:
            return
        new = not self._types(viewer)
        self._typed[viewer.name] = time.monotonic()
        if self._still is not None:
            self._still.cancel()
        loop = asyncio.get_running_loop()
        self._still = loop.call_later(TYPING_SECONDS + 0.1, self.tell_who)
        if new:
            self.tell_who()
