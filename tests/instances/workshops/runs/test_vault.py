"""Sealed files: nothing of them is readable on the disk, and nothing damaged is taken for whole."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from instances.workshops.runs import vault
from instances.workshops.runs.models import Stored
from portal.core.errors import PortalError

pytestmark = pytest.mark.django_db
LONG = os.urandom(300_000) * 4


def kept(data: bytes = LONG) -> Stored:
    return vault.keep([data[at : at + 70_000] for at in range(0, len(data), 70_000)])


def read(stored: Stored | None) -> bytes:
    return b"".join(vault.content(stored))


def test_what_was_kept_comes_back() -> None:
    for data in (LONG, b"", b"short"):
        stored = kept(data)
        assert read(Stored.objects.get(pk=stored.pk)) == data
        assert stored.size_bytes == len(data)


def test_on_the_disk_it_is_sealed_and_nobody_elses() -> None:
    path = vault.path_of(kept(b"the answer is 42" * 10_000))
    assert b"answer" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize("damage", ["cut", "swapped", "doubled", "flipped", "torn"])
def test_damage_ends_the_reading(damage: str) -> None:
    stored = kept()
    path = vault.path_of(stored)
    found = lines(path)
    assert len(found) == 3
    changed = {
        "cut": found[:-1],
        "swapped": [found[1], found[0], found[2]],
        "doubled": [found[0], *found],
        "flipped": [found[0][:50] + b"AAAA" + found[0][54:], *found[1:]],
        "torn": [found[0], found[1][:100]],
    }[damage]
    path.write_bytes(b"".join(changed))
    with pytest.raises(PortalError) as refusal:
        read(stored)
    assert refusal.value.id == "workshops:file-damaged"


def test_what_broke_off_is_no_file_and_leaves_none(django_capture_on_commit_callbacks: object) -> None:
    def broken() -> Iterator[bytes]:
        yield LONG
        raise PortalError("workshops:put-cut")

    with pytest.raises(PortalError):
        vault.keep(broken())
    stored = Stored.objects.get()
    assert stored.removed_at is not None and not stored.sealed_key
    with pytest.raises(PortalError) as refusal:
        read(stored)
    assert refusal.value.id == "workshops:file-gone"


@pytest.mark.django_db(transaction=True)
def test_removed_it_is_gone_with_its_key_and_twice_is_once(work_dir: Path) -> None:
    stored = kept()
    vault.remove(stored)
    vault.remove(stored)
    assert not list(work_dir.rglob("*.sealed"))
    stored.refresh_from_db()
    assert stored.sealed_key == ""
    with pytest.raises(PortalError):
        read(stored)
    vault.remove(None)


def test_a_file_that_somebody_deleted_is_said_to_be_gone() -> None:
    stored = kept()
    vault.path_of(stored).unlink()
    with pytest.raises(PortalError) as refusal:
        vault.content(stored)
    assert refusal.value.id == "workshops:file-gone"


def test_files_of_others_are_none_of_ours(work_dir: Path) -> None:
    stored = kept()
    path = vault.path_of(stored)
    (path.parent / "notes.txt").touch()
    (path.parent / "not-a-uuid.sealed").touch()
    os.utime(path, (0, 0))
    assert [known for _, known in vault.files_before(1.0)] == [stored.pk]
    assert not list(vault.files_before(0.0))
