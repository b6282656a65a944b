"""The machine as its own shell and screen see it: specification, load, files, uptime."""

import itertools
import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field

from portal.democloud.guest_boot import KERNELS
from portal.democloud.guest_load import Load
from portal.democloud.guest_spec import GuestSpec

MAX_FILES = 200
MAX_FILE_BYTES = 64 * 1024


class Files:
    """A small tree of text files; directories are those that files lie in, and `dirs`."""

    def __init__(self, files: dict[str, str], dirs: set[str]) -> None:
        self.files = files
        self.dirs = dirs | {"/", "/tmp", "/root", "/home", "/etc", "/var", "/var/log"}  # noqa: S108

    def resolve(self, cwd: str, path: str) -> str:
        return posixpath.normpath(posixpath.join(cwd, path))

    def is_dir(self, path: str) -> bool:
        prefix = path.rstrip("/") + "/"
        return path in self.dirs or any(name.startswith(prefix) for name in [*self.files, *self.dirs])

    def listing(self, path: str) -> list[str]:
        prefix = path.rstrip("/") + "/"
        inside = (name[len(prefix) :] for name in [*self.files, *self.dirs] if name.startswith(prefix))
        return sorted({rest.split("/")[0] for rest in inside if rest})

    def write(self, path: str, text: str, *, append: bool = False) -> str:
        """Empty when written, else what went wrong."""
        if self.is_dir(path):
            return "Is a directory"
        if not self.is_dir(posixpath.dirname(path)):
            return "No such file or directory"
        content = (self.files.get(path, "") if append else "") + text
        if len(content) > MAX_FILE_BYTES or (path not in self.files and len(self.files) >= MAX_FILES):
            return "No space left on device"
        self.files[path] = content
        return ""


@dataclass
class Host:
    spec: GuestSpec
    load: Load
    files: Files
    now: Callable[[], float]
    booted_at: float
    power: Callable[[str], None] = lambda action: None  # "poweroff" or "reboot", asked for inside the guest
    pids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(2041, 7))

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


def initial_files(spec: GuestSpec, written: dict[str, bytes]) -> Files:
    """What lies on a fresh disk: a few system files, and what the user-data wrote (its secrets apart)."""
    files = {
        "/etc/hostname": spec.hostname + "\n",
        "/etc/os-release": f'PRETTY_NAME="{KERNELS[spec.distro][1]}"\nID={spec.distro}\n',
        "/etc/hosts": f"127.0.0.1 localhost\n{spec.fixed_address or '127.0.1.1'} {spec.hostname}\n",
        "/proc/cpuinfo": "".join(
            f"processor\t: {n}\nmodel name\t: AMD EPYC-Milan\n\n" for n in range(spec.vcpus)
        ),
    }
    for path, content in written.items():
        if not path.endswith("agent.json"):
            files[posixpath.normpath("/" + path.lstrip("/"))] = content[:MAX_FILE_BYTES].decode(
                "utf-8", "replace"
            )
    homes = {f"/home/{spec.default_user}"}
    if spec.from_exosphere:
        homes.add("/home/exouser")
    return Files(files, homes)
