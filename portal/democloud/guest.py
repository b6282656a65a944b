"""The guests of a demo cloud: what Nova's hypervisors and Neutron's floating addresses call.

A guest that boots prints its console, runs what its user-data asks for, pushes metrics, and answers on
SSH at its floating address. Calls about servers without a guest are ignored: the cloud may forget one.
"""

import asyncio
import ipaddress
import os
import secrets
import socket
from collections.abc import Callable, Collection
from pathlib import Path

from portal.democloud import guest_vnc
from portal.democloud.guest_http import HttpClient
from portal.democloud.guest_load import Usage
from portal.democloud.guest_machine import Machine, Site
from portal.democloud.guest_net import claim_slice
from portal.democloud.guest_rfb import Reader, Writer
from portal.democloud.guest_spec import GuestSpec
from portal.democloud.guest_store import Store

__all__ = ["GuestSpec", "Guests"]
SECRET_FILE = "guest-secret"  # noqa: S105 - a file's name


class Guests:
    """All guests of one cloud, in the running event loop.

    `base` is the loopback range that floating addresses are taken from: this cloud claims a slice of it
    (`network`), `wanted` if that is still free. `port` is SSH's on every address; None means 22 where
    this process may listen there, else 2222 (`ssh_port`). `speed` divides boot and set-up times, never
    the agents' interval nor the minute between usage lines (`usage_interval`). The secret that host
    keys derive from is kept in `state_dir`. `power_changed(server_id, "poweroff" | "reboot")` is called
    when somebody gives that command inside a guest. `volumes(server_id)` are the ids of those on it, `lets_in(source,
    target, port)` whether the target's firewall lets a server of the same project in.
    """

    def __init__(
        self,
        base: str = "127.1.0.0/16",
        port: int | None = None,
        speed: float = 10.0,
        *,
        wanted: str | None = None,
        state_dir: Path | None = None,
        usage_interval: float = 60.0,
        power_changed: Callable[[str, str], None] = lambda server_id, action: None,
        volumes: Callable[[str], Collection[str]] = lambda server_id: (),
        lets_in: Callable[[str, str, int], bool] = lambda source, target, port: True,
    ) -> None:
        self._slice = claim_slice(base, wanted=wanted, port=port)
        self._machines: dict[str, Machine] = {}
        self._deleted: list[Machine] = []  # whose connections the other side still believes in
        self._inside: dict[tuple[str, str], str] = {}
        self._screens: dict[str, tuple[int, asyncio.Task[asyncio.Server]]] = {}
        self._client = HttpClient()
        self._site = Site(
            secret=_secret(state_dir),
            client=self._client,
            speed=speed,
            ssh_port=self._slice.ssh_port,
            usage_interval=usage_interval,
            store=Store(state_dir),
            neighbour=self._neighbour,
            power_changed=power_changed,
            volumes=volumes,
            lets_in=lets_in,
        )

    @property
    def network(self) -> ipaddress.IPv4Network:
        """Floating addresses come from here; its first address is the gateway's."""
        return self._slice.network

    @property
    def ssh_port(self) -> int:
        return self._slice.ssh_port

    async def boot(self, spec: GuestSpec, address: str | None = None, *, booted_ago: float = 0.0) -> None:
        """Power on: a new guest, or a known one with perhaps another flavor, disk or address.

        With `booted_ago` (seconds) the guest has been up that long already: at once complete, with its
        past in the log. The console log begins anew, as libvirt's does with each new qemu process.
        """
        machine = self._machines.get(spec.server_id)
        if machine is None:
            machine = self._machines[spec.server_id] = Machine(spec, self._site)
        else:
            machine.power_off()
            machine.refit(spec)
        self._inside = {key: one for key, one in self._inside.items() if one != spec.server_id}
        if spec.fixed_address:
            self._inside[(spec.project_id, spec.fixed_address)] = spec.server_id
        machine.address = address
        machine.power_on(clear_log=True, booted_ago=booted_ago)
        await machine.tune()

    async def shutdown(self, server_id: str) -> None:
        """Power off, by stop, shelve or resize; the disk stays."""
        if machine := self._machines.get(server_id):
            machine.power_off()
            await machine.tune()

    async def suspend(self, server_id: str) -> None:
        """Freeze it (also for pause): nothing runs, nothing answers."""
        if machine := self._machines.get(server_id):
            machine.suspend()
            await machine.tune()

    async def resume(self, server_id: str) -> None:
        if machine := self._machines.get(server_id):
            machine.resume()
            await machine.tune()

    async def reboot(self, server_id: str, *, hard: bool = False) -> None:
        """A soft reboot goes on in the same console log, a hard one begins a new one."""
        if machine := self._machines.get(server_id):
            machine.power_off(hard=hard)
            await machine.tune()
            machine.power_on(clear_log=hard)

    async def delete(self, server_id: str) -> None:
        machine = self._machines.pop(server_id, None)
        self._inside = {key: one for key, one in self._inside.items() if one != server_id}
        if server_id in self._screens:
            await self._close_screen(server_id)
        if machine is not None:
            await machine.destroy()
            self._deleted = [one for one in [*self._deleted, machine] if one.lost]

    async def set_address(self, server_id: str, address: str | None) -> None:
        """The floating address at which SSH answers; None when none leads here or port 22 is closed."""
        if machine := self._machines.get(server_id):
            machine.set_address(address)
            await machine.tune()

    def console_log(self, server_id: str, lines: int | None = None) -> str:
        machine = self._machines.get(server_id)
        return machine.console.text(lines) if machine else ""

    def usage(self, server_id: str) -> Usage | None:
        """What the hypervisor sees of a running guest, None for one that is off or suspended."""
        machine = self._machines.get(server_id)
        if machine is None or machine.power in {"off", "suspended"}:
            return None
        return machine.host.load.usage(machine.host.now())

    def power(self, server_id: str) -> str:
        """off, booting, ssh (sshd answers), up (cloud-init has finished) or suspended."""
        machine = self._machines.get(server_id)
        return machine.power if machine else "off"

    def trouble(self, server_id: str) -> dict[str, object] | None:
        """What goes wrong with a guest today; None for one that is not known."""
        machine = self._machines.get(server_id)
        return None if machine is None else machine.trouble.shown()

    def misbehave(self, server_id: str, given: dict[str, object]) -> str:
        """See `guest_trouble`. Empty when done, else what cannot be."""
        machine = self._machines.get(server_id)
        return f"{server_id} has no guest" if machine is None else machine.misbehave(given)

    def vnc_port(self, server_id: str) -> int | None:
        """The loopback port on which the guest's screen speaks RFB; opened when first asked for."""
        if server_id not in self._machines:
            return None
        if server_id not in self._screens:
            listening = socket.create_server(("127.0.0.1", 0))
            port = int(listening.getsockname()[1])
            server = asyncio.start_server(lambda r, w: self.serve_vnc(server_id, r, w), sock=listening)
            self._screens[server_id] = (port, asyncio.get_running_loop().create_task(server))
        return self._screens[server_id][0]

    async def serve_vnc(self, server_id: str, reader: Reader, writer: Writer) -> None:
        """Serve one RFB client over any pair of streams."""
        machine = self._machines.get(server_id)
        if machine is None or machine.power in {"off", "suspended"}:
            writer.close()
            return
        await guest_vnc.serve(machine.screen, reader, writer)

    async def close(self) -> None:
        for server_id in list(self._screens):
            await self._close_screen(server_id)
        await asyncio.gather(*(machine.destroy() for machine in self._machines.values()))
        for machine in [*self._deleted, *self._machines.values()]:
            for wire in list(machine.lost):
                wire.cut()
        await asyncio.sleep(0)  # the transports' own last words
        self._machines.clear()
        self._client.close()
        self._site.store.close()
        self._slice.close()

    async def _close_screen(self, server_id: str) -> None:
        _, task = self._screens.pop(server_id)
        server = await task
        server.close()

    def _neighbour(self, project_id: str, address: str) -> Machine | None:
        machine = self._machines.get(self._inside.get((project_id, address), ""))
        return machine if machine is not None and machine.reachable else None


def _secret(state_dir: Path | None) -> bytes:
    if state_dir is None:
        return secrets.token_bytes(32)
    path = state_dir / SECRET_FILE
    try:
        return path.read_bytes()
    except FileNotFoundError:
        secret = secrets.token_bytes(32)
        state_dir.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "wb") as file:
            file.write(secret)
        return secret
