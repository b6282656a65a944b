"""A tar is cut between two files, whatever pieces it comes in."""

import io
import random
import tarfile

import pytest

from instances.workshops.runs.tar_walk import CLOSING, NotATar, Walk

LONG = "d" * 90 + "/" + "n" * 120 + ".txt"


def packed(*members: tuple[str, bytes], format: int = tarfile.GNU_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        folder = tarfile.TarInfo("./")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def names(data: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r|") as archive:
        return [member.name for member in archive]


def walked(walk: Walk, data: bytes, size: int) -> bytes:
    return b"".join(walk.feed(data[at : at + size]) for at in range(0, len(data), size)) + CLOSING


@pytest.mark.parametrize("size", [1, 7, 511, 512, 513, 100_000])
@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_all_of_it_passes_where_it_fits(size: int, format: int) -> None:
    data = packed(("a", b"x" * 1000), ("empty", b""), (LONG, b"y" * 512), ("z", b"1"), format=format)
    walk = Walk(1 << 20)
    assert names(walked(walk, data, size)) == [".", "a", "empty", LONG, "z"]
    assert (walk.files, walk.ended, walk.full) == (4, True, False)


@pytest.mark.parametrize("size", [1, 333, 100_000])
def test_what_does_not_fit_is_left_out_whole_with_all_after_it(size: int) -> None:
    data = packed(("a", b"x" * 1000), (LONG, b"y" * 5000), ("small", b"1"))
    walk = Walk(6 * 512)
    kept = walked(walk, data, size)
    assert names(kept) == [".", "a"]
    assert walk.full and len(kept) <= 6 * 512 + len(CLOSING)


def test_what_is_cut_is_never_larger_than_asked_for() -> None:
    data = packed(*[(f"f{n}", random.Random(n).randbytes(n * 37)) for n in range(60)])
    for most in range(512, len(data), 1999):
        walk = Walk(most)
        assert len(walked(walk, data, 4096)) <= most + len(CLOSING)
        assert walk.kept <= most


def test_a_stream_that_breaks_off_has_not_ended() -> None:
    data = packed(("a", b"x" * 5000))
    walk = Walk(1 << 20)
    walked(walk, data[:2000], 100)
    assert not walk.ended


@pytest.mark.parametrize("data", [b"\xff" * 512, b"<html>" * 100, b"a" * 511 + b"\0"])
def test_what_is_no_tar_is_refused(data: bytes) -> None:
    with pytest.raises(NotATar):
        Walk(1 << 20).feed(data)


def test_a_name_of_a_gigabyte_is_refused() -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1 << 30
    with pytest.raises(NotATar):
        Walk(1 << 40).feed(info.tobuf(tarfile.GNU_FORMAT))


def test_nothing_is_taken_after_the_end() -> None:
    walk = Walk(1 << 20)
    walk.feed(packed(("a", b"")))
    assert walk.feed(packed(("b", b""))) == b""
