"""Files of a machine in the browser, on the demo cloud: there and back, what is taken, what breaks, and small screens."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.files_page import SECONDS, Files
from tests.browser.journey import Journey
from tests.browser.running import Demo

MB = 1024 * 1024


@pytest.fixture(scope="module")
def machine(demo: Demo, browser: Browser) -> str:
    """One of alice's that takes the portal's certificates."""
    context = browser.new_context()
    context.set_default_timeout(60_000)
    journey = Journey(context.new_page(), demo.url, longest=240)
    journey.sign_in("alice")
    journey.launch("bio220047-iu", "m3.small", "files-node")
    journey.until_state("ready", "Ready")
    found = journey.page.url.split("/instances/")[1].split("/")[0]
    context.close()
    return found


@pytest.fixture
def files(
    page: Page, demo: Demo, machine: str, sign_in: Callable[[Page, str], None], request: pytest.FixtureRequest
) -> Files:
    """The page, in a folder that no other test has."""
    sign_in(page, "alice")
    made = Files(page, demo.url, machine)
    made.open()
    name = f"of {request.node.name}"[:60]
    made.new_folder(name)
    made.into(name)
    return made


def test_files_go_there_and_come_back(files: Files, tmp_path: Path, complaints: list[str]) -> None:
    content = os.urandom(3 * MB + 17)
    for name, data in {"big.bin": content, "notes.txt": b"<b>hello</b>", "größe ✨ 100%.csv": b"1,2"}.items():
        (tmp_path / name).write_bytes(data)
    files.upload(*sorted(tmp_path.iterdir()))
    files.uploaded(3)
    files.close_tray()
    assert sorted(offset for name, offset in files.pieces if name == "big.bin") == [0, MB, 2 * MB, 3 * MB]
    expect(files.row("größe ✨ 100%.csv")).to_be_visible()
    assert files.download("big.bin") == content
    files.row("notes.txt").locator("a").click()
    expect(files.dialog().locator("pre")).to_have_text("<b>hello</b>")
    files.page.keyboard.press("Escape")
    files.page.reload()
    files.settled()
    expect(files.row("big.bin")).to_be_visible()
    assert complaints == []


def test_a_folder_is_uploaded_with_all_that_is_in_it_and_taken_as_an_archive(
    files: Files, tmp_path: Path
) -> None:
    (tmp_path / "run/raw").mkdir(parents=True)
    for number in range(12):
        (tmp_path / f"run/raw/{number}.txt").write_text(str(number))
    (tmp_path / "run/readme.md").write_text("read me")
    files.page.locator('[data-part="pick-folder"]').set_input_files(tmp_path / "run")
    files.uploaded(13)
    files.close_tray()
    with files.page.expect_download() as waiting:
        files.act("run", "Download as zip")
    assert waiting.value.suggested_filename == "run.zip"
    files.into("run")
    expect(files.row("readme.md")).to_be_visible()
    files.into("raw")
    expect(files.row("11.txt")).to_be_visible()
    files.page.go_back()
    expect(files.row("readme.md")).to_be_visible()


def test_what_is_dropped_is_uploaded_onto_a_folders_row_into_it(files: Files) -> None:
    files.new_folder("inner")
    made = "([name]) => { const all = new DataTransfer(); all.items.add(new File(['dropped'], name)); return all; }"
    for name, onto in (("here.txt", "#files"), ("there.txt", 'tr[data-kind="folder"]')):
        given = {"dataTransfer": files.page.evaluate_handle(made, [name])}
        files.page.dispatch_event(onto, "dragenter", given)
        expect(files.page.locator('[data-part="drop"]')).to_be_visible()
        files.page.dispatch_event(onto, "drop", given)
        expect(files.page.locator('[data-part="drop"]')).to_be_hidden()
    files.uploaded(2)
    files.close_tray()
    expect(files.row("here.txt")).to_be_visible()
    files.into("inner")
    expect(files.row("there.txt")).to_be_visible()


def test_a_name_that_is_taken_is_asked_about_once_for_all(files: Files, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        (tmp_path / name).write_text("old")
    files.upload(*sorted(tmp_path.iterdir()))
    files.uploaded(3)
    files.close_tray()
    for name in ("a.txt", "b.txt", "c.txt"):
        (tmp_path / name).write_text("new one")
    files.upload(*sorted(tmp_path.iterdir()))
    question = files.page.locator("dialog[open]")
    expect(question).to_contain_text("is there already")
    question.get_by_label("Do the same with all others").check()
    question.get_by_role("button", name="Keep both").click()
    files.uploaded(3)
    files.close_tray()
    expect(files.row("b (2).txt")).to_be_visible()
    assert files.download("b.txt") == b"old" and files.download("b (2).txt") == b"new one"


def test_an_upload_that_broke_off_goes_on_after_a_reload(files: Files, tmp_path: Path) -> None:
    content = os.urandom(6 * MB)
    (tmp_path / "long.bin").write_bytes(content)

    def broken(route: Route) -> None:
        if route.request.method == "PUT" and f"offset={3 * MB}" in route.request.url:
            route.abort()
        else:
            route.continue_()

    files.page.route("**/files/content/**", broken)
    files.upload(tmp_path / "long.bin")
    expect(files.page.locator(".tray-item")).to_have_attribute("data-state", "resting", timeout=SECONDS)
    files.page.unroute("**/files/content/**")
    files.page.on("dialog", lambda asked: asked.accept())
    files.page.reload()
    files.settled()
    files.pieces.clear()
    files.upload(tmp_path / "long.bin")
    files.uploaded(1)
    assert min(offset for _, offset in files.pieces) >= 2 * MB, "what was there is not sent again"
    files.close_tray()
    assert files.download("long.bin") == content


def test_an_upload_is_paused_and_taken_up(files: Files, tmp_path: Path) -> None:
    (tmp_path / "long.bin").write_bytes(bytes(8 * MB))
    slow: list[Route] = []
    files.page.route("**/files/content/**", lambda route: slow.append(route))
    files.upload(tmp_path / "long.bin")
    item = files.page.locator(".tray-item")
    item.get_by_role("button", name="Pause").click()
    expect(item).to_have_attribute("data-state", "paused")
    files.page.unroute("**/files/content/**")
    item.get_by_role("button", name="Resume").click()
    files.uploaded(1)


def test_names_rights_and_an_end(files: Files, complaints: list[str]) -> None:
    files.upload({"name": "draft.txt", "mimeType": "text/plain", "buffer": b"x"})
    files.uploaded(1)
    files.close_tray()
    files.act("draft.txt", "Rename")
    files.dialog().get_by_label("New name").fill("final <i>.txt")
    files.dialog().get_by_role("button", name="Rename").click()
    expect(files.row("final <i>.txt")).to_be_visible()
    files.act("final <i>.txt", "Permissions")
    files.dialog().get_by_label("group may write").check()
    expect(files.dialog().locator("[data-octal]")).to_have_text("664")
    files.dialog().get_by_role("button", name="Set").click()
    expect(files.row("final <i>.txt").locator(".c-rights")).to_contain_text("-rw-rw-r--")
    files.page.locator("[data-pick-all]").check()
    files.page.get_by_role("button", name="Delete…").last.click()
    expect(files.dialog()).to_contain_text("Gone afterwards")
    files.dialog().locator("button[type=submit]").click()
    expect(files.page.get_by_text("This folder is empty")).to_be_visible()
    assert complaints == []


def test_it_works_by_keyboard(files: Files) -> None:
    files.new_folder("one")
    files.new_folder("two")
    files.row("one").locator("a").focus()
    files.page.keyboard.press("ArrowDown")
    expect(files.row("two").locator("a")).to_be_focused()
    files.page.keyboard.press("F2")
    expect(files.dialog().get_by_label("New name")).to_be_focused()
    files.page.keyboard.press("Escape")
    files.row("two").locator("a").focus()
    files.page.keyboard.press("Enter")
    expect(files.page.locator("[data-here]")).to_have_text("two")


def test_a_session_that_was_ended_is_one_click_from_the_next(files: Files) -> None:
    session = files.page.evaluate(
        "sessionStorage.getItem('files:' + document.getElementById('files').dataset.instance)"
    )
    files.page.evaluate(
        "(id) => fetch(`/remote/${id}/end/`, { method: 'POST', headers: { Accept: 'application/json',"
        " 'X-CSRFToken': JSON.parse(document.body.getAttribute('hx-headers'))['X-CSRFToken'] } })",
        session,
    )
    again = files.page.get_by_role("button", name="Connect again")
    reload = files.page.get_by_role("button", name="Read this folder again")
    for _ in range(20):
        reload.click()
        files.page.wait_for_timeout(500)
        if again.count():
            break
    again.click()
    expect(again).to_have_count(0, timeout=SECONDS)
    files.new_folder("after")


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_screen(files: Files, width: int) -> None:
    files.page.set_viewport_size({"width": width, "height": 800})
    files.new_folder("a rather long name of a folder that somebody made" * 2)
    assert files.page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_machine_that_does_not_answer_yet_is_shown_as_soon_as_it_does(
    page: Page, demo: Demo, machine: str, sign_in: Callable[[Page, str], None]
) -> None:
    with demo.api("alice") as api:
        fault = f"servers/{api.get(f'instances/{machine}').json()['server_id']}/guest"
    # What is open already would be used again.
    demo.control("PATCH", fault, {"ssh": "hangup", "hangup_after": 0})
    page.wait_for_timeout(1000)
    demo.control("PATCH", fault, {"ssh": "refuse"})
    try:
        sign_in(page, "alice")
        page.goto(f"{demo.url}/instances/{machine}/files/")
        expect(page.get_by_text("does not answer on port 22 yet")).to_be_visible(timeout=SECONDS)
        expect(page.get_by_text("tries again by itself every few seconds")).to_be_visible()
    finally:
        demo.control("PATCH", fault, {"ssh": ""})
    expect(page.get_by_role("button", name="Upload files")).to_be_enabled(timeout=SECONDS)
    expect(page.get_by_text("tries again by itself")).to_have_count(0)
