"""Where a guest's sshd listens: at its floating address while it runs and can be reached."""

import asyncio

from portal.democloud import guest_wire


class Listening:
    def __init__(self) -> None:
        self.address: str | None = None
        self._server: asyncio.Server | None = None
        self._lock = asyncio.Lock()

    async def at(self, address: str | None, port: int, machine: guest_wire.Machine) -> None:
        """There and nowhere else; None: nowhere. What was connected elsewhere ends."""
        async with self._lock:
            if address == self.address:
                return
            await self._close(machine)
            if address is not None:
                loop = asyncio.get_running_loop()
                self._server = await loop.create_server(guest_wire.factory(machine), address, port)
                self.address = address

    async def _close(self, machine: guest_wire.Machine) -> None:
        server, self._server, self.address = self._server, None, None
        for wire in list(machine.wires):
            if wire.peer is None:  # through a neighbour it is not concerned
                wire.end()
        if server is not None:
            server.close()
            await server.wait_closed()
