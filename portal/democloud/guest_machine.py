"""One guest: its power, its console, its agent and its SSH listener."""

import asyncio
import contextlib
import logging
import random
import time
from collections import deque
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass, field
from typing import Literal

import asyncssh

from portal.democloud import (
    guest_processes,
    guest_seat,
    guest_seat_setup,
    guest_session,
    guest_ssh,
    guest_tmux,
    guest_web,
    guest_wire,
)
from portal.democloud.guest_agent import Agent
from portal.democloud.guest_boot import Setup, Stage, boot_stages, setup_line, usage_line
from portal.democloud.guest_console import Console
from portal.democloud.guest_host import Host
from portal.democloud.guest_http import HttpClient
from portal.democloud.guest_listen import Listening
from portal.democloud.guest_load import Load
from portal.democloud.guest_screen import Screen
from portal.democloud.guest_spec import GuestSpec, HostKeys
from portal.democloud.guest_store import Store
from portal.democloud.guest_trouble import Trouble
from portal.democloud.guest_userdata import JUMP_FILE, UserData, parse

log = logging.getLogger("democloud.guest")
Power = Literal["off", "booting", "ssh", "up", "suspended"]
SETUP_STATES = {"starting", "running", "complete", "error"}
HISTORY_LINES = 60


@dataclass
class Site:
    """What all guests of a cloud share."""

    secret: bytes = field(repr=False)
    client: HttpClient
    speed: float
    ssh_port: int
    usage_interval: float
    store: Store
    neighbour: "Callable[[str, str], Machine | None]"  # (project, fixed address)
    power_changed: Callable[[str, str], None]  # (server, "poweroff" | "reboot"), asked for inside the guest
    # (server): the volumes on it, by id. (from server, to server, port): whether the firewall lets that in.
    volumes: Callable[[str], Collection[str]] = lambda server_id: ()
    lets_in: Callable[[str, str, int], bool] = lambda source, target, port: True


