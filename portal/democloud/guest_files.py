"""The files of one guest: a tree of folders, files and links with owners and modes, as a Linux keeps them.

Whatever goes wrong is an OSError with the number that Linux gives.
"""

import errno
import itertools
import posixpath
import stat
import time

from portal.democloud.guest_node import ENTER, READ, ROOT, WRITE, Disk, Node, Who, error
from portal.democloud.guest_store import Content, Made, Store

MOST_NODES = 60_000  # of one guest: somebody may upload a folder, not a universe
MOST_LINKS = 20
NAME_BYTES = 255


class Files:
    def __init__(self, store: Store, disk: Disk) -> None:
        self.store = store
        self.root = Node(stat.S_IFDIR | 0o755, mtime=time.time(), disk=disk)
        self._nodes = 1

    # Looking

    def walk(self, path: str, who: Who, *, follow: bool = True) -> tuple[list[Node], str, Node | None]:
        """The folders on the way down, the last name, and what it names (None when it is not there)."""
        return self._walk(path, who, follow, MOST_LINKS)

    def _walk(self, path: str, who: Who, follow: bool, links: int) -> tuple[list[Node], str, Node | None]:
        parts = [part for part in path.split("/") if part not in {"", "."}]
        trail, at = [self.root], 0
        while at < len(parts):
            name, last = parts[at], at == len(parts) - 1
            node = self._step(trail, name, who, path)
            if node is None:
                if last:
                    return trail, name, None
                raise error(errno.ENOENT, path)
            if node.is_link and (follow or not last):
                if links == 0:
                    raise error(errno.ELOOP, path)
                base = posixpath.join("/", *parts[:at])
                rest = "/".join(parts[at + 1 :])
                return self._walk(posixpath.join(base, node.target, rest), who, follow, links - 1)
            if last and name != "..":
                return trail, name, node
            if name != "..":
                if not node.is_dir:
                    raise error(errno.ENOTDIR, path)
                trail.append(node)
            at += 1
        return trail[:-1] or trail, "", trail[-1]

    def _step(self, trail: list[Node], name: str, who: Who, path: str) -> Node | None:
        if not trail[-1].allows(who, ENTER):
            raise error(errno.EACCES, path)
        if name == "..":
            if len(trail) > 1:
                trail.pop()
            return trail[-1]
        return trail[-1].inside().get(name)

    def find(self, path: str, who: Who = ROOT, *, follow: bool = True) -> Node:
        node = self.walk(path, who, follow=follow)[2]
        if node is None:
            raise error(errno.ENOENT, path)
        return node

    def real(self, path: str, who: Who = ROOT) -> str:
        """Without links, dots and double dots; what is missing at the end is kept."""
        trail, name, node = self.walk(path, who)
        names = [self._name(above, below) for above, below in itertools.pairwise(trail)]
        return posixpath.join("/", *names, name) if name else self._path_of(trail, node)

    def _path_of(self, trail: list[Node], node: Node | None) -> str:
        whole = trail if node is None or trail[-1] is node else [*trail, node]
        return posixpath.join("/", *(self._name(a, b) for a, b in itertools.pairwise(whole)))

    @staticmethod
    def _name(above: Node, below: Node) -> str:
        return next((name for name, node in above.inside().items() if node is below), "")

    def is_dir(self, path: str, who: Who = ROOT) -> bool:
        try:
            return self.find(path, who).is_dir
        except OSError:
            return False

    def listing(self, path: str, who: Who = ROOT) -> dict[str, Node]:
        node = self.find(path, who)
        if not node.is_dir:
            raise error(errno.ENOTDIR, path)
        if not node.allows(who, READ):
            raise error(errno.EACCES, path)
        return dict(node.inside())

    def text(self, path: str) -> str:
        """All of a small file as root reads it; empty when it is not there."""
        try:
            node = self.find(path)
        except OSError:
            return ""
        return node.content.read(0, 1 << 20).decode("utf-8", "replace") if node.content else ""

    def disk_of(self, path: str, who: Who = ROOT) -> Disk:
        trail, _, node = self.walk(path, who)
        disk = next((one.disk for one in reversed([*trail, node]) if one is not None and one.disk), None)
        assert disk is not None
        return disk

    # Changing

    def _place(self, path: str, who: Who) -> tuple[Node, str, Node | None]:
        trail, name, node = self.walk(path, who, follow=False)
        if not name:
            raise error(errno.EBUSY if node is self.root else errno.EINVAL, path)
        if len(name.encode("utf-8", "surrogateescape")) > NAME_BYTES:
            raise error(errno.ENAMETOOLONG, path)
        if not trail[-1].allows(who, WRITE | ENTER):
            raise error(errno.EACCES, path)
        return trail[-1], name, node

    def _add(self, path: str, who: Who, mode: int) -> Node:
        folder, name, there = self._place(path, who)
        if there is not None:
            raise error(errno.EEXIST, path)
        if self._nodes >= MOST_NODES:
            raise error(errno.ENOSPC, path)
        node = Node(mode, who.uid, who.gid, time.time(), disk=None)
        folder.inside()[name] = node
        folder.mtime = node.mtime
        self._nodes += 1
        return node

    def mkdir(self, path: str, who: Who = ROOT, mode: int = 0o755) -> Node:
        return self._add(path, who, stat.S_IFDIR | (mode & 0o7777))

    def symlink(self, target: str, path: str, who: Who = ROOT) -> None:
        self._add(path, who, stat.S_IFLNK | 0o777).target = target

    def open(
        self,
        path: str,
        who: Who = ROOT,
        *,
        read: bool = True,
        write: bool = False,
        create: bool = False,
        new: bool = False,
        truncate: bool = False,
        mode: int = 0o644,
    ) -> Node:
        node = self.walk(path, who)[2]
        if node is None:
            if not create:
                raise error(errno.ENOENT, path)
            node = self._add(self.real(path, who), who, stat.S_IFREG | (mode & 0o7777))
            node.content = Content(self.store)
            return node
        if new:
            raise error(errno.EEXIST, path)
        if node.is_dir and write:
            raise error(errno.EISDIR, path)
        if not node.allows(who, READ * read | WRITE * write):
            raise error(errno.EACCES, path)
        if truncate:
            self.truncate(path, node, 0)
        return node

    def write(self, path: str, node: Node, offset: int, data: bytes) -> None:
        """`path` says in which file system the file lies."""
        if node.content is None:
            raise error(errno.EISDIR, path)
        growth = offset + len(data) - max(node.content.size, offset)
        if growth > 0:
            self._disk(path).charge(growth)
            node.charged += growth
        node.content.write(offset, data)
        node.mtime = time.time()

    def truncate(self, path: str, node: Node, size: int) -> None:
        if node.content is None:
            raise error(errno.EISDIR, path)
        back = min(node.charged, max(0, node.content.size - size))
        node.content.truncate(size)
        node.charged -= back
        self._disk(path).charge(-back)
        node.mtime = time.time()

    def reserve(self, path: str, node: Node, size: int) -> None:
        """Room for so many bytes, taken at once."""
        if node.content is None:
            raise error(errno.EISDIR, path)
        self._disk(path).charge(max(0, size - node.charged))
        node.charged = max(node.charged, size)
        if size > node.content.size:
            node.content.truncate(size)

    def _disk(self, path: str) -> Disk:
        try:
            return self.disk_of(path)
        except OSError:  # the folder has gone while the file is still open
            assert self.root.disk is not None
            return self.root.disk

    def put(self, path: str, data: bytes | str, *, mode: int = 0o644, who: Who = ROOT) -> None:
        """Write a whole file as root, with the folders above it."""
        above = posixpath.dirname(path)
        self.folders(above)
        content = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
        node = self.open(path, create=True, truncate=True, write=True, mode=mode)
        node.uid = node.gid = who.uid
        self.write(path, node, 0, content)

    def folders(self, path: str, who: Who = ROOT, *, mode: int = 0o755, owner: Who | None = None) -> None:
        """The folder and all above it that are missing."""
        if path in {"", "/"} or self.is_dir(path, who):
            return
        self.folders(posixpath.dirname(path), who)
        node = self.mkdir(path, who, mode)
        node.uid = node.gid = (owner or who).uid

    def made(self, path: str, pattern: bytes, size: int) -> None:
        """A file that is made up while it is read."""
        self._add(path, ROOT, stat.S_IFREG | 0o644).content = Made(self.store, pattern, size)

    def remove(self, path: str, who: Who = ROOT) -> None:
        folder, name, node = self._place(path, who)
        if node is None:
            raise error(errno.ENOENT, path)
        if node.is_dir:
            raise error(errno.EISDIR, path)
        self._sticky(folder, node, who, path)
        self._disk(path).charge(-node.charged)
        node.charged = 0
        self._drop(folder, name)

    def rmdir(self, path: str, who: Who = ROOT) -> None:
        folder, name, node = self._place(path, who)
        if node is None:
            raise error(errno.ENOENT, path)
        if not node.is_dir:
            raise error(errno.ENOTDIR, path)
        if node.disk is not None:
            raise error(errno.EBUSY, path)
        if node.inside():
            raise error(errno.ENOTEMPTY, path)
        self._sticky(folder, node, who, path)
        self._drop(folder, name)

    @staticmethod
    def _sticky(folder: Node, node: Node, who: Who, path: str) -> None:
        if folder.mode & stat.S_ISVTX and who.uid not in {0, node.uid, folder.uid}:
            raise error(errno.EPERM, path)

    def _drop(self, folder: Node, name: str) -> None:
        del folder.inside()[name]
        folder.mtime = time.time()
        self._nodes -= 1

    def rename(self, old: str, new: str, who: Who = ROOT, *, replace: bool = True) -> None:
        folder, name, node = self._place(old, who)
        if node is None:
            raise error(errno.ENOENT, old)
        self._sticky(folder, node, who, old)
        into, new_name, there = self._place(new, who)
        if node in self.walk(new, who, follow=False)[0]:
            raise error(errno.EINVAL, new)
        if self.disk_of(posixpath.dirname(old)) is not self.disk_of(posixpath.dirname(new)):
            raise error(errno.EXDEV, new)
        if there is not None and there is not node:
            self._make_way(node, there, new, who, replace=replace)
        del folder.inside()[name]
        into.inside()[new_name] = node
        folder.mtime = into.mtime = time.time()

    def _make_way(self, node: Node, there: Node, path: str, who: Who, *, replace: bool) -> None:
        if not replace:
            raise error(errno.EEXIST, path)
        if there.is_dir and not node.is_dir:
            raise error(errno.EISDIR, path)
        if node.is_dir and not there.is_dir:
            raise error(errno.ENOTDIR, path)
        (self.rmdir if there.is_dir else self.remove)(path, who)

    def chmod(self, path: str, mode: int, who: Who = ROOT) -> None:
        node = self._own(path, who)
        node.mode = stat.S_IFMT(node.mode) | (mode & 0o7777)

    def chown(self, path: str, uid: int | None, gid: int | None, who: Who = ROOT) -> None:
        if who.uid != 0:
            raise error(errno.EPERM, path)
        node = self.find(path, who)
        node.uid = node.uid if uid is None else uid
        node.gid = node.gid if gid is None else gid

    def utime(self, path: str, mtime: float, who: Who = ROOT) -> None:
        self._own(path, who).mtime = mtime

    def _own(self, path: str, who: Who) -> Node:
        node = self.find(path, who)
        if who.uid not in {0, node.uid}:
            raise error(errno.EPERM, path)
        return node
