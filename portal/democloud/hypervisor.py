"""Between Nova's bookkeeping and the emulated guests: what to boot, and calls that nobody waits for."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Protocol

from portal.democloud.guest_spec import GuestSpec
from portal.democloud.model_compute import Server
from portal.democloud.reach import reachable_address

if TYPE_CHECKING:
    from portal.democloud.state import Region

log = logging.getLogger(__name__)
BOOT_SECONDS = 33.0


class Guests(Protocol):
    """What `guest.Guests` offers. Every call survives an id it does not know."""

    async def boot(self, spec: GuestSpec, address: str | None, *, booted_ago: float = 0.0) -> None: ...
    async def shutdown(self, server_id: str) -> None: ...
    async def suspend(self, server_id: str) -> None: ...
    async def resume(self, server_id: str) -> None: ...
    async def reboot(self, server_id: str, *, hard: bool = False) -> None: ...
    async def delete(self, server_id: str) -> None: ...
    async def set_address(self, server_id: str, address: str | None) -> None: ...
    def console_log(self, server_id: str, lines: int | None) -> str: ...
    def trouble(self, server_id: str) -> dict[str, object] | None: ...
    def misbehave(self, server_id: str, given: dict[str, object]) -> str: ...
    def vnc_port(self, server_id: str) -> int | None: ...


class Hypervisor:
    """Runs the guests' coroutines in order, one server after the other; without guests it does nothing."""

    def __init__(self, guests: Guests | None = None) -> None:
        self.guests = guests
        self._queues: dict[str, asyncio.Queue[Coroutine[Any, Any, None]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def boot(self, region: Region, server: Server, *, booted_ago: float = 0.0) -> None:
        """`booted_ago` seconds of uptime for a guest that ran before the cloud itself was restarted."""
        if self.guests is not None and not server.spec.get("no_guest"):
            address = reachable_address(region, server.id)
            self._do(server.id, self.guests.boot(spec_of(region, server), address, booted_ago=booted_ago))

    def shutdown(self, server_id: str) -> None:
        if self.guests is not None:
            self._do(server_id, self.guests.shutdown(server_id))

    def suspend(self, server_id: str) -> None:
        if self.guests is not None:
            self._do(server_id, self.guests.suspend(server_id))

    def resume(self, server_id: str) -> None:
        if self.guests is not None:
            self._do(server_id, self.guests.resume(server_id))

    def reboot(self, server_id: str, *, hard: bool) -> None:
        if self.guests is not None:
            self._do(server_id, self.guests.reboot(server_id, hard=hard))

    def delete(self, server_id: str) -> None:
        if self.guests is not None:
            self._do(server_id, self.guests.delete(server_id))

    def set_address(self, server_id: str, address: str | None) -> None:
        """For Neutron: the floating address that leads to the server, or none."""
        if self.guests is not None:
            self._do(server_id, self.guests.set_address(server_id, address))

    def console_log(self, server_id: str, lines: int | None) -> str:
        return "" if self.guests is None else self.guests.console_log(server_id, lines)

    def trouble(self, server_id: str) -> dict[str, object] | None:
        return None if self.guests is None else self.guests.trouble(server_id)

    def misbehave(self, server_id: str, given: dict[str, object]) -> str:
        return "this cloud runs no guests" if self.guests is None else self.guests.misbehave(server_id, given)

    def vnc_port(self, server_id: str) -> int | None:
        return None if self.guests is None else self.guests.vnc_port(server_id)

    def _do(self, server_id: str, call: Coroutine[Any, Any, None]) -> None:
        queue = self._queues.get(server_id)
        if queue is not None:
            queue.put_nowait(call)
            return
        queue = self._queues[server_id] = asyncio.Queue()
        queue.put_nowait(call)
        task = asyncio.get_running_loop().create_task(self._work(server_id, queue))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, server_id: str, queue: asyncio.Queue[Coroutine[Any, Any, None]]) -> None:
        try:
            while not queue.empty():
                try:
                    await queue.get_nowait()
                except OSError as error:
                    log.warning("guest %s: %s", server_id, error)
        finally:
            del self._queues[server_id]


def gpus_of(server: Server) -> tuple[str, ...]:
    """One entry per GPU, named by what the flavor asks of Placement."""
    return tuple(
        name.removeprefix("CUSTOM_")
        for name, n in sorted(server.flavor.resources().items())
        for _ in range(n)
    )


def spec_of(region: Region, server: Server) -> GuestSpec:
    image = region.data.images.get(server.image_id or server.spec.get("boot_image_id", ""))
    fixed = [ip.ip_address for port in region.server_ports(server.id) for ip in port.fixed_ips]
    return GuestSpec(
        server_id=server.id,
        name=server.name,
        hostname=server.hostname,
        project_id=server.project_id,
        user_data=_decoded(server.user_data),
        metadata=dict(server.metadata),
        key=server.public_key,
        vcpus=server.flavor.vcpus,
        ram_mb=server.flavor.ram,
        disk_gb=server.flavor.disk,
        gpus=gpus_of(server),
        image_name=image.name if image else "Featured-Ubuntu24",
        boot_seconds=BOOT_SECONDS,
        fixed_address=fixed[0] if fixed else "",
        disk_serial=server.disk_serial,
        passphrase=_passphrase(server),
    )


def _passphrase(server: Server) -> str:
    """What Exosphere has stored of the guest's `exouser`: in a tag, or by its oldest versions in the metadata."""
    tagged = (tag.removeprefix("exoPw:") for tag in server.tags if tag.startswith("exoPw:"))
    return next(tagged, server.metadata.get("exouserPassword", ""))


def _decoded(user_data: str | None) -> bytes | None:
    if user_data is None:
        return None
    try:
        return base64.b64decode(user_data)
    except binascii.Error:
        return None
