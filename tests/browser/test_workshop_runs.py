"""Carol runs a command in the seats of her class, gives them a file, and takes the work of one along."""

import io
import zipfile
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.classes import taught
from tests.browser.running import Demo

SignIn = Callable[[Page, str], None]
# A machine is built meanwhile, and reached through a jump host that is built too.
BUILT_MS, REACHED_MS = 120_000, 120_000


def test_a_command_runs_in_two_seats_and_the_work_of_one_is_downloaded(
    demo: Demo, page: Page, sign_in: SignIn, complaints: list[str]
) -> None:
    workshop = taught(demo, by="carol", seats=2, learners=("dave",))
    sign_in(page, "carol")
    page.goto(f"{demo.url}/workshops/{workshop}/board/")
    expect(page.locator(".counts-words")).to_contain_text("2 of 2 ready", timeout=BUILT_MS)

    page.get_by_role("link", name="Commands and files").click()
    page.get_by_label("Command", exact=True).fill("echo learnt >notes.txt; whoami")
    page.get_by_role("button", name="Run it once in each seat").click()
    # Pushed: nobody loads the page again.
    expect(page.get_by_text("2 of 2 done")).to_be_visible(timeout=REACHED_MS)
    expect(page.locator(".run-out")).to_have_text(["learner", "learner"])

    page.goto(f"{demo.url}/workshops/{workshop}/files/")
    page.get_by_label("File", exact=True).set_input_files(
        {"name": "plan.txt", "mimeType": "text/plain", "buffer": b"what we do today"}
    )
    page.get_by_role("button", name="Give it to every seat").click()
    expect(page.get_by_text("2 seats have it")).to_be_visible(timeout=REACHED_MS)

    page.goto(f"{demo.url}/workshops/{workshop}/work/")
    page.get_by_role("button", name="Collect all now").click()
    expect(page.get_by_text("1 of 1 here")).to_be_visible(timeout=REACHED_MS)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the work of Dave").click()
    with zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())) as archive:
        found = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    assert found["notes.txt"] == b"learnt\n" and found["plan.txt"] == b"what we do today"
    assert complaints == []
