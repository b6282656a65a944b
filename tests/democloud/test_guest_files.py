"""Files of a guest: who may do what, where names lead, and when the disk is full."""

from __future__ import annotations

import errno

import pytest

from portal.democloud import guest_users
from portal.democloud.guest_disk import SMALL_DISK
from portal.democloud.guest_files import Files
from portal.democloud.guest_node import ROOT, Who
from portal.democloud.guest_oddities import odd_names
from tests.democloud.guest_disks import host

ANA = Who("ana", 1007, frozenset({1007}), "/home/ana")


@pytest.fixture
def files() -> Files:
    made = host().files
    made.folders("/home/ana", mode=0o700, owner=ANA)
    return made


def refused(number: int, caught: pytest.ExceptionInfo[OSError]) -> bool:
    return caught.value.errno == number


def write(files: Files, path: str, data: bytes, who: Who = ROOT) -> None:
    node = files.open(path, who, read=False, write=True, create=True, truncate=True)
    files.write(path, node, 0, data)


def read(files: Files, path: str, who: Who = ROOT) -> bytes:
    node = files.open(path, who)
    assert node.content is not None
    return node.content.read(0, node.size)


def test_what_is_written_is_read_by_its_owner_and_root_and_not_by_others(files: Files) -> None:
    write(files, "/home/ana/x", b"mine", ANA)
    files.chmod("/home/ana/x", 0o600, ANA)
    assert read(files, "/home/ana/x", ANA) == read(files, "/home/ana/x") == b"mine"
    other = Who("bob", 1008, frozenset({1008}))
    for attempt in (
        lambda: read(files, "/home/ana/x", other),
        lambda: files.listing("/home/ana", other),
        lambda: files.chmod("/etc/passwd", 0o777, ANA),
        lambda: write(files, "/etc/evil", b"", ANA),
        lambda: files.remove("/etc/passwd", ANA),
        lambda: files.rename("/etc/passwd", "/home/ana/p", ANA),
        lambda: files.chown("/home/ana/x", 0, 0, ANA),
        lambda: files.listing("/srv/locked", ANA),
        lambda: read(files, "/srv/locked/secret.txt", ANA),
    ):
        with pytest.raises(PermissionError):
            attempt()


def test_in_a_sticky_folder_nobody_removes_what_others_put_there(files: Files) -> None:
    write(files, "/tmp/theirs", b"")
    with pytest.raises(PermissionError):
        files.remove("/tmp/theirs", ANA)
    write(files, "/tmp/own", b"", ANA)
    files.remove("/tmp/own", ANA)


@pytest.mark.parametrize(
    ("path", "real"),
    [
        ("/home/ana/../../etc/passwd", "/etc/passwd"),
        ("/../../..", "/"),
        ("//etc///hostname", "/etc/hostname"),
        ("/home/ana/./new", "/home/ana/new"),
        ("/home/ana/toetc/passwd", "/etc/passwd"),
        ("/home/ana/toetc/..", "/"),
    ],
)
def test_names_lead_where_linux_leads_them(files: Files, path: str, real: str) -> None:
    files.symlink("../../etc", "/home/ana/toetc", ANA)
    assert files.real(path) == real


def test_links_in_a_circle_end(files: Files) -> None:
    files.symlink("b", "/tmp/a")
    files.symlink("a", "/tmp/b")
    with pytest.raises(OSError, match="symbolic links") as caught:
        files.find("/tmp/a")
    assert refused(errno.ELOOP, caught)


def test_a_link_into_nowhere_can_be_read_as_a_link_and_written_through(files: Files) -> None:
    files.symlink("/home/ana/later", "/tmp/l")
    assert files.find("/tmp/l", follow=False).target == "/home/ana/later"
    with pytest.raises(FileNotFoundError):
        files.find("/tmp/l")
    write(files, "/tmp/l", b"now")
    assert read(files, "/home/ana/later") == b"now"


