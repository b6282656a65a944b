"""One entry of a guest's files, who may do what with it, and the file system that it lies in."""

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field

from portal.democloud.guest_store import Content

READ, WRITE, ENTER = 4, 2, 1


@dataclass(frozen=True)
class Who:
    """Somebody who asks for a file."""

    name: str = "root"
    uid: int = 0
    gids: frozenset[int] = frozenset({0})
    home: str = "/root"

    @property
    def gid(self) -> int:
        return self.uid


ROOT = Who()


@dataclass
class Disk:
    """What a file system holds. `used` and `more` ask and tell whoever else counts it."""

    total: Callable[[], int]
    used: Callable[[], int]
    more: Callable[[int], None]

    def charge(self, size: int) -> None:
        if size > 0 and self.used() + size > self.total():
            raise error(errno.ENOSPC)
        self.more(size)


@dataclass(eq=False, slots=True)
class Node:
    mode: int  # with its kind, as in st_mode
    uid: int = 0
    gid: int = 0
    mtime: float = 0.0
    entries: "dict[str, Node]" = field(default_factory=dict)
    fill: "Callable[[], dict[str, Node]] | None" = None  # a folder whose entries are made when looked at
    content: Content | None = None
    target: str = ""
    charged: int = 0
    disk: Disk | None = None  # where another file system begins

    @property
    def is_dir(self) -> bool:
        return stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)

    @property
    def size(self) -> int:
        if self.content is not None:
            return self.content.size
        return len(self.target.encode("utf-8", "surrogateescape")) if self.is_link else 4096

    def inside(self) -> "dict[str, Node]":
        if self.fill is not None:
            self.entries, self.fill = self.fill() | self.entries, None
        return self.entries

    def allows(self, who: Who, wanted: int) -> bool:
        if who.uid == 0:
            return True
        shift = 6 if who.uid == self.uid else 3 if self.gid in who.gids else 0
        return (self.mode >> shift) & wanted == wanted


def error(number: int, path: str = "") -> OSError:
    return OSError(number, os.strerror(number), path)
