"""The lists and dialogs of a page of files over OpenSSH's sshd, and everybody to whom they say no."""

import json
import os
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncClient, Client

from allocations.models import Membership
from instances.models import Instance
from instances.remote.files import views_browse
from instances.remote.files.entries import PAGE
from instances.remote.models import RemoteSession
from portal.accounts.models import User
from portal.core.models import AuditEvent
from tests.instances.remote.files.page import FilesPage, open_page, problem, put_file

HOSTILE = [
    b"<script>alert(1)",
    b'" onmouseover="x',
    b"\xff\xfe",
    b"a\nb",
    "‮gpj.exe".encode(),
    b"{{ 7*7 }}",
    b"100%41",
]
EVERY_GET = ("list", "content", "standing", "folder", "rename", "permissions", "preview")
EVERY_POST = ("discard", "folders", "archive", "folder", "rename", "permissions", "delete", "unlock")


@pytest.fixture
async def page(machine: Instance, member: User, home: Path) -> FilesPage:
    return await open_page(member, machine, home)


def names(home: Path) -> list[str]:
    return sorted(os.listdir(home))


async def test_the_page_leads_to_the_machine_and_asks_it_nothing(machine: Instance, member: User) -> None:
    client = Client()
    await sync_to_async(client.force_login)(member)
    answer = await sync_to_async(client.get)(f"/instances/{machine.pk}/files/?path=/etc")
    assert (
        answer.status_code == 200
        and f'data-open="/instances/{machine.pk}/remote/open/"' in answer.content.decode()
    )
    assert await RemoteSession.objects.acount() == 0


async def test_a_list_of_hostile_names_is_text_and_leads_back(page: FilesPage, home: Path) -> None:
    for name in HOSTILE:
        put_file(home, name, b"found " + name)
    answer = await page.get("list", path=page.path())
    text = answer.content.decode()
    assert answer.status_code == 200
    for bad in ("<script>alert", '" onmouseover="', "‮", "a\nb"):
        assert bad not in text
    for name in HOSTILE:
        shown = await page.get("preview", path=page.path(name))
        assert shown.status_code == 200, name
        assert "found" in shown.content.decode()


async def test_pages_of_a_folder(page: FilesPage, home: Path) -> None:
    for number in range(PAGE + 5):
        (home / f"f{number}").touch()
    first = (await page.get("list", path=page.path())).content.decode()
    assert first.count("<tr data-name=") == PAGE and f'data-total="{PAGE + 5}"' in first
    more = first.split('data-more="')[1].split('"')[0].replace("&amp;", "&")
    rest = await page.client.get(f"/remote/{page.session}/files/list/?{more}")
    assert rest.content.decode().count("<tr data-name=") == 5
    assert "<table" not in rest.content.decode()


async def test_home_is_shown_first_and_a_folder_that_is_gone_is_told(page: FilesPage) -> None:
    assert (await page.get("list", path="")).status_code == 200
    answer = await page.get("list", path=page.path(b"gone"))
    assert answer.status_code == 404 and problem(answer) == "remote:no-file"
    assert problem(await page.get("list", path="/a%00b")) == "remote:bad-path"


async def test_a_new_folder(page: FilesPage, home: Path) -> None:
    assert "New folder" in (await page.get("folder", folder=page.path())).content.decode()
    answer = await page.post("folder", folder=page.path(), name="100% new")
    assert answer.status_code == 204 and "files:changed" in answer["HX-Trigger"]
    assert names(home) == ["100% new"]
    again = await page.post("folder", folder=page.path(), name="100% new")
    assert again.status_code == 409 and "is there already" in again.content.decode()
    for name in ("../up", "", ".", "a/b"):
        refused = await page.post("folder", folder=page.path(), name=name)
        assert refused.status_code == 422 and "cannot be used" in refused.content.decode()
    assert names(home) == ["100% new"] and names(home.parent) == ["home"]


