"""Files and zips that people upload, as what seats unpack."""

import io
import tarfile
import zipfile

import pytest

from instances.workshops.runs import packing
from instances.workshops.runs.wanted import Refused

MOST = 1 << 20


def zipped(*members: tuple[str, bytes], modes: dict[str, int] | None = None) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = (modes or {}).get(name, 0o100644) << 16
            archive.writestr(info, content)
    out.seek(0)
    return out


def members(data: bytes) -> list[tuple[str, int, int]]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        return [(one.name, one.size, one.mode) for one in archive]


def test_one_file_comes_with_the_mark_that_says_it_is_whole() -> None:
    data = b"".join(packing.one_file("a b.txt", io.BytesIO(b"x" * 700), 700))
    assert members(data) == [("a b.txt", 700, 0o644), (packing.WHOLE, 0, 0o644)]


def test_a_zip_becomes_its_files_with_our_modes() -> None:
    archive = zipped(
        ("d/", b""), ("d/a.txt", b"1"), ("run.sh", b"22"), modes={"run.sh": 0o104755, "d/a.txt": 0}
    )
    assert packing.look(archive, MOST) == (2, 3)
    data = b"".join(packing.unzipped(archive))
    assert members(data) == [("d/a.txt", 1, 0o644), ("run.sh", 2, 0o755), (packing.WHOLE, 0, 0o644)]


@pytest.mark.parametrize(
    "archive",
    [
        io.BytesIO(b"not a zip"),
        io.BytesIO(b""),
        zipped(),
        zipped(("../../etc/cron.d/x", b"1")),
        zipped(("/etc/passwd", b"1")),
        zipped(("a\\..\\b", b"1")),
        zipped(("-rf", b"1")),
        zipped((".heliosphere-whole", b"1")),
        zipped(("link", b"/etc/passwd"), modes={"link": 0o120777}),
        zipped(("tty", b""), modes={"tty": 0o020666}),
        zipped(("A.txt", b"1"), ("a.txt", b"2")),
        zipped(("bomb", b"\0" * (MOST + 1))),
        zipped(*[(f"f{n}", b"") for n in range(packing.MOST_FILES + 1)]),
    ],
)
def test_a_zip_that_could_do_harm_is_refused(archive: io.BytesIO) -> None:
    with pytest.raises(Refused):
        packing.look(archive, MOST)


def test_a_zip_that_lies_about_its_sizes_gives_nothing_more() -> None:
    raw = bytearray(zipped(("a", b"x" * 1000)).getvalue())
    # The directory says one byte instead of a thousand.
    at = raw.rindex(b"PK\x01\x02") + 24
    raw[at : at + 4] = (1).to_bytes(4, "little")
    archive = io.BytesIO(bytes(raw))
    assert packing.look(archive, MOST) == (1, 1)
    with pytest.raises(Refused):
        list(packing.unzipped(archive))


def test_a_zip_whose_content_is_damaged_is_refused_in_the_middle() -> None:
    raw = bytearray(zipped(("a", bytes(range(256)) * 40)).getvalue())
    raw[60] ^= 0xFF
    with pytest.raises(Refused):
        list(packing.unzipped(io.BytesIO(bytes(raw))))


def test_a_file_that_became_shorter_is_refused() -> None:
    with pytest.raises(Refused):
        list(packing.one_file("a", io.BytesIO(b"12"), 3))


def test_a_locked_zip_is_refused() -> None:
    raw = bytearray(zipped(("a", b"1")).getvalue())
    at = raw.rindex(b"PK\x01\x02") + 8
    raw[at] |= 1
    with pytest.raises(Refused):
        packing.look(io.BytesIO(bytes(raw)), MOST)
