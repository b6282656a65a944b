"""The SSH connections of this process, shared by what one person has open on one machine: shells, files, ports."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from weakref import WeakKeyDictionary

from instances.remote.dialing import connect
from instances.remote.link import MOST_SESSIONS, Link, Secret
from instances.remote.ways import Way

Key = tuple[str, str, int]
# A connection that a certificate opened is kept for so long after its last use: a reloaded page has it at once.
LINGER_SECONDS = 20.0


class _Shared:
    """Connections to one machine for one login and person. Each carries a few sessions, as sshd allows."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users: dict[Link, int] = {}
        self.secret: Secret | None = None

    def free(self) -> Link | None:
        return next(
            (one for one, used in self.users.items() if used < MOST_SESSIONS and not one.closed), None
        )


class Links:
    def __init__(self) -> None:
        self._shared: dict[Key, _Shared] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def borrow(
        self, way: Way, *, user_id: int, person: str, secret: Secret | None = None
    ) -> AsyncIterator[Link]:
        """A connection for as long as the block lasts; an open one where there is one. PortalError as `connect`.

        A secret that opened a connection opens more of them for this person while one is in use, and is then forgotten.
        """
        key = (way.instance_id, way.login, user_id)
        shared = self._shared.setdefault(key, _Shared())
        with ExitStack() as undo:
            undo.callback(self._forget, key, shared)
            async with shared.lock:
                link = shared.free() or await self._connected(shared, way, person, secret or shared.secret)
                shared.users[link] += 1
            undo.pop_all()
        try:
            yield link
        finally:
            self._give_back(key, shared, link)

    async def _connected(self, shared: _Shared, way: Way, person: str, secret: Secret | None) -> Link:
        link = await connect(way, person=person, secret=secret)
        shared.users[link], shared.secret = 0, secret
        return link

    def _give_back(self, key: Key, shared: _Shared, link: Link) -> None:
        shared.users[link] -= 1
        if not shared.users[link]:
            keep = LINGER_SECONDS if shared.secret is None and not link.closed else 0.0
            task = asyncio.create_task(self._close_unused(key, shared, link, keep))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def _close_unused(self, key: Key, shared: _Shared, link: Link, after: float) -> None:
        await asyncio.sleep(after)
        if shared.users.get(link) == 0:
            del shared.users[link]
            self._forget(key, shared)
            await link.close()

    def _forget(self, key: Key, shared: _Shared) -> None:
        if not shared.users:
            shared.secret = None
            if self._shared.get(key) is shared and not shared.lock.locked():
                del self._shared[key]

    async def drop(self, instance_id: str, user_id: int) -> None:
        """Close what is left open for a person who may not connect any more."""
        for key, shared in list(self._shared.items()):
            if (key[0], key[2]) == (instance_id, user_id):
                unused = [link for link, used in shared.users.items() if not used]
                for link in unused:
                    await self._close_unused(key, shared, link, 0)


_pools: "WeakKeyDictionary[asyncio.AbstractEventLoop, Links]" = WeakKeyDictionary()


def links() -> Links:
    loop = asyncio.get_running_loop()
    return _pools.setdefault(loop, Links())