async def test_a_new_name(page: FilesPage, home: Path) -> None:
    (home / "old").write_text("x")
    (home / "taken").write_text("y")
    assert (await page.get("rename", path=page.path(b"old"))).status_code == 200
    assert (await page.post("rename", path=page.path(b"old"), name="taken")).status_code == 409
    assert (await page.post("rename", path=page.path(b"old"), name="../up")).status_code == 422
    assert (await page.post("rename", path=page.path(b"old"), name="-new <b>")).status_code == 204
    assert names(home) == ["-new <b>", "taken"] and (home / "taken").read_text() == "y"


async def test_a_name_that_is_no_text_stays_when_it_is_not_touched(page: FilesPage, home: Path) -> None:
    put_file(home, b"\xff")
    assert (await page.post("rename", path=page.path(b"\xff"), name="�")).status_code == 204
    assert [os.fsencode(name) for name in names(home)] == [b"\xff"]


async def test_permissions_by_boxes(page: FilesPage, home: Path) -> None:
    (home / "f").touch()
    (home / "f").chmod(0o640)
    text = (await page.get("permissions", path=page.path(b"f"))).content.decode()
    assert text.count(" checked") == 3 and ">640<" in text
    fields = {"owner-4": "on", "owner-2": "on", "owner-1": "on", "group-1": "on"}
    assert (await page.post("permissions", path=page.path(b"f"), **fields)).status_code == 204
    assert (home / "f").stat().st_mode & 0o777 == 0o710


async def test_deleting_says_what_goes_and_then_it_goes(page: FilesPage, home: Path, member: User) -> None:
    (home / "d/sub").mkdir(parents=True)
    (home / "d/sub/x").write_bytes(bytes(2048))
    (home / "keep").touch()
    asked = await page.post("delete", folder=page.path(), names="d")
    text = asked.content.decode()
    assert "Delete 3 things" in text and "2.0\xa0KB" in text and (home / "d").exists()
    done = await page.post("delete", folder=page.path(), names="d", sure="1")
    assert done.status_code == 204 and names(home) == ["keep"]
    event = await AuditEvent.objects.aget(action="remote.files-deleted")
    assert (event.actor_id, event.detail["count"]) == (str(member.pk), 3)
    assert "sub" not in json.dumps(event.detail), "names of files are people's own"


async def test_a_long_deletion_goes_on_by_itself(
    page: FilesPage, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views_browse, "_DELETE_SECONDS", -1.0)
    (home / "d").mkdir()
    (home / "d/x").touch()
    answer = await page.post("delete", folder=page.path(), names="d", sure="1", gone="41")
    text = answer.content.decode()
    assert answer.status_code == 200 and 'hx-trigger="load' in text and 'name="gone" value="41"' in text
    monkeypatch.setattr(views_browse, "_DELETE_SECONDS", 5.0)
    answer = await page.post("delete", folder=page.path(), names="d", sure="1", gone="41")
    assert answer.status_code == 204 and "43 things" in answer["HX-Trigger"]


async def test_the_home_folder_and_what_holds_it_are_not_deleted(page: FilesPage) -> None:
    login_home = Path.home()
    for folder, name in ((login_home.parent, login_home.name), (Path("/"), login_home.parts[1])):
        answer = await page.post("delete", folder=str(folder), names=name, sure="1")
        assert answer.status_code == 422 and "home folder" in answer.content.decode()
    for bad in ("..", "/", "a/../..", ""):
        assert (await page.post("delete", folder=page.path(), names=bad, sure="1")).status_code == 422


async def test_previews_are_text_or_raster_or_nothing(page: FilesPage, home: Path) -> None:
    (home / "t").write_bytes(b"<b>hi</b>\n" * 40_000)
    (home / "p").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    (home / "b").write_bytes(bytes(range(256)))
    text = (await page.get("preview", path=page.path(b"t"))).content.decode()
    assert (
        "&lt;b&gt;hi" in text and "<b>hi" not in text and "Only the beginning" in text and len(text) < 900_000
    )
    assert "inline=1" in (await page.get("preview", path=page.path(b"p"))).content.decode()
    assert "No preview" in (await page.get("preview", path=page.path(b"b"))).content.decode()


