"""The machine as its own programs see it: specification, load, files, accounts, uptime."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from portal.democloud import guest_disk, guest_sshd
from portal.democloud.guest_boot import KERNELS
from portal.democloud.guest_files import Files
from portal.democloud.guest_load import Load
from portal.democloud.guest_node import Disk
from portal.democloud.guest_spec import GuestSpec
from portal.democloud.guest_store import Store
from portal.democloud.guest_userdata import UserData

if TYPE_CHECKING:
    from portal.democloud.guest_tmux import Session

GIB = 1 << 30


@dataclass
class Host:
    spec: GuestSpec
    load: Load
    data: UserData
    store: Store
    now: Callable[[], float]
    booted_at: float
    power: Callable[[str], None] = lambda action: None  # "poweroff" or "reboot", asked for inside the guest
    # What comes of a connection to a neighbour: "open", "refused" or "timeout".
    reaches: Callable[[str, int], str] = lambda address, port: "timeout"
    logins: int = 0  # people whom sshd has let in and not yet seen off
    full: bool = False  # a day that goes wrong: nothing more fits on the disk
    pids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(2041, 7))
    # By person and server's name (`tmux -L`), then by their own: what keeps shells while nobody looks.
    tmux: "dict[tuple[int, str], dict[str, Session]]" = field(default_factory=dict)
    # By their numbers: what goes on without the session that began it (`guest_processes`).
    detached: "dict[int, asyncio.Task[int]]" = field(default_factory=dict)
    _sshd: list[guest_sshd.Line] | None = None

    @cached_property
    def files(self) -> Files:
        """Made when first asked for: of a thousand guests few are ever entered."""
        return guest_disk.fresh(self.spec, self.data, self.store, self._disk())

    def _disk(self) -> Disk:
        load = self.load

        def more(size: int) -> None:
            load.disk_used_gb = max(0.0, load.disk_used_gb + size / GIB)

        def used() -> int:
            return int(load.disk_used_gb * GIB)

        return Disk(lambda: used() if self.full else int(load.disk_gb * GIB), used, more)

    @property
    def sshd(self) -> list[guest_sshd.Line]:
        """sshd's settings as it read them last."""
        if self._sshd is None:
            self._sshd = guest_sshd.read(self.files)
        return self._sshd

    def reload_sshd(self) -> None:
        self._sshd = None

    def next_pid(self) -> int:
        return next(self.pids)

    @property
    def uptime(self) -> float:
        return max(1.0, self.now() - self.booted_at)

    @property
    def kernel(self) -> str:
        return KERNELS[self.spec.distro][0]

    @property
    def system(self) -> str:
        return KERNELS[self.spec.distro][1]

    def banner(self) -> str:
        return f"Welcome to {self.system} (GNU/Linux {self.kernel} x86_64)\n\n"
