"""Counting and deleting: all of what was named, and nothing behind a link."""

import asyncio
import os
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from instances.remote.files import walking
from instances.remote.files.disk import Disk
from instances.remote.files.walking import count, delete
from portal.core.errors import PortalError
from tests.instances.remote.files import machine as machines
from tests.instances.remote.files.machine import Machine


def grow(home: Path) -> None:
    (home / "d/a/b").mkdir(parents=True)
    (home / "d/hidden/.x").mkdir(parents=True)
    for name in ("d/1", "d/a/2", "d/a/b/3", "d/hidden/.x/4", "keep"):
        (home / name).write_bytes(b"x" * 10)
    (home / "outside").mkdir()
    (home / "outside/precious").write_text("x")
    (home / "d/a/link").symlink_to(home / "outside")


async def test_what_would_go_is_counted(disk: Disk, home: Path) -> None:
    grow(home)
    found = await count(disk, os.fsencode(home), [b"d", b"keep", b"gone"], seconds=10, most=1000)
    assert (found.files, found.folders, found.links, found.bytes, found.unread, found.more) == (
        5,
        5,
        1,
        50,
        1,
        False,
    )


async def test_counting_stops_in_time(disk: Disk, home: Path) -> None:
    grow(home)
    assert (await count(disk, os.fsencode(home), [b"d"], seconds=10, most=3)).more
    assert (await count(disk, os.fsencode(home), [b"d"], seconds=-1, most=1000)).more


async def test_deleting_takes_all_of_it_and_nothing_behind_a_link(disk: Disk, home: Path) -> None:
    grow(home)
    result = await delete(disk, os.fsencode(home), [b"d", b"gone"], seconds=30)
    assert (result.gone, result.whole, result.failed) == (10, True, None)
    assert sorted(os.listdir(home)) == ["keep", "outside"] and (home / "outside/precious").exists()


async def test_a_link_to_a_folder_goes_alone(disk: Disk, home: Path) -> None:
    grow(home)
    (home / "to").symlink_to("outside")
    assert (await delete(disk, os.fsencode(home), [b"to"], seconds=30)).gone == 1
    assert (home / "outside/precious").exists()


async def test_a_large_tree_goes_in_several_turns(disk: Disk, home: Path) -> None:
    for folder in range(40):
        (home / f"d/{folder}").mkdir(parents=True)
        for number in range(25):
            (home / f"d/{folder}/{number}").touch()
    turns = gone = 0
    while True:
        result = await delete(disk, os.fsencode(home), [b"d"], seconds=0.15)
        turns, gone = turns + 1, gone + result.gone
        if result.whole:
            break
        assert turns < 200
    assert gone == 1041 and not (home / "d").exists() and result.failed is None


async def test_what_may_not_go_stays_and_the_rest_goes(home: Path) -> None:
    class Strict(asyncssh.SFTPServer):
        def remove(self, path: bytes) -> None:
            if path.endswith(b"locked"):
                raise PermissionError(13, "Permission denied")
            super().remove(path)

    (home / "d/sub").mkdir(parents=True)
    for name in ("d/1", "d/sub/locked", "d/sub/2"):
        (home / name).touch()
    async with machines.machine(home, Strict) as box:
        link = await box.link()
        result = await delete(await machines.disk_on(link), os.fsencode(home), [b"d"], seconds=30)
        await link.close()
    assert result.gone == 2 and result.failed is not None and result.failed[0].endswith(b"d/sub/locked")
    assert os.listdir(home / "d/sub") == ["locked"]


async def test_a_connection_lost_while_deleting_is_told(disk: Disk, home: Path, box: Machine) -> None:
    (home / "d").mkdir()
    for number in range(500):
        (home / f"d/{number}").touch()
    real = disk.sftp.remove
    removed = 0

    async def dropping(path: bytes) -> Any:
        nonlocal removed
        removed += 1
        if removed == 100:
            box.drop()
        return await real(path)

    disk.sftp.remove = dropping  # type: ignore[method-assign,assignment]
    with pytest.raises(PortalError) as caught:
        await delete(disk, os.fsencode(home), [b"d"], seconds=30)
    assert caught.value.id == "remote:lost"
    assert (home / "d").exists()


async def test_walking_a_tree_without_end_keeps_no_end_of_folders(
    disk: Disk, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "MOST_WAITING", 5)
    for number in range(30):
        (home / f"d/{number}").mkdir(parents=True)
    found = await count(disk, os.fsencode(home), [b"d"], seconds=10, most=1000)
    assert found.folders == 31
    await asyncio.sleep(0)
