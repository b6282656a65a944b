"""Where a guest's sshd listens: at its floating address while it runs and can be reached."""

import asyncio

from portal.democloud import guest_wire


class Listening:
    def __init__(self) -> None:
        self.address: str | None = None
        self._server: asyncio.Server | None = None
        self._lock = asyncio.Lock()

    async def at(self, address: str | None, port: int, machine: guest_wire.Machine) -> None:
        """There and nowhere else; None: nowhere. What becomes of open connections is the machine's to say."""
        async with self._lock:
            if address == self.address:
                return
            self._close()
            if address is not None:
                loop = asyncio.get_running_loop()
                self._server = await loop.create_server(guest_wire.factory(machine), address, port)
                self.address = address

    def _close(self) -> None:
        server, self._server, self.address = self._server, None, None
        if server is not None:
            server.close()  # its open connections are not waited for: some are lost and never end by themselves
