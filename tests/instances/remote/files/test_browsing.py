"""What is seen of a machine's folders, whatever its names are, and the small changes."""

import os
from pathlib import Path

import pytest

from instances.remote.files import browsing, paths
from instances.remote.files.browsing import fill, look, make_folder, make_folders, rename, set_mode
from instances.remote.files.disk import Disk
from instances.remote.files.entries import Entry, Order, Page, at_place, place_of
from portal.core.errors import PortalError
from tests.instances.remote.files.page import put_file

HOSTILE = [
    b"new\nline",
    b"\xff\xfe",
    "✨🧬".encode(),
    b"-rf",
    b"<img src=x onerror=alert(1)>",
    b"a%2Fb",
    b"..x",
    b" ",
    b"\x1b[2J",
]


def here(home: Path, *names: bytes) -> bytes:
    return paths.join(os.fsencode(home), *names)


async def names(disk: Disk, folder: bytes, **page: object) -> list[bytes]:
    return [entry.name for entry in await fill(disk, folder, Page(**page))]  # type: ignore[arg-type]


async def test_folders_come_first_and_numbers_count_as_numbers(disk: Disk, home: Path) -> None:
    for name in ("file10", "file9", "File1"):
        (home / name).write_text("x")
    (home / "zoo").mkdir()
    assert await names(disk, here(home)) == [b"zoo", b"File1", b"file9", b"file10"]


async def test_hidden_files_are_left_out_until_asked_for(disk: Disk, home: Path) -> None:
    (home / ".bashrc").write_text("x")
    page = Page()
    assert await fill(disk, here(home), page) == []
    assert (page.total, page.hidden_left_out) == (1, 1)
    assert await names(disk, here(home), hidden=True) == [b".bashrc"]


async def test_hostile_names_are_listed_as_they_are(disk: Disk, home: Path) -> None:
    for name in HOSTILE:
        put_file(home, name)
    assert set(await names(disk, here(home), hidden=True)) == set(HOSTILE)
    for name in HOSTILE:
        assert (await look(disk, here(home, paths.bytes_of(paths.text_of(name))))).name == name


async def test_what_is_known_of_a_file(disk: Disk, home: Path) -> None:
    file = home / "data.csv"
    file.write_bytes(b"12345")
    file.chmod(0o640)
    os.utime(file, (1_700_000_000, 1_700_000_000))
    [entry] = await fill(disk, here(home), Page())
    assert (entry.size, entry.rights, entry.octal, entry.changed) == (5, "-rw-r-----", "640", 1_700_000_000)
    assert entry.owner


async def test_links_say_where_they_lead(disk: Disk, home: Path) -> None:
    (home / "data").mkdir()
    (home / "to-data").symlink_to("data")
    (home / "nowhere").symlink_to("/not/there")
    found = {entry.name: entry for entry in await fill(disk, here(home), Page())}
    assert found[b"to-data"].is_folder and found[b"to-data"].target == b"data"
    assert found[b"nowhere"].leads_to is None and found[b"nowhere"].target == b"/not/there"


async def test_ten_thousand_files_are_paged_without_gap_or_repeat(disk: Disk, home: Path) -> None:
    for number in range(10_000):
        (home / f"f{number}").touch()
    seen: list[bytes] = []
    after: Entry | None = None
    pages = 0
    while True:
        page = Page(most=4000, after=after)
        shown = await fill(disk, here(home), page)
        seen += [entry.name for entry in shown]
        pages += 1
        assert page.total == 10_000
        if not page.more:
            break
        after = at_place(place_of(shown[-1]))
    assert seen == [f"f{number}".encode() for number in range(10_000)]
    assert pages == 3


@pytest.mark.parametrize("by", ["size", "-size", "changed", "-name"])
async def test_every_order_goes_through_all_pages(disk: Disk, home: Path, by: str) -> None:
    for number in range(25):
        file = home / f"f{number}"
        file.write_bytes(b"x" * (number % 4))
        os.utime(file, (1_700_000_000 + number % 3, 1_700_000_000 + number % 3))
    (home / "folder").mkdir()
    order = Order.of(by)
    whole = await names(disk, here(home), order=order)
    pieces: list[bytes] = []
    after = None
    while True:
        page = Page(order=order, most=4, after=after)
        shown = await fill(disk, here(home), page)
        pieces += [entry.name for entry in shown]
        if not page.more:
            break
        after = at_place(place_of(shown[-1]))
    assert pieces == whole and len(whole) == 26 and whole[0] == b"folder"


