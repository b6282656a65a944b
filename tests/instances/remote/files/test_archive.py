"""Archives as they are sent, unpacked by what people have: tar, unzip, and Python's own."""

import asyncio
import gzip
import io
import os
import shutil
import subprocess
import tarfile
import zipfile
from contextlib import aclosing
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from instances.remote.files import archive, browsing, members, walking
from instances.remote.files.archive import packed, packer
from instances.remote.files.disk import Disk
from instances.remote.files.entries import Entry
from instances.remote.files.members import REPORT
from instances.remote.files.zip_stream import Zip
from tests.instances.remote.files import machine as machines
from tests.instances.remote.files.machine import Machine
from tests.instances.remote.files.page import put_file

NAMES = [b"new\nline", b"\xff\xfe", "✨🧬é".encode(), b"-rf", b"back\\slash", b"C:colon", b"x" * 200, b"p%41"]


async def whole(disk: Disk, folder: Path, names: list[bytes], form: str) -> bytes:
    return b"".join([piece async for piece in packed(disk, os.fsencode(folder), names, packer(form))])


def tree(home: Path) -> dict[str, bytes]:
    (home / "d/sub/empty").mkdir(parents=True)
    files = {
        "d/a.txt": b"alpha",
        "d/sub/big.bin": os.urandom(1_300_000),
        "d/zero": b"",
        "top.txt": b"top" * 40_000,
    }
    for name, content in files.items():
        (home / name).write_bytes(content)
    (home / "d/run.sh").write_bytes(b"#!/bin/sh\n")
    (home / "d/run.sh").chmod(0o4755)
    return files


def unpack(command: list[str], into: Path) -> None:
    subprocess.run(command, cwd=into, check=True)


@pytest.mark.parametrize("form", ["tar.gz", "zip"])
async def test_everything_comes_out_as_it_was(disk: Disk, home: Path, tmp_path: Path, form: str) -> None:
    files = tree(home)
    data = await whole(disk, home, [b"d", b"top.txt"], form)
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / f"a.{form}").write_bytes(data)
    tool = ["tar", "-xzf"] if form == "tar.gz" else ["unzip", "-q"]
    if shutil.which(tool[0]) is None:
        shutil.unpack_archive(tmp_path / f"a.{form}", out)
    else:
        await asyncio.to_thread(unpack, [*tool, str(tmp_path / f"a.{form}")], out)
    assert {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()} == {*files, "d/run.sh"}
    assert all((out / name).read_bytes() == content for name, content in files.items())
    assert (out / "d/sub/empty").is_dir()
    assert (out / "d/run.sh").stat().st_mode & 0o7777 == 0o755, "runs as who unpacks it, never as its owner"


@pytest.mark.parametrize("form", ["tar.gz", "zip"])
async def test_any_name_can_be_packed(disk: Disk, home: Path, form: str) -> None:
    for name in NAMES:
        put_file(home, name, name)
    data = io.BytesIO(await whole(disk, home, NAMES, form))
    if form == "tar.gz":
        with tarfile.open(fileobj=data) as tar:
            assert {os.fsencode(name) for name in tar.getnames()} == set(NAMES)
        return
    with zipfile.ZipFile(data) as found:
        assert found.testzip() is None
        names = found.namelist()
        assert {found.read(name) for name in names} == set(NAMES)
        assert not any("\\" in name or ":" in name for name in names), "a separator to some systems"
        assert "✨🧬é" in names and "%FF%FE" in names


async def test_links_are_not_followed(disk: Disk, home: Path) -> None:
    secret = home.parent / "secret"
    secret.write_text("secret")
    (home / "d").mkdir()
    (home / "d/out").symlink_to(secret)
    (home / "d/up").symlink_to("..")
    data = await whole(disk, home, [b"d"], "tar.gz")
    assert b"secret\n" not in gzip.decompress(data)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert tar.getmember("d/out").issym() and tar.getmember("d/up").linkname == ".."
        assert len(tar.getnames()) == 3
    with zipfile.ZipFile(io.BytesIO(await whole(disk, home, [b"d"], "zip"))) as found:
        assert found.namelist() == ["d/", REPORT.decode()]
        assert "links are kept by tar.gz only" in found.read(REPORT.decode()).decode()


async def test_what_cannot_be_read_is_named_in_the_archive(home: Path) -> None:
    class Strict(asyncssh.SFTPServer):
        def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Any:
            if path.endswith(b"private"):
                raise PermissionError(13, "Permission denied")
            return super().open(path, pflags, attrs)

        async def scandir(self, path: bytes) -> Any:
            if path.endswith(b"closed"):
                raise asyncssh.SFTPPermissionDenied("Permission denied")
            async for entry in super().scandir(path):
                yield entry

    (home / "d/closed").mkdir(parents=True)
    for name in ("private", "open"):
        (home / "d" / name).write_text("x")
    os.mkfifo(home / "d/pipe")
    async with machines.machine(home, Strict) as box:
        link = await box.link()
        disk = await machines.disk_on(link)
        data = await whole(disk, home, [b"d", b"gone"], "zip")
        await link.close()
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert sorted(found.namelist()) == ["d/", "d/closed/", "d/open", REPORT.decode()]
        report = found.read(REPORT.decode()).decode()
    for line in (
        "d/private: permission denied",
        "d/closed: permission denied",
        "gone: gone",
        "d/pipe: a device",
    ):
        assert line in report