class Machine:
    def __init__(self, spec: GuestSpec, site: Site) -> None:
        self.site = site
        self.power: Power = "off"
        self.address: str | None = None
        self.console = Console()
        self.trouble = Trouble()
        self.wires: set[guest_wire.Wire] = set()
        self.lost: set[guest_wire.Wire] = set()  # of connections that the other side still believes in
        self.listening = Listening()
        self._stages: deque[tuple[float, Stage]] = deque()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._suspended_at = 0.0
        self._booted_disk: str | None = None
        self.agent: Agent | None = None
        self._install(spec)

    def _install(self, spec: GuestSpec) -> None:
        """A new disk: what the user-data says holds from here on."""
        self.spec = spec
        self._status_line = ""
        self._seat: asyncio.Task[None] | None = None  # what a seat's set-up still waits for
        self.user_data: UserData = parse(spec.user_data)
        self.keys = HostKeys(self.site.secret, spec.server_id, spec.disk_serial)
        self._options: asyncssh.SSHServerConnectionOptions | None = None
        load = Load(spec.server_id, spec.vcpus, spec.ram_mb, spec.disk_gb, spec.gpus, now=time.time())
        self.host = Host(
            spec, load, self.user_data, self.site.store, time.time, time.time(), self._asked_inside
        )
        self.host.full = self.trouble.disk_full
        self.host.reaches = self.reaches
        self.screen = Screen(self.host)  # what Nova's console shows
        self.desktop = Screen(self.host)  # what its VNC server shows
        self.sites = guest_web.Sites(spec.name)

    def refit(self, spec: GuestSpec) -> None:
        """The same disk in another flavor (resize), or a new disk (rebuild)."""
        if spec.disk_serial != self.spec.disk_serial or spec.user_data != self.spec.user_data:
            self._install(spec)
            return
        self.spec = self.host.spec = spec
        load = self.host.load
        load.vcpus, load.ram_mb, load.disk_gb = spec.vcpus, spec.ram_mb, max(load.disk_gb, spec.disk_gb)
        if load.gpu_names != spec.gpus:
            load.gpu_names, load.gpu = spec.gpus, [5.0 for _ in spec.gpus]

    def power_on(self, *, clear_log: bool, booted_ago: float = 0.0) -> None:
        self._halt()
        if clear_log:
            self.console.clear()
        now = time.time()
        first = self._booted_disk != self.spec.disk_serial
        self.power = "booting"
        self.host.booted_at = now - booted_ago
        self.host.reload_sshd()
        start = self.host.booted_at
        scale = 0.0 if booted_ago else 1 / self.site.speed
        setup = Setup(self.user_data.heliosphere, self.user_data.script_exit)
        stages = boot_stages(self.spec, self.keys, first=first, now=start, setup=setup)
        self._stages = deque((start + stage.at * scale, stage) for stage in stages)
        if booted_ago:
            self._relive(now)
        else:
            self._next_stage()

    def power_off(self, *, hard: bool = False) -> None:
        """Shut down, or `hard`: the power fails."""
        self._halt()
        self.power = "off"
        guest_tmux.end_all(self.host)
        guest_processes.end_all(self.host)
        for wire in list(self.wires):
            (wire.lose if hard else wire.end)()
        self.host.load.stresses.clear()
        self._retune()

    def suspend(self) -> None:
        if self.power in {"off", "suspended"}:
            return
        self._before_suspend = self.power
        self._halt()
        self.power = "suspended"
        self._suspended_at = time.time()
        for wire in self.wires:
            wire.hold()
        self._retune()

    def resume(self) -> None:
        if self.power != "suspended":
            return
        gone = time.time() - self._suspended_at
        self._stages = deque((due + gone, stage) for due, stage in self._stages)
        self.host.booted_at += gone
        self.power = self._before_suspend
        for wire in list(self.wires):
            wire.release()
        if self.power == "up":
            self._begin_work()
        self._next_stage()
        self._retune()

    def set_address(self, address: str | None) -> None:
        if address != self.address:
            for wire in [
                one for one in self.wires if one.peer is None
            ]:  # through a neighbour it is not concerned
                wire.lose()
        self.address = address
        self._retune()

    def _halt(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _relive(self, now: float) -> None:
        """A guest that has been up for long: its boot is in the log, and its last hour of usage lines."""
        while self._stages:
            self._reach(self._stages.popleft()[1], self.host.booted_at)
        minutes = int(min(HISTORY_LINES, (now - self.host.booted_at) // self.site.usage_interval))
        self.host.load.now = now - minutes * self.site.usage_interval
        for minute in range(minutes, 0, -1):
            moment = now - minute * self.site.usage_interval
            self._print_usage(moment)

    def _next_stage(self) -> None:
        while self._stages and self._stages[0][0] <= time.time():
            self._reach(self._stages.popleft()[1], time.time())
        if self._stages:
            self._later("stage", self._stages[0][0] - time.time(), self._next_stage)

    def _reach(self, stage: Stage, now: float) -> None:
        if stage.reached in {"complete", "error"} and self._seat is not None and not self._seat.done():
            self._seat.add_done_callback(lambda _: self._reach(stage, time.time()))
            return
        self.console.print(*stage.lines)
        if stage.reached == "running":
            self._set_up_seat(now)
        if stage.reached in SETUP_STATES:
            self._status_line = setup_line(stage.reached, now)
            self.console.print(self._status_line)
        elif stage.reached == "again" and self._status_line:
            self.console.print(self._status_line)
        elif stage.reached == "ssh":
            self.power = "ssh"
            for wire in list(self.lost):
                wire.cut()
            self._retune()
        elif stage.reached == "up":
            self.power = "up"
            if self._booted_disk != self.spec.disk_serial and JUMP_FILE in self.user_data.files:
                self._spawn(guest_session.as_root(self.host, f"sh {JUMP_FILE} install"))
            self._booted_disk = self.spec.disk_serial
            self._begin_work()

    def _set_up_seat(self, now: float) -> None:
        seat = guest_seat.of(self.user_data)
        if seat is not None:
            self.console.print(guest_seat_setup.guarded(now))
            self._seat = self._spawn(
                guest_seat_setup.set_up(
                    self.host,
                    seat,
                    lambda: self.site.volumes(self.spec.server_id),
                    self.console.print,
                    self.site.speed,
                )
            )

    def _begin_work(self) -> None:
        """Cron's usage line and the agent, each guest at its own moment: a thousand must not beat as one."""
        config = self.user_data.agent
        if config is not None:
            self.agent = self.agent if self.agent and self.agent.config == config else Agent(config)
            self._later("agent", random.uniform(0, self.agent.interval), self._sample)  # noqa: S311
        if config is not None or self.spec.from_exosphere:
            first = min(5.0, self.site.usage_interval) / self.site.speed
            self._later("usage", first, self._minute)

    def _minute(self) -> None:
        self._print_usage(time.time())
        self._later("usage", self.site.usage_interval, self._minute)

    def _print_usage(self, now: float) -> None:
        if self.spec.from_exosphere or self.user_data.agent is not None:
            self.console.print(usage_line(self.host.load.usage(now), now))

    def _sample(self) -> None:
        if self.agent is None:
            return
        now = time.time()
        self.agent.take(self.host.load.usage(now, self.host.logins), now)
        self._spawn(self.agent.push(self.site.client, now))
        self._later("agent", self.agent.interval, self._sample)

    def _later(self, name: str, seconds: float, call: Callable[[], None]) -> None:
        self._timers[name] = asyncio.get_running_loop().call_later(max(0.0, seconds), call)

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _asked_inside(self, action: str) -> None:
        self.site.power_changed(self.spec.server_id, action)

    def misbehave(self, given: dict[str, object]) -> str:
        """Begin or end a bad day; what cannot be is said."""
        before = self.trouble.ssh
        if problem := self.trouble.change(given):
            return problem
        self.host.full = self.trouble.disk_full
        if self.trouble.ssh != before:
            self._options = None
            for wire in list(self.wires):
                wire.day_turns()
            self._retune()
        return ""

    # SSH

    @property
    def has_screen(self) -> bool:
        return self.user_data.desktop

    def neighbour(self, address: str, port: int = 22) -> "Machine | None":
        """Another guest of the project, where its firewall lets this one in."""
        found = self.site.neighbour(self.spec.project_id, address)
        open_to_us = found is not None and self.site.lets_in(self.spec.server_id, found.spec.server_id, port)
        return found if open_to_us else None

    def reaches(self, address: str, port: int) -> str:
        """What comes of a connection: a firewall says nothing at all."""
        found = self.neighbour(address, port)
        if found is None:
            return "timeout"
        return "open" if port == 22 or port in guest_web.LISTENING else "refused"

    @property
    def fixed_address(self) -> str:
        return self.spec.fixed_address

    def service(self, port: int) -> guest_ssh.Pump | None:
        """What listens on a port of the guest's own loopback."""
        if port not in guest_web.LISTENING:
            return None

        async def carry(reader: asyncssh.SSHReader[bytes], writer: asyncssh.SSHWriter[bytes]) -> None:
            found = await self.sites.open(port)
            if found is None:
                writer.close()
                return
            await guest_ssh.between(reader, writer, *found)

        return carry

    def wire_of(self, connection: asyncssh.SSHServerConnection | None) -> guest_wire.Wire | None:
        return next((wire for wire in self.wires if wire.carries(connection)), None)

    def ssh_options(self) -> asyncssh.SSHServerConnectionOptions:
        """Made once: a thousand guests wait for a first connection that most never get."""
        if self._options is None:
            self._options = guest_ssh.options(self, self._host_keys().private)
        return self._options

    def _host_keys(self) -> HostKeys:
        if self.trouble.ssh != "changed-host-key":
            return self.keys
        return HostKeys(self.site.secret, self.spec.server_id, f"{self.spec.disk_serial} changed")

    @property
    def reachable(self) -> bool:
        return self.power in {"ssh", "up"} and self.trouble.ssh != "refuse"

    def _retune(self) -> None:
        self._spawn(self.tune())

    async def tune(self) -> None:
        """Make the listener what power and address ask for."""
        try:
            await self.listening.at(self.address if self.reachable else None, self.site.ssh_port, self)
        except OSError as exc:
            log.warning("guest %s cannot listen on its address: %s", self.spec.server_id, exc)

    async def destroy(self) -> None:
        self.power_off(hard=True)
        self.address = None
        await self.tune()
        for task in list(self._tasks):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*self._tasks, return_exceptions=True)