@pytest.mark.parametrize(
    ("attempt", "number"),
    [
        (lambda f: f.mkdir("/tmp"), errno.EEXIST),
        (lambda f: f.mkdir("/no/where"), errno.ENOENT),
        (lambda f: f.mkdir("/etc/passwd/x"), errno.ENOTDIR),
        (lambda f: f.rmdir("/etc"), errno.ENOTEMPTY),
        (lambda f: f.rmdir("/etc/passwd"), errno.ENOTDIR),
        (lambda f: f.remove("/etc"), errno.EISDIR),
        (lambda f: f.remove("/none"), errno.ENOENT),
        (lambda f: f.rmdir("/"), errno.EBUSY),
        (lambda f: f.rmdir("/mnt/small"), errno.EBUSY),
        (lambda f: f.rename("/etc", "/etc/inside"), errno.EINVAL),
        (lambda f: f.rename("/etc/passwd", "/mnt/small/p"), errno.EXDEV),
        (lambda f: f.rename("/etc/passwd", "/home"), errno.EISDIR),
        (lambda f: f.rename("/etc/passwd", "/etc/group", replace=False), errno.EEXIST),
        (lambda f: f.mkdir("/tmp/" + "x" * 256), errno.ENAMETOOLONG),
        (lambda f: f.open("/tmp", write=True), errno.EISDIR),
        (lambda f: f.open("/etc/passwd", create=True, new=True), errno.EEXIST),
    ],
)
def test_mistakes_have_the_number_that_linux_gives(files: Files, attempt: object, number: int) -> None:
    assert callable(attempt)
    with pytest.raises(OSError, match=r".+") as caught:
        attempt(files)
    assert refused(number, caught)


def test_a_full_disk_says_so_and_room_comes_back(files: Files) -> None:
    write(files, "/mnt/small/a", b"x" * (SMALL_DISK - 100))
    with pytest.raises(OSError, match="No space left"):
        write(files, "/mnt/small/b", b"y" * 101)
    write(files, "/mnt/small/a", b"")
    write(files, "/mnt/small/b", b"y" * 101)
    files.remove("/mnt/small/b")
    write(files, "/mnt/small/c", b"z" * SMALL_DISK)


def test_writing_counts_in_what_the_machine_measures() -> None:
    machine = host(disk_gb=40)
    before = machine.load.disk_used_gb
    node = machine.files.open("/tmp/big", write=True, create=True)
    machine.files.reserve("/tmp/big", node, 2 << 30)
    assert machine.load.disk_used_gb == pytest.approx(before + 2, abs=0.01)
    assert node.size == 2 << 30
    with pytest.raises(OSError, match="No space left"):
        machine.files.reserve("/tmp/big", node, 60 << 30)
    machine.files.remove("/tmp/big")
    assert machine.load.disk_used_gb == pytest.approx(before, abs=0.01)


def test_a_disk_that_is_set_full_takes_nothing_more_but_can_be_read() -> None:
    machine = host()
    machine.full = False
    write(machine.files, "/tmp/a", b"before")
    machine.full = True
    with pytest.raises(OSError, match="No space left"):
        write(machine.files, "/tmp/b", b"after")
    assert read(machine.files, "/tmp/a") == b"before"


def test_every_odd_name_is_there_as_it_is(files: Files) -> None:
    assert set(files.listing("/home/exouser/names")) == set(odd_names())


def test_ten_thousand_files_are_made_only_when_somebody_looks(files: Files) -> None:
    assert files.find("/opt/many").fill is not None
    assert len(files.listing("/opt/many", ANA)) == 10_000
    assert read(files, "/opt/many/sample-00042.csv", ANA) == b"t,value\n42,0.5\n"


def test_accounts_are_those_of_the_passwd_file(files: Files) -> None:
    made = guest_users.add_user(files, "carla", groups=("sudo",))
    assert (made.uid, made.may_sudo, made.home) == (1002, True, "/home/carla")
    assert guest_users.add_user(files, "carla") == made
    assert guest_users.name_of(files, made.uid) == "carla"
    assert not guest_users.join(files, "carla", "nosuch")
    guest_users.drop_user(files, "carla")
    assert guest_users.account(files, "carla") is None
    assert files.is_dir("/home/carla"), "userdel leaves the home where it is"


def test_a_small_number_of_files_too_many_is_refused(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.democloud.guest_files.MOST_NODES", files._nodes)
    with pytest.raises(OSError, match="No space left"):
        write(files, "/tmp/one-more", b"")
