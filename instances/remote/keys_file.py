"""The file `~/.ssh/authorized_keys` of the login, over SFTP: read whole, changed whole or not at all."""

import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from secrets import token_hex
from typing import cast

import asyncssh

from instances.remote import authorized_keys
from instances.remote.authorized_keys import LONGEST, Unreadable
from instances.remote.link import Link
from portal.core.errors import PortalError

FOLDER, FILE = b".ssh", b".ssh/authorized_keys"


@dataclass(frozen=True, slots=True)
class Addition:
    """`line` is one that `authorized_keys.with_key` takes."""

    line: str

    def of(self, text: bytes) -> bytes:
        return authorized_keys.with_key(text, self.line)


@dataclass(frozen=True, slots=True)
class Removal:
    keys: Sequence[str]

    def of(self, text: bytes) -> bytes:
        for key in self.keys:
            text = authorized_keys.without(text, key)
        return text


async def read(link: Link) -> bytes:
    """Empty where there is none. PortalError `remote:keys-unreadable`, or why the machine did not answer."""
    return (await _read(link))[0]


async def change(link: Link, change: Addition | Removal, *, seen: str = "") -> bytes:
    """What it holds afterwards. `seen`: the digest of what the person looked at; `remote:keys-changed` otherwise."""
    text, mode = await _read(link)
    if seen and authorized_keys.digest(text) != seen:
        raise PortalError("remote:keys-changed", name=link.way.name)
    try:
        new = change.of(text)
    except Unreadable as reason:
        raise _unreadable(link, str(reason)) from None
    if new != text:
        await _write(link, new, mode, text)
    return new


async def _read(link: Link) -> tuple[bytes, int]:
    sftp = await link.sftp()
    try:
        mode = await _mode(link, sftp)
        if mode is None:
            return b"", 0o600
        async with sftp.open(FILE, "rb") as file:
            text = cast(bytes, await file.read(LONGEST + 1))
        return authorized_keys.checked(text), mode
    except Unreadable as reason:
        raise _unreadable(link, str(reason)) from None
    except (asyncssh.Error, OSError) as error:
        raise _refused(link, error) from None


async def _mode(link: Link, sftp: asyncssh.SFTPClient) -> int | None:
    """Its permissions; None where there is no file. A link, a pipe or a folder is not ours to write over."""
    try:
        found = await sftp.lstat(FILE)
    except asyncssh.SFTPNoSuchFile:
        return None
    if not stat.S_ISREG(found.permissions or 0):
        raise Unreadable("it is not a plain file")
    return stat.S_IMODE(found.permissions or 0o600)


async def _write(link: Link, new: bytes, mode: int, old: bytes) -> None:
    """Beside it, then in its place: sshd may read it at any moment, and the connection may be lost at any."""
    sftp, beside = await link.sftp(), FILE + b".heliosphere-" + token_hex(6).encode()
    written = False
    try:
        with suppress(asyncssh.SFTPFailure, asyncssh.SFTPFileAlreadyExists):
            await sftp.mkdir(FOLDER, asyncssh.SFTPAttrs(permissions=0o700))
        async with sftp.open(beside, "xb", asyncssh.SFTPAttrs(permissions=mode)) as file:
            await file.write(new)
        await sftp.chmod(beside, mode)
        if (await _read(link))[0] != old:
            raise PortalError("remote:keys-changed", name=link.way.name)
        await sftp.posix_rename(beside, FILE)
        written = True
    except (asyncssh.Error, OSError) as error:
        raise _refused(link, error) from None
    finally:
        if not written:
            with suppress(asyncssh.Error, OSError):
                await sftp.remove(beside)


def _refused(link: Link, error: Exception) -> PortalError:
    if isinstance(error, asyncssh.SFTPError):
        words = "".join(letter if letter.isprintable() else " " for letter in str(error))[:120]
        return _unreadable(link, f"the machine said “{words}”")
    return link.problem(error)


def _unreadable(link: Link, reason: str) -> PortalError:
    return PortalError("remote:keys-unreadable", name=link.way.name, login=link.way.login, reason=reason)