@pytest.mark.parametrize("role", ["pi", "colleague", "stranger", "operator", None])
async def test_a_session_is_its_persons_own(
    page: FilesPage, role: str | None, request: pytest.FixtureRequest, home: Path
) -> None:
    (home / "f").touch()
    other = AsyncClient()
    if role is not None:
        await other.aforce_login(await sync_to_async(request.getfixturevalue)(role))
    for name in EVERY_GET:
        answer = await other.get(page.url(name, path=page.path(b"f"), folder=page.path()))
        assert answer.status_code in ({404} if role else {302, 401}), (name, answer.status_code)
    for name in EVERY_POST:
        answer = await other.post(
            page.url(name), {"folder": page.path(), "names": "f", "sure": "1", "path": page.path(b"f")}
        )
        assert answer.status_code in ({404} if role else {302, 401}), (name, answer.status_code)
    put = await other.put(
        page.url("content", folder=page.path(), name="x", offset=0, total=1, upload="0" * 16), b"x"
    )
    assert put.status_code in {401, 404} and names(home) == ["f"]


async def test_the_same_person_signed_in_elsewhere_has_sessions_of_their_own(
    page: FilesPage, member: User
) -> None:
    elsewhere = AsyncClient()
    await elsewhere.aforce_login(member)
    assert (await elsewhere.get(page.url("list", path=page.path()))).status_code == 404


async def test_an_ended_session_is_over_for_everything(page: FilesPage, home: Path) -> None:
    assert (await page.get("list", path=page.path())).status_code == 200
    await page.client.post(f"/remote/{page.session}/end/", headers={"Accept": "application/json"})
    from tests.instances.remote.pages import eventually

    assert await eventually(lambda: RemoteSession.objects.get(pk=page.session).ended_at)
    for _ in range(60):
        answer = await page.get("list", path=page.path())
        if answer.status_code != 200:
            break
    assert problem(answer) == "remote:over"
    assert problem(await page.put(b"x", name="late")) == "remote:over" and names(home) == []


async def test_who_lost_the_right_gets_nothing_more(page: FilesPage, member: User, home: Path) -> None:
    assert (await page.get("list", path=page.path())).status_code == 200
    await Membership.objects.filter(user=member).aupdate(role=Membership.Role.READER)
    from instances.remote import attending

    for found in attending._attended().values():
        found.looked = 0
    assert problem(await page.get("list", path=page.path())) == "portal:forbidden"


async def test_nothing_is_changed_without_the_csrf_token(page: FilesPage, member: User, home: Path) -> None:
    (home / "f").touch()
    strict = AsyncClient(enforce_csrf_checks=True)
    strict.cookies = page.client.cookies
    for name in EVERY_POST:
        answer = await strict.post(
            page.url(name),
            {"folder": page.path(), "names": "f", "sure": "1", "name": "x", "path": page.path(b"f")},
        )
        assert answer.status_code == 403, name
    put = await strict.put(
        page.url("content", folder=page.path(), name="x", offset=0, total=1, upload="0" * 16), b"x"
    )
    assert put.status_code == 403 and names(home) == ["f"]


async def test_other_methods_mean_nothing(page: FilesPage) -> None:
    for name in ("list", "standing", "preview"):
        assert (await page.client.post(page.url(name))).status_code == 405
    for name in ("discard", "folders", "archive", "delete", "unlock"):
        assert (await page.client.get(page.url(name))).status_code == 405
    assert (await page.client.delete(page.url("content"))).status_code == 405


@pytest.mark.parametrize("role", ["reader", "stranger", "colleague", "former_member"])
async def test_who_may_not_connect_sees_no_page(
    machine: Instance, role: str, request: pytest.FixtureRequest
) -> None:
    client = AsyncClient()
    await client.aforce_login(await sync_to_async(request.getfixturevalue)(role))
    assert (await client.get(f"/instances/{machine.pk}/files/")).status_code in {403, 404}
    assert (await client.post(f"/instances/{machine.pk}/remote/open/", {"kind": "files"})).status_code in {
        403,
        404,
    }
