"""Uploads that stop anywhere and go on: what is on the machine is what counts, on both servers."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instances.remote.files import parts as parts_module
from instances.remote.files import uploading
from instances.remote.files.disk import Disk
from instances.remote.files.parts import Parts
from instances.remote.files.uploading import Upload, discard, receive, standing
from portal.core.errors import PortalError
from tests.instances.remote.files import machine as machines
from tests.instances.remote.files.machine import Machine

STEP = 100_000


def upload_to(home: Path, total: int, name: bytes = b"big", **more: Any) -> Upload:
    base = os.fsencode(home)
    return Upload(base, base + b"/" + name, "0123456789abcdef", total, **more)


def unfinished(upload: Upload) -> Path:
    return Path(os.fsdecode(upload.part))


async def refused(action: Any) -> PortalError:
    with pytest.raises(PortalError) as caught:
        await action
    assert "{" not in caught.value.problem.what + caught.value.problem.means + caught.value.problem.todo
    return caught.value


async def put_all(disk: Disk, parts: Parts, upload: Upload, content: bytes, start: int = 0) -> None:
    for at in range(start, len(content), STEP):
        await receive(disk, parts, upload, at, content[at : at + STEP])


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 349_999), max_size=4), losing=st.booleans())
def test_an_upload_that_is_cut_anywhere_goes_on_to_the_same_file(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], losing: bool
) -> None:
    home = tmp_path_factory.mktemp("cut")
    content = os.urandom(350_000)

    async def journey() -> None:
        async with machines.machine(home) as box:
            for cut in [*sorted(cuts), len(content)]:
                link = await box.link()
                disk, parts, upload = await machines.disk_on(link), Parts(), upload_to(home, len(content))
                have = (await standing(disk, upload)).have
                for at in range(have, cut, STEP):
                    await receive(disk, parts, upload, at, content[at : min(at + STEP, cut)])
                if losing:
                    box.drop()
                await link.close()

    asyncio.run(journey())
    assert (home / "big").read_bytes() == content and os.listdir(home) == ["big"]


async def test_pieces_come_in_any_order_and_twice(disk: Disk, home: Path) -> None:
    content = os.urandom(6 * STEP)
    parts, upload = Parts(), upload_to(home, len(content), attempt="one")
    order = [2, 1, 1, 0, 4, 3, 3, 5]
    found = await asyncio.gather(
        *(receive(disk, parts, upload, at * STEP, content[at * STEP : (at + 1) * STEP]) for at in order)
    )
    assert [one.done for one in found].count(True) == 1
    assert (home / "big").read_bytes() == content


async def test_the_last_piece_again_after_its_answer_was_lost(disk: Disk, home: Path) -> None:
    parts, upload = Parts(), upload_to(home, 3, attempt="one")
    assert (await receive(disk, parts, upload, 0, b"abc")).done
    assert (await receive(disk, parts, upload, 0, b"abc")).done
    other = upload_to(home, 3, attempt="two")
    assert (await refused(receive(disk, parts, other, 0, b"abc"))).id == "remote:file-exists"


async def test_whole_but_unnamed_the_last_piece_names_it(disk: Disk, home: Path) -> None:
    upload = upload_to(home, 5)
    unfinished(upload).write_bytes(b"hello")
    assert (await standing(disk, upload)).have == 5
    assert (await receive(disk, Parts(), upload, 0, b"hello")).done
    assert (home / "big").read_bytes() == b"hello"


async def test_an_empty_file(disk: Disk, home: Path) -> None:
    assert (await receive(disk, Parts(), upload_to(home, 0), 0, b"")).done
    assert (home / "big").read_bytes() == b""


async def test_a_piece_whose_forerunner_never_comes_is_told_where_to_go_on(
    disk: Disk, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "WAIT_SECONDS", 0.2)
    parts, upload = Parts(), upload_to(home, 3 * STEP)
    await receive(disk, parts, upload, 0, bytes(STEP))
    error = await refused(receive(disk, parts, upload, 2 * STEP, bytes(STEP)))
    assert (error.id, error.params["have"], error.outcome) == ("remote:upload-gap", STEP, "retry")


async def test_pieces_through_two_processes_make_one_file(
    disk: Disk, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "WAIT_SECONDS", 0.1)
    content = os.urandom(4 * STEP)
    processes, upload = (Parts(), Parts()), upload_to(home, len(content))
    for number in range(4):
        at = number * STEP
        await receive(disk, processes[number % 2], upload, at, content[at : at + STEP])
    assert (home / "big").read_bytes() == content


async def test_another_file_of_the_same_name_does_not_go_on_where_this_one_stopped(
    disk: Disk, home: Path
) -> None:
    await receive(disk, Parts(), upload_to(home, 2 * STEP), 0, bytes(STEP))
    base = os.fsencode(home)
    other = Upload(base, base + b"/big", "f" * 16, 2 * STEP)
    assert (await standing(disk, other)).have == 0


async def test_what_somebody_else_wrote_into_it_is_noticed(disk: Disk, home: Path) -> None:
    content = os.urandom(2 * STEP)
    parts, upload = Parts(), upload_to(home, len(content))
    await receive(disk, parts, upload, 0, content[:STEP])
    with unfinished(upload).open("ab") as file:
        file.write(bytes(3 * STEP))
    error = await refused(receive(disk, parts, upload, STEP, content[STEP:]))
    assert error.id == "remote:upload-spoilt" and os.listdir(home) == []
    await put_all(disk, Parts(), upload, content)
    assert (home / "big").read_bytes() == content


async def test_a_link_in_the_way_is_not_written_through(disk: Disk, home: Path) -> None:
    upload = upload_to(home, 3)
    victim = home / "victim"
    victim.write_bytes(b"precious")
    unfinished(upload).symlink_to(victim)
    assert (await refused(receive(disk, Parts(), upload, 0, b"abc"))).id == "remote:not-regular"
    assert victim.read_bytes() == b"precious"


async def test_a_target_that_appears_meanwhile_is_left(disk: Disk, home: Path) -> None:
    parts, upload = Parts(), upload_to(home, 2 * STEP)
    await receive(disk, parts, upload, 0, bytes(STEP))
    (home / "big").write_bytes(b"from somebody else")
    assert (await refused(receive(disk, parts, upload, STEP, bytes(STEP)))).id == "remote:file-exists"
    assert (home / "big").read_bytes() == b"from somebody else"
    assert (await standing(disk, upload)).have == 2 * STEP


async def test_a_folder_is_never_replaced(disk: Disk, home: Path) -> None:
    (home / "big").mkdir()
    there = (await standing(disk, upload_to(home, 3))).there
    assert there is not None and there.kind == "folder"
    assert (
        await refused(receive(disk, Parts(), upload_to(home, 3, replaces=there.tag), 0, b"abc"))
    ).id == "remote:is-folder"


async def test_given_up_means_gone(disk: Disk, home: Path) -> None:
    parts, upload = Parts(), upload_to(home, 2 * STEP)
    await receive(disk, parts, upload, 0, bytes(STEP))
    await discard(disk, parts, upload)
    await discard(disk, parts, upload)
    assert os.listdir(home) == [] and len(parts) == 0


async def test_a_connection_lost_in_the_middle_keeps_what_is_there(
    disk: Disk, home: Path, box: Machine
) -> None:
    content = os.urandom(3 * STEP)
    parts, upload = Parts(), upload_to(home, len(content))
    await receive(disk, parts, upload, 0, content[:STEP])
    box.drop()
    error = await refused(receive(disk, parts, upload, STEP, content[STEP : 2 * STEP]))
    assert (error.id, error.outcome) == ("remote:lost", "retry")
    link = await box.link()
    again = await machines.disk_on(link)
    have = (await standing(again, upload)).have
    assert have in {STEP, 2 * STEP}
    await put_all(again, parts, upload, content, have)
    assert (home / "big").read_bytes() == content
    await link.close()


class Full(asyncssh.SFTPServer):
    """A disk with little room: what does not fit is refused, and what fits behind it is not."""

    room = 250_000
    words = os.strerror(errno.ENOSPC)

    def write(self, file_obj: Any, offset: int, data: bytes) -> int:
        if offset <= self.room < offset + len(data):
            raise asyncssh.SFTPFailure(self.words)
        return super().write(file_obj, offset, data)  # type: ignore[return-value]


class Bare(Full):
    """As OpenSSH says it: just Failure; how much room there is has to be asked."""

    words = "Failure"

    def statvfs(self, path: bytes) -> Any:
        real = os.statvfs(path)
        return os.statvfs_result((*real[:2], real.f_blocks, 0, 0, *real[5:10]))


@pytest.fixture(params=[Full, Bare])
async def full(home: Path, request: pytest.FixtureRequest) -> AsyncIterator[tuple[Disk, type[Full]]]:
    kind: type[Full] = type("Kind", (request.param,), {})
    async with machines.machine(home, kind) as box:
        link = await box.link()
        yield await machines.disk_on(link), kind
        await link.close()


async def test_a_full_disk_is_told_with_what_is_kept_and_goes_on_later(
    full: tuple[Disk, type[Full]], home: Path
) -> None:
    disk, server = full
    content = os.urandom(900_000)
    parts, upload = Parts(), upload_to(home, len(content))
    error = await refused(receive(disk, parts, upload, 0, content))
    # The blocks behind the one that failed were written, and must not count.
    assert error.id == "remote:disk-full" and error.params["have"] == 0
    assert "kept" in error.problem.means
    assert (await standing(disk, upload)).have == 0
    server.room = 10**9
    assert (await receive(disk, parts, upload, 0, content)).done
    assert (home / "big").read_bytes() == content


async def test_open_files_do_not_pile_up(disk: Disk, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_module, "MOST_OPEN", 3)
    monkeypatch.setattr(parts_module, "IDLE_SECONDS", 0.2)
    parts = Parts()
    for number in range(10):
        await receive(disk, parts, upload_to(home, 10, name=b"f%d" % number), 0, b"12345")
        assert len(parts) <= 5
    await asyncio.sleep(0.5)
    assert len(parts) == 0
    assert (await receive(disk, parts, upload_to(home, 10, name=b"f0"), 5, b"67890")).done
    assert (home / "f0").read_bytes() == b"1234567890"