async def test_a_filter_finds_by_what_is_shown(disk: Disk, home: Path) -> None:
    for name in ("Reads.fastq", "reads.log", "other"):
        (home / name).touch()
    page = Page(words="READS")
    assert [entry.name for entry in await fill(disk, here(home), page)] == [b"Reads.fastq", b"reads.log"]
    assert (page.total, page.matched) == (3, 2)


async def test_a_machine_that_lists_names_no_folder_can_hold_is_not_believed(
    disk: Disk, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "good").touch()
    [real] = [entry async for entry in disk.sftp.scandir(here(home)) if entry.filename == b"good"]

    async def lies(folder: bytes) -> object:
        for name in (b"good", b"../../etc/passwd", b"/etc/passwd", b"..", b".", b"", b"a\0b"):
            real.filename = name
            yield real

    monkeypatch.setattr(disk.sftp, "scandir", lies)
    assert [entry.name async for entry in browsing.scan(disk, here(home))] == [b"good"]


async def refused(action: object) -> str:
    with pytest.raises(PortalError) as caught:
        await action  # type: ignore[misc]
    assert "{" not in caught.value.problem.what + caught.value.problem.todo
    return caught.value.id


async def test_a_folder_that_is_none(disk: Disk, home: Path) -> None:
    (home / "file").touch()
    assert await refused(fill(disk, here(home, b"gone"), Page())) == "remote:no-file"
    assert await refused(fill(disk, here(home, b"file"), Page())) == "remote:not-folder"


async def test_a_folder_is_made_once(disk: Disk, home: Path) -> None:
    await make_folder(disk, here(home, b"\xff new"))
    assert (home / os.fsdecode(b"\xff new")).is_dir()
    assert await refused(make_folder(disk, here(home, b"\xff new"))) == "remote:file-exists"
    await make_folder(disk, here(home, b"\xff new"), may_be_there=True)
    (home / "file").touch()
    assert await refused(make_folder(disk, here(home, b"file"), may_be_there=True)) == "remote:file-exists"


async def test_folders_below_each_other(disk: Disk, home: Path) -> None:
    (home / "a").mkdir()
    await make_folders(disk, here(home), here(home, b"a", b"b", b"c"))
    assert (home / "a/b/c").is_dir()
    await make_folders(disk, here(home), here(home))


async def test_renaming_never_replaces(disk: Disk, home: Path) -> None:
    (home / "one").write_text("1")
    (home / "two").write_text("2")
    assert await refused(rename(disk, here(home, b"one"), b"two")) == "remote:file-exists"
    assert (home / "two").read_text() == "2"
    await rename(disk, here(home, b"one"), b"-three \xff")
    assert (home / os.fsdecode(b"-three \xff")).exists() and not (home / "one").exists()
    assert await refused(rename(disk, here(home, b"one"), b"four")) == "remote:no-file"


async def test_renaming_a_file_to_a_link_that_leads_nowhere_leaves_the_link(disk: Disk, home: Path) -> None:
    (home / "one").write_text("1")
    (home / "link").symlink_to("/not/there")
    assert await refused(rename(disk, here(home, b"one"), b"link")) == "remote:file-exists"


async def test_permissions_change_and_special_bits_stay(disk: Disk, home: Path) -> None:
    (home / "d").mkdir()
    (home / "d").chmod(0o1755)
    await set_mode(disk, here(home, b"d"), 0o770)
    assert (home / "d").stat().st_mode & 0o7777 == 0o1770


async def test_permissions_of_a_link_are_not_changed_behind_it(disk: Disk, home: Path) -> None:
    (home / "real").touch()
    (home / "real").chmod(0o600)
    (home / "link").symlink_to("real")
    assert await refused(set_mode(disk, here(home, b"link"), 0o777)) == "remote:not-regular"
    assert (home / "real").stat().st_mode & 0o777 == 0o600


async def test_a_name_that_is_too_long_is_told(disk: Disk, home: Path) -> None:
    assert await refused(make_folder(disk, here(home, b"x" * 300))) == "remote:name-refused"
