"""A machine's files over SFTP, as its login sees them."""

from dataclasses import dataclass
from typing import Protocol

import asyncssh

from portal.core.errors import PortalError


class Linked(Protocol):
    """What is needed of `instances.remote.link.Link`."""

    async def sftp(self) -> asyncssh.SFTPClient: ...

    def forget_sftp(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Disk:
    """Paths are bytes throughout, absolute and normal."""

    sftp: asyncssh.SFTPClient
    name: str
    login: str
    home: bytes


async def disk_of(link: Linked, *, name: str, login: str) -> Disk:
    """PortalError `remote:no-sftp` where the machine lets us in and serves no files."""
    try:
        return await _disk(link, name, login)
    except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection):
        # The SFTP server ended, the connection need not have: one more try with a new one.
        link.forget_sftp()
    try:
        return await _disk(link, name, login)
    except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection) as error:
        raise PortalError("remote:no-sftp", detail=str(error)[:200], name=name) from error


async def _disk(link: Linked, name: str, login: str) -> Disk:
    try:
        sftp = await link.sftp()
    except PortalError as error:
        if error.id != "remote:channel-refused":
            raise
        raise PortalError("remote:no-sftp", detail=error.detail, name=name) from error
    return Disk(sftp, name, login, await sftp.realpath(b"."))