async def test_a_file_that_shrinks_while_it_is_packed_spoils_nothing_else(
    disk: Disk, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "log").write_bytes(b"x" * 5000)
    (home / "next").write_bytes(b"fine")
    real = browsing.entry_of

    def larger(name: bytes, attrs: asyncssh.SFTPAttrs, longname: bytes = b"") -> Entry:
        if name == b"log":
            attrs.size = 900_000
        return real(name, attrs, longname)

    monkeypatch.setattr(walking, "entry_of", larger)
    for form in ("tar.gz", "zip"):
        data = io.BytesIO(await whole(disk, home, [b"log", b"next"], form))
        if form == "zip":
            with zipfile.ZipFile(data) as found:
                assert (found.read("log"), found.read("next")) == (b"x" * 5000, b"fine")
                assert b"became shorter" in found.read(REPORT.decode())
        else:
            with tarfile.open(fileobj=data) as tar:
                log, following = tar.extractfile("log"), tar.extractfile("next")
                assert log is not None and following is not None
                assert log.read() == b"x" * 5000 + bytes(895_000) and following.read() == b"fine"
                assert REPORT.decode() in tar.getnames()


async def test_a_lost_connection_ends_it_in_the_middle(disk: Disk, home: Path, box: Machine) -> None:
    for number in range(20):
        (home / f"f{number}").write_bytes(os.urandom(700_000))
    names = [b"f%d" % number for number in range(20)]
    got = 0
    with pytest.raises((asyncssh.Error, OSError)):
        async with aclosing(packed(disk, os.fsencode(home), names, packer("tar.gz"))) as source:
            async for piece in source:
                got += len(piece)
                if got > 2_000_000:
                    box.drop()
    assert 2_000_000 < got < 14_000_000


async def test_who_leaves_in_the_middle_leaves_nothing_open(disk: Disk, home: Path) -> None:
    for number in range(30):
        (home / f"f{number}").write_bytes(os.urandom(400_000))
    opened: list[Any] = []
    real = disk.sftp.open

    async def noted(*given: Any, **more: Any) -> Any:
        made = await real(*given, **more)
        opened.append(made)
        return made

    disk.sftp.open = noted  # type: ignore[method-assign,assignment]
    async with aclosing(
        packed(disk, os.fsencode(home), [b"f%d" % number for number in range(30)], packer("zip"))
    ) as source:
        async for _ in source:
            break
    assert 0 < len(opened) <= 2 * members.AHEAD + 10
    assert all(one._handle is None for one in opened)


async def test_ten_thousand_files_are_not_kept_in_memory(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "d").mkdir()
    for number in range(10_000):
        (home / f"d/{number}").touch()
    alive = most = 0
    real = members._prepared

    async def counted(*given: Any) -> Any:
        nonlocal alive, most
        alive += 1
        most = max(most, alive)
        return await real(*given)

    closing = members.Member.close

    async def closed(self: members.Member) -> None:
        nonlocal alive
        alive -= 1
        await closing(self)

    monkeypatch.setattr(members, "_prepared", counted)
    monkeypatch.setattr(members.Member, "close", closed)
    async with machines.machine(home) as box:
        link = await box.link()
        data = await whole(await machines.disk_on(link), home, [b"d"], "zip")
        await link.close()
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert len(found.namelist()) == 10_001
    assert most <= members.AHEAD + 2


async def test_a_zip_says_where_it_stops(disk: Disk, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_IN_ZIP", 3)
    for number in range(6):
        (home / f"f{number}").touch()
    data = await whole(disk, home, [b"f%d" % number for number in range(6)], "zip")
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert found.namelist() == ["f0", "f1", "f2", REPORT.decode()]


def test_large_zips_have_wide_numbers() -> None:
    """Without writing five gigabytes: the counters are set as if they had been."""
    into = Zip()
    data = into.begin(b"big", Entry(b"big", "file"), 5 * 2**30) + into.data(b"x") + into.finish()
    assert data[:4] == b"PK\x03\x04" and data[4] == 45
    into._at = 5 * 2**30
    data += into.begin(b"far", Entry(b"far", "file"), 1) + into.data(b"y") + into.finish()
    end = into.end()
    assert b"PK\x06\x06" in end and b"PK\x06\x07" in end


def test_the_moments_of_a_zip_stay_in_its_years() -> None:
    for changed in (None, 0, 10**9, 2**32 - 1, 2**63):
        into = Zip()
        data = (
            into.begin(b"a", Entry(b"a", "file", changed=changed), 1)
            + into.data(b"x")
            + into.finish()
            + into.end()
        )
        with zipfile.ZipFile(io.BytesIO(data)) as found:
            assert 1980 <= found.infolist()[0].date_time[0] <= 2107
