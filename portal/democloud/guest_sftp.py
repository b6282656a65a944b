"""SFTP (version 3, as OpenSSH's server speaks it) over the files of a guest."""

import errno
import os
import posixpath
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import cast

import asyncssh
from asyncssh.channel import SSHChannel
from asyncssh.constants import FXF_APPEND, FXF_CREAT, FXF_EXCL, FXF_READ, FXF_TRUNC, FXF_WRITE

from portal.democloud import guest_users
from portal.democloud.guest_host import Host
from portal.democloud.guest_node import Disk, Node, Who, error

BLOCK = 4096
MOST_READ = 256 * 1024


@dataclass
class Handle:
    path: str
    node: Node
    flags: int

    def seek(self, offset: int, whence: int) -> int:
        """Where data begins and ends: asyncssh asks when its own client reads a file. Holes count as data."""
        if whence == os.SEEK_DATA and offset >= self.node.size:
            raise error(errno.ENXIO)
        return offset if whence == os.SEEK_DATA else self.node.size


class FileServer(asyncssh.SFTPServer):
    """What OSError numbers mean to a client, asyncssh knows."""

    def __init__(self, channel: SSHChannel[bytes], host: Host, who: Who) -> None:
        super().__init__(cast("asyncssh.SSHServerChannel[bytes]", channel))
        self._files, self._who, self._host = host.files, who, host

    def _path(self, path: bytes) -> str:
        if b"\0" in path:
            raise error(errno.EINVAL)
        return posixpath.join(self._who.home, path.decode("utf-8", "surrogateescape"))

    def _attributes(self, node: Node) -> asyncssh.SFTPAttrs:
        when = int(node.mtime)
        return asyncssh.SFTPAttrs(
            size=node.size, uid=node.uid, gid=node.gid, permissions=node.mode, atime=when, mtime=when
        )

    def format_user(self, uid: int | None) -> str:
        return guest_users.name_of(self._files, uid or 0)

    def format_group(self, gid: int | None) -> str:
        return guest_users.name_of(self._files, gid or 0)

    # Open files

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Handle:
        name = self._path(path)
        write = bool(pflags & (FXF_WRITE | FXF_APPEND))
        node = self._files.open(
            name,
            self._who,
            read=bool(pflags & FXF_READ),
            write=write,
            create=bool(pflags & FXF_CREAT),
            new=bool(pflags & FXF_EXCL),
            truncate=bool(pflags & FXF_TRUNC) and write,
            mode=0o666 & ~0o022 if attrs.permissions is None else attrs.permissions & ~0o022,
        )
        return Handle(name, node, pflags)

    def close(self, file_obj: object) -> None:
        assert isinstance(file_obj, Handle)

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        assert isinstance(file_obj, Handle)
        if file_obj.node.content is None:
            raise error(errno.EISDIR)
        return file_obj.node.content.read(offset, min(size, MOST_READ))

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        assert isinstance(file_obj, Handle)
        if not file_obj.flags & (FXF_WRITE | FXF_APPEND):
            raise error(errno.EBADF)
        at = file_obj.node.size if file_obj.flags & FXF_APPEND else offset
        self._files.write(file_obj.path, file_obj.node, at, data)
        return len(data)

    def fstat(self, file_obj: object) -> asyncssh.SFTPAttrs:
        assert isinstance(file_obj, Handle)
        return self._attributes(file_obj.node)

    def fsync(self, file_obj: object) -> None:
        assert isinstance(file_obj, Handle)

    # Attributes

    def lstat(self, path: bytes) -> asyncssh.SFTPAttrs:
        return self._attributes(self._files.find(self._path(path), self._who, follow=False))

    def stat(self, path: bytes) -> asyncssh.SFTPAttrs:
        return self._attributes(self._files.find(self._path(path), self._who))

    def setstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        self._set(self._path(path), self._files.find(self._path(path), self._who), attrs)

    def lsetstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        if self._files.find(self._path(path), self._who, follow=False).is_link:
            raise asyncssh.SFTPOpUnsupported("links have no attributes of their own here")
        self.setstat(path, attrs)

    def fsetstat(self, file_obj: object, attrs: asyncssh.SFTPAttrs) -> None:
        assert isinstance(file_obj, Handle)
        self._set(file_obj.path, file_obj.node, attrs)

    def _set(self, path: str, node: Node, attrs: asyncssh.SFTPAttrs) -> None:
        if attrs.size is not None:
            if not node.allows(self._who, 2):
                raise error(errno.EACCES, path)
            self._files.truncate(path, node, attrs.size)
        if attrs.permissions is not None:
            self._files.chmod(path, attrs.permissions, self._who)
        if attrs.uid is not None and (attrs.uid, attrs.gid) != (node.uid, node.gid):
            self._files.chown(path, attrs.uid, attrs.gid, self._who)
        if attrs.mtime is not None:
            self._files.utime(path, float(attrs.mtime), self._who)

    def statvfs(self, path: bytes) -> asyncssh.SFTPVFSAttrs:
        return self._space(self._files.disk_of(self._path(path), self._who))

    def fstatvfs(self, file_obj: object) -> asyncssh.SFTPVFSAttrs:
        assert isinstance(file_obj, Handle)
        return self._space(self._files.disk_of(file_obj.path, self._who))

    def _space(self, disk: Disk) -> asyncssh.SFTPVFSAttrs:
        free = max(0, disk.total() - disk.used()) // BLOCK
        return asyncssh.SFTPVFSAttrs(
            bsize=BLOCK,
            frsize=BLOCK,
            blocks=disk.total() // BLOCK,
            bfree=free,
            bavail=free,
            files=1 << 20,
            ffree=1 << 19,
            favail=1 << 19,
            namemax=255,
        )

    # Folders and names

    def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        """Refused when it is opened, not when it is read."""
        return self._entries(self._files.listing(self._path(path), self._who))

    async def _entries(self, entries: dict[str, Node]) -> AsyncIterator[asyncssh.SFTPName]:
        for name, node in entries.items():
            encoded = name.encode("utf-8", "surrogateescape")
            yield asyncssh.SFTPName(encoded, attrs=self._attributes(node))

    def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        mode = 0o777 if attrs.permissions is None else attrs.permissions
        self._files.mkdir(self._path(path), self._who, mode & ~0o022)

    def rmdir(self, path: bytes) -> None:
        self._files.rmdir(self._path(path), self._who)

    def remove(self, path: bytes) -> None:
        self._files.remove(self._path(path), self._who)

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        self._files.rename(self._path(oldpath), self._path(newpath), self._who, replace=False)

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        self._files.rename(self._path(oldpath), self._path(newpath), self._who)

    def realpath(self, path: bytes) -> bytes:
        return self._files.real(self._path(path), self._who).encode("utf-8", "surrogateescape")

    def readlink(self, path: bytes) -> bytes:
        node = self._files.find(self._path(path), self._who, follow=False)
        if not node.is_link:
            raise error(errno.EINVAL)
        return node.target.encode("utf-8", "surrogateescape")

    def symlink(self, oldpath: bytes, newpath: bytes) -> None:
        # Clients send the two names in OpenSSH's order to what calls itself OpenSSH; asyncssh reads them so only from
        # clients that call themselves so.
        version = str(self.connection.get_extra_info("client_version", ""))
        if not any(one in version for one in ("OpenSSH", "paramiko")):
            oldpath, newpath = newpath, oldpath
        self._files.symlink(oldpath.decode("utf-8", "surrogateescape"), self._path(newpath), self._who)

    def link(self, oldpath: bytes, newpath: bytes) -> None:
        raise asyncssh.SFTPOpUnsupported("hard links are not offered here")
