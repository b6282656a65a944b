"""Downloading and uploading through the portal, on OpenSSH's sshd: ranges, names, pieces, and what is refused."""

import asyncio
import io
import os
import tarfile
import zipfile
from pathlib import Path
from urllib.parse import unquote

import pytest

from instances.models import Instance
from instances.remote.files import here as here_module
from instances.remote.files.uploading import PIECE
from instances.remote.models import RemoteSession
from portal.accounts.models import User
from tests.instances.remote.files.page import FilesPage, body, open_page, problem, put_file
from tests.instances.remote.pages import eventually


@pytest.fixture
async def page(machine: Instance, member: User, home: Path) -> FilesPage:
    return await open_page(member, machine, home)


async def test_a_file_arrives_whole_and_harmless(page: FilesPage, home: Path) -> None:
    content = os.urandom(3_000_000)
    (home / "evil.html").write_bytes(content)
    answer = await page.get("content", path=page.path(b"evil.html"), headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200 and await body(answer) == content
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Length"] == "3000000" and answer["Content-Encoding"] == "identity"
    assert answer["Content-Disposition"] == 'attachment; filename="evil.html"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox")
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize(
    ("asked", "span"),
    [("bytes=10-19", (10, 20)), ("bytes=999990-", (999_990, 1_000_000)), ("bytes=-5", (999_995, 1_000_000))],
)
async def test_a_range_is_served(page: FilesPage, home: Path, asked: str, span: tuple[int, int]) -> None:
    content = os.urandom(1_000_000)
    (home / "data").write_bytes(content)
    answer = await page.get("content", path=page.path(b"data"), headers={"Range": asked})
    assert answer.status_code == 206 and await body(answer) == content[slice(*span)]
    assert answer["Content-Range"] == f"bytes {span[0]}-{span[1] - 1}/1000000"
    assert answer["Content-Length"] == str(span[1] - span[0])


async def test_a_range_behind_the_end_is_refused(page: FilesPage, home: Path) -> None:
    (home / "data").write_bytes(b"123")
    answer = await page.get("content", path=page.path(b"data"), headers={"Range": "bytes=3-"})
    assert answer.status_code == 416 and answer["Content-Range"] == "bytes */3"


async def test_going_on_with_a_changed_file_sends_all_of_it(page: FilesPage, home: Path) -> None:
    (home / "data").write_bytes(b"old content")
    first = await page.get("content", path=page.path(b"data"))
    await body(first)
    same = await page.get(
        "content", path=page.path(b"data"), headers={"Range": "bytes=4-", "If-Range": first["ETag"]}
    )
    assert same.status_code == 206 and await body(same) == b"content"
    (home / "data").write_bytes(b"new and longer")
    other = await page.get(
        "content", path=page.path(b"data"), headers={"Range": "bytes=4-", "If-Range": first["ETag"]}
    )
    assert other.status_code == 200 and await body(other) == b"new and longer"


async def test_a_look_at_the_head_reads_nothing(page: FilesPage, home: Path) -> None:
    (home / "data").write_bytes(b"12345")
    answer = await page.client.head(page.url("content", path=page.path(b"data")))
    assert answer.status_code == 200 and answer["Content-Length"] == "5" and answer.content == b""
    assert answer["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    "name",
    [b'a"b\\c.txt', b"new\nline\r\nSet-Cookie: x=1", b"\xff\xfe", "ünï✨.txt".encode(), b"..x", b"<b>"],
)
async def test_any_name_makes_a_header_that_says_one_thing(page: FilesPage, home: Path, name: bytes) -> None:
    put_file(home, name)
    answer = await page.get("content", path=page.path(name))
    assert await body(answer) == b"x"
    said = answer["Content-Disposition"]
    assert said.startswith("attachment; filename") and "\n" not in said and "\r" not in said
    assert "/" not in unquote(said.partition("=")[2]) and "Set-Cookie" not in answer.headers


async def test_empty_files_and_those_that_only_say_so(page: FilesPage, home: Path) -> None:
    (home / "empty").touch()
    assert await body(await page.get("content", path=page.path(b"empty"))) == b""
    answer = await page.get("content", path="/proc/self/status")
    assert "Content-Length" not in answer.headers and b"Name:" in await body(answer)


async def test_what_is_no_file_is_told(page: FilesPage, home: Path) -> None:
    (home / "folder").mkdir()
    os.mkfifo(home / "pipe")
    assert problem(await page.get("content", path=page.path(b"folder"))) == "remote:is-folder"
    assert problem(await page.get("content", path=page.path(b"pipe"))) == "remote:not-regular"
    gone = await page.get("content", path=page.path(b"gone"))
    assert gone.status_code == 404 and problem(gone) == "remote:no-file"
    assert (await page.get("content", path=page.path(b"folder"), check=1)).status_code == 409


async def test_a_check_opens_the_file_and_sends_nothing(page: FilesPage, home: Path) -> None:
    (home / "data").write_bytes(b"123")
    answer = await page.get("content", path=page.path(b"data"), check=1)
    assert (answer.status_code, answer.content) == (204, b"")


async def test_only_raster_images_are_shown_in_place(page: FilesPage, home: Path) -> None:
    png = b"\x89PNG\r\n\x1a\n" + bytes(100)
    for name, data in {"real.txt": png, "fake.png": b"<script>", "a.svg": b"<svg onload=alert(1)>"}.items():
        (home / name).write_bytes(data)
    image = await page.get("content", path=page.path(b"real.txt"), inline=1)
    assert await body(image) == png
    assert (image["Content-Type"], image["Content-Disposition"].split(";")[0]) == ("image/png", "inline")
    assert image["X-Content-Type-Options"] == "nosniff" and "sandbox" in image["Content-Security-Policy"]
    for fake in (b"fake.png", b"a.svg"):
        other = await page.get("content", path=page.path(fake), inline=1)
        await body(other)
        assert other["Content-Type"] == "application/octet-stream"
        assert other["Content-Disposition"].startswith("attachment")


async def test_bytes_are_counted_on_the_session(page: FilesPage, home: Path) -> None:
    (home / "data").write_bytes(bytes(70_000))
    await body(await page.get("content", path=page.path(b"data")))
    await page.put(bytes(30_000), name="up")
    assert (
        await page.client.post(f"/remote/{page.session}/end/", headers={"Accept": "application/json"})
    ).status_code == 204

    def counted() -> bool:
        row = RemoteSession.objects.get(pk=page.session)
        return (row.bytes_out, row.bytes_in) == (70_000, 30_000)

    assert await eventually(counted)


async def test_more_transfers_than_fit_wait(
    page: FilesPage, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(here_module, "MOST_TRANSFERS", 1)
    (home / "data").write_bytes(bytes(1000))
    first = await page.get("content", path=page.path(b"data"))
    second = await page.get("content", path=page.path(b"data"))
    assert second.status_code == 429 and second["Retry-After"] == "2"
    assert problem(second) == "remote:too-many-transfers"
    await body(first)
    assert await body(await page.get("content", path=page.path(b"data"))) == bytes(1000)


async def test_an_answer_that_nobody_reads_gives_its_place_back(
    page: FilesPage, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(here_module, "MOST_TRANSFERS", 1)
    (home / "data").write_bytes(bytes(1000))
    unread = await page.get("content", path=page.path(b"data"))
    await asyncio.to_thread(unread.close)
    await asyncio.sleep(0.2)
    assert (await page.get("content", path=page.path(b"data"))).status_code == 200


async def test_an_upload_in_one_piece(page: FilesPage, home: Path) -> None:
    answer = await page.put(b"hello", name="sub/deep/a.txt")
    assert answer.json() == {"have": 5, "done": True}
    assert (home / "sub/deep/a.txt").read_bytes() == b"hello"


async def test_an_upload_in_pieces_that_arrive_in_any_order(page: FilesPage, home: Path) -> None:
    content = os.urandom(4 * PIECE + 12_345)
    pieces = [(at, content[at : at + PIECE]) for at in range(0, len(content), PIECE)]
    order = [pieces[place] for place in (2, 0, 1, 4, 3)]
    answers = await asyncio.gather(
        *(page.put(data, name="big", offset=at, total=len(content)) for at, data in order)
    )
    assert [answer.status_code for answer in answers] == [200] * 5
    assert [answer.json()["done"] for answer in answers].count(True) == 1
    assert (home / "big").read_bytes() == content and os.listdir(home) == ["big"]


async def test_an_upload_goes_on_where_it_stopped(
    page: FilesPage, machine: Instance, member: User, home: Path
) -> None:
    content = os.urandom(2 * PIECE)
    await page.put(content[:PIECE], name="big", total=len(content))
    assert (await page.standing("big", len(content)))["have"] == PIECE
    # Another page, another session, another link.
    again = await open_page(member, machine, home)
    assert (await again.standing("big", len(content)))["have"] == PIECE
    assert (await again.put(content[PIECE:], name="big", offset=PIECE, total=len(content))).json()["done"]
    assert (home / "big").read_bytes() == content


async def test_what_is_there_is_replaced_only_as_agreed(page: FilesPage, home: Path) -> None:
    (home / "data").write_bytes(b"precious")
    (home / "data").chmod(0o600)
    refused = await page.put(b"new", name="data")
    assert refused.status_code == 409 and problem(refused) == "remote:file-exists"
    there = (await page.standing("data", 3))["there"]
    assert (there["kind"], there["size"]) == ("file", 8)
    (home / "data").write_bytes(b"more precious")
    late = await page.put(b"new", name="data", replaces=there["tag"])
    assert problem(late) == "remote:file-changed" and (home / "data").read_bytes() == b"more precious"
    there = (await page.standing("data", 3))["there"]
    assert (await page.put(b"new", name="data", replaces=there["tag"])).json()["done"]
    assert (home / "data").read_bytes() == b"new" and (home / "data").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "name", ["../up", "/etc/passwd", "a/../../b", "a//b", ".", "..", "", "a/%00b", "x" * 256]
)
async def test_names_that_lead_elsewhere_are_refused(page: FilesPage, home: Path, name: str) -> None:
    answer = await page.put(b"x", name=name)
    assert answer.status_code == 422 and problem(answer) == "remote:bad-path"
    assert (await page.client.post(page.url("folders", folder=page.path(), name=name))).status_code == 422
    assert os.listdir(home) == [] and os.listdir(home.parent) == ["home"]


@pytest.mark.parametrize(
    "query",
    [{"offset": 5}, {"offset": -1}, {"offset": "x"}, {"total": "1e3"}, {"upload": "../../x"}, {"total": 0}],
)
async def test_pieces_that_make_no_sense_are_refused(
    page: FilesPage, home: Path, query: dict[str, object]
) -> None:
    answer = await page.put(b"abc", name="f", **query)  # type: ignore[arg-type]
    assert answer.status_code in {400, 422} and os.listdir(home) == []


async def test_a_piece_larger_than_agreed_is_refused(page: FilesPage, home: Path) -> None:
    answer = await page.put(bytes(PIECE + 1), name="f")
    assert (
        answer.status_code == 413 and problem(answer) == "remote:piece-too-large" and os.listdir(home) == []
    )


async def test_an_upload_given_up_leaves_nothing(page: FilesPage, home: Path) -> None:
    await page.put(bytes(PIECE), name="big", total=2 * PIECE)
    assert len(os.listdir(home)) == 1
    query = {"folder": page.path(), "name": "big", "upload": "0123456789abcdef", "total": 2 * PIECE}
    assert (await page.client.post(page.url("discard", **query))).status_code == 204
    assert os.listdir(home) == []
    assert (await page.client.post(page.url("discard", **query))).status_code == 204


async def test_empty_folders_of_an_upload_are_made(page: FilesPage, home: Path) -> None:
    assert (await page.client.post(page.url("folders", folder=page.path(), name="a/b/c"))).status_code == 204
    assert (home / "a/b/c").is_dir()


async def test_names_as_one_archive(page: FilesPage, home: Path) -> None:
    (home / "d/sub").mkdir(parents=True)
    (home / "d/sub/x.txt").write_bytes(b"x" * 100_000)
    (home / "y.txt").write_bytes(b"y")
    fields = {"folder": page.path(), "names": "d\ny.txt"}
    checked = await page.client.post(page.url("archive"), {**fields, "check": "1"})
    assert checked.status_code == 204
    answer = await page.client.post(page.url("archive"), {**fields, "form": "tar.gz"})
    assert answer["Content-Type"] == "application/gzip" and answer["Content-Encoding"] == "identity"
    with tarfile.open(fileobj=io.BytesIO(await body(answer))) as tar:
        assert tar.getnames() == ["d", "d/sub", "d/sub/x.txt", "y.txt"]
    answer = await page.client.post(page.url("archive"), {**fields, "names": "d", "form": "zip"})
    assert answer["Content-Disposition"] == 'attachment; filename="d.zip"'
    with zipfile.ZipFile(io.BytesIO(await body(answer))) as packed:
        assert packed.testzip() is None and packed.read("d/sub/x.txt") == b"x" * 100_000


async def test_archives_of_names_elsewhere_are_refused(page: FilesPage) -> None:
    for names in ("../etc", "/etc", "", "a/b"):
        answer = await page.client.post(page.url("archive"), {"folder": page.path(), "names": names})
        assert answer.status_code == 422, names
    many = "\n".join(f"n{number}" for number in range(1001))
    answer = await page.client.post(page.url("archive"), {"folder": page.path(), "names": many})
    assert problem(answer) == "remote:too-many-names"
