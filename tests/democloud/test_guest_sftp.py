"""SFTP on a guest."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import AsyncIterator
from typing import Any

import asyncssh
import pytest

from portal.democloud.guest_disk import LOG_LINE, SMALL_DISK
from portal.democloud.guest_oddities import odd_names
from tests.democloud.guest_fixtures import running
from tests.democloud.guest_terminal import machine


@contextlib.asynccontextmanager
async def files() -> AsyncIterator[asyncssh.SFTPClient]:
    async with running() as guests, machine(guests) as connection, connection.start_sftp_client() as client:
        yield client


async def test_one_begins_at_home_and_names_lead_where_linux_leads_them() -> None:
    async with files() as client:
        assert await client.realpath(".") == "/home/ubuntu"
        assert await client.realpath("../../etc/./hostname") == "/etc/hostname"
        assert await client.realpath("/../../..") == "/"


async def test_a_file_is_written_at_offsets_appended_to_and_read_in_parts() -> None:
    async with files() as client:
        async with client.open("a.bin", "wb") as file:
            await file.write(b"end", 10)
            await file.write(b"begin", 0)
        async with client.open("a.bin", "ab") as file:
            await file.write(b"!")
        async with client.open("a.bin", "rb") as file:
            found: list[Any] = [await file.read(), await file.read(3, 10)]
            assert found == [b"begin\0\0\0\0\0end!", b"end"]
        async with client.open("a.bin", "r+b") as file:
            await file.truncate(5)
        assert (await client.stat("a.bin")).size == 5


async def test_a_big_file_goes_up_and_comes_back_whole(tmp_path: Any) -> None:
    data = os.urandom(3_000_001)
    (tmp_path / "up").write_bytes(data)
    async with files() as client:
        await client.put(str(tmp_path / "up"), "up.bin")
        await client.get("up.bin", str(tmp_path / "down"))
    assert (tmp_path / "down").read_bytes() == data


async def test_folders_links_modes_and_times() -> None:
    async with files() as client:
        await client.makedirs("a/b")
        async with client.open("a/b/x", "w") as file:
            await file.write("text")
        await client.symlink("b/x", "a/link")
        assert (await client.readlink("a/link"), (await client.stat("a/link")).size) == ("b/x", 4)
        assert stat.S_ISLNK((await client.lstat("a/link")).permissions or 0)
        await client.chmod("a/b/x", 0o600)
        await client.utime("a/b/x", (1_000_000, 2_000_000))
        found = await client.stat("a/b/x")
        assert (stat.S_IMODE(found.permissions or 0), found.mtime) == (0o600, 2_000_000)
        await client.rename("a/b/x", "a/y")
        assert sorted(str(name) for name in await client.listdir("a")) == ["b", "link", "y"]
        await client.rmtree("a")
        assert not await client.exists("a")


@pytest.mark.parametrize(
    ("attempt", "expected"),
    [
        (lambda c: c.listdir("/srv/locked"), asyncssh.SFTPPermissionDenied),
        (lambda c: c.open("/srv/locked/secret.txt"), asyncssh.SFTPPermissionDenied),
        (lambda c: c.open("/etc/shadow"), asyncssh.SFTPPermissionDenied),
        (lambda c: c.open("/etc/new", "w"), asyncssh.SFTPPermissionDenied),
        (lambda c: c.remove("/etc/passwd"), asyncssh.SFTPPermissionDenied),
        (lambda c: c.open("/nowhere"), asyncssh.SFTPNoSuchFile),
        (lambda c: c.mkdir("/no/where"), asyncssh.SFTPNoSuchFile),
        (lambda c: c.rmdir("/home/ubuntu"), asyncssh.SFTPError),
        (lambda c: c.chown("/home/ubuntu", 0, 0), asyncssh.SFTPError),
        (lambda c: c.open("nul\0byte", "w"), asyncssh.SFTPError),
        (lambda c: c.link("/etc/passwd", "hard"), asyncssh.SFTPError),
    ],
)
async def test_what_may_not_be_is_refused(attempt: Any, expected: type[Exception]) -> None:
    async with files() as client:
        with pytest.raises(expected):
            await attempt(client)


async def test_rename_does_not_replace_and_posix_rename_does() -> None:
    async with files() as client:
        for name in ("a", "b"):
            async with client.open(name, "w") as file:
                await file.write(name)
        with pytest.raises(asyncssh.SFTPError):
            await client.rename("a", "b")
        await client.posix_rename("a", "b")
        async with client.open("b") as file:
            assert await file.read() == "a"


async def test_a_full_disk_refuses_in_the_middle_and_says_how_much_is_left() -> None:
    async with files() as client:
        space = await client.statvfs("/mnt/small")
        assert space.bavail * space.frsize == SMALL_DISK
        assert (await client.statvfs("/home")).blocks > 1_000_000
        file = await client.open("/mnt/small/x", "wb")
        await file.write(b"x" * (SMALL_DISK - 10_000), 0)
        with pytest.raises(asyncssh.SFTPError):
            await file.write(b"y" * 10_001, SMALL_DISK - 10_000)
        await file.close()
        assert (await client.stat("/mnt/small/x")).size == SMALL_DISK - 10_000


async def test_every_odd_name_comes_through_byte_by_byte() -> None:
    async with (
        running() as guests,
        machine(guests, user="exouser") as connection,
        connection.start_sftp_client(path_encoding=None) as client,
    ):
        found: Any = set(await client.listdir(b"/home/exouser/names"))
        assert found == {name.encode("utf-8", "surrogateescape") for name in odd_names()}


async def test_ten_thousand_files_are_listed() -> None:
    async with files() as client:
        assert len(await client.readdir("/opt/many")) == 10_000


async def test_a_file_of_a_gigabyte_is_made_up_where_it_is_read() -> None:
    async with files() as client:
        assert (await client.stat("/srv/big.log")).size == 1 << 30
        async with client.open("/srv/big.log", "rb") as file:
            at = len(LOG_LINE) * 5_000_000
            found: Any = await file.read(len(LOG_LINE), at)
            assert found == LOG_LINE


async def test_what_sftp_writes_the_shell_reads() -> None:
    async with running() as guests, machine(guests) as connection:
        async with connection.start_sftp_client() as client, client.open("note.txt", "w") as file:
            await file.write("from sftp\n")
        assert (await connection.run("cat ~/note.txt")).stdout == "from sftp\n"
