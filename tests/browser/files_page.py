"""The page of a machine's files, as a person uses it. By hand: python -m tests.browser.files_page URL STATE MACHINE SHOTS"""

import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Download, Locator, Page, expect, sync_playwright

SECONDS = 30_000


class Files:
    def __init__(self, page: Page, url: str, machine: str) -> None:
        self.page, self.url, self.machine = page, url, machine
        # What was put, by the offset of each piece.
        self.pieces: list[tuple[str, int]] = []
        page.on("request", self._noted)

    def _noted(self, request: Any) -> None:
        if request.method == "PUT":
            query = dict(part.split("=", 1) for part in request.url.split("?")[1].split("&"))
            self.pieces.append((query["name"], int(query["offset"])))

    def open(self, path: str = "") -> None:
        self.page.goto(f"{self.url}/instances/{self.machine}/files/" + (f"?path={path}" if path else ""))
        self.settled()

    def settled(self) -> None:
        expect(self.page.get_by_role("button", name="Upload files")).to_be_enabled(timeout=SECONDS)
        expect(self.page.locator('[data-part="list"]')).to_have_attribute("aria-busy", "false")

    def row(self, name: str) -> Locator:
        exact = self.page.locator(f'xpath=//bdi[normalize-space()="{name}"]')
        return self.page.locator("tr[data-name]").filter(has=exact).first

    def upload(self, *files: Any) -> None:
        self.page.locator('[data-part="pick-files"]').set_input_files(list(files))

    def uploaded(self, count: int) -> None:
        title = self.page.locator('#files-tray [data-part="tray-title"]')
        expect(title).to_have_text(f"{count} uploaded", timeout=SECONDS)

    def act(self, name: str, label: str) -> None:
        self.row(name).locator("summary").click()
        self.row(name).get_by_role("button", name=label).click()

    def dialog(self) -> Locator:
        found = self.page.locator("#dialog")
        expect(found.locator("h2")).to_be_visible(timeout=SECONDS)
        return found

    def download(self, name: str) -> bytes:
        with self.page.expect_download() as waiting:
            self.act(name, "Download")
        return content(waiting.value)

    def into(self, name: str) -> None:
        self.row(name).locator("a").click()
        expect(self.page.locator("[data-here]")).to_have_text(name)

    def new_folder(self, name: str) -> None:
        self.page.get_by_role("button", name="New folder").click()
        self.dialog().get_by_label("Name").fill(name)
        self.dialog().get_by_role("button", name="Make it").click()
        expect(self.row(name)).to_be_visible()

    def close_tray(self) -> None:
        self.page.get_by_role("button", name="Close the list of uploads").click()
        expect(self.page.locator("#files-tray")).to_be_hidden()


def content(download: Download) -> bytes:
    path = download.path()
    assert path is not None
    return Path(path).read_bytes()


def by_hand(url: str, state: str, machine: str, shots: Path) -> None:
    """Pictures of what there is to see, wide and narrow, light and dark."""
    from tests.browser.conftest import FLAGS

    shots.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for scheme in ("light", "dark"):
            for width in (1280, 390):
                context = browser.new_context(
                    viewport={"width": width, "height": 900}, storage_state=state, color_scheme=scheme
                )
                page = context.new_page()
                page.on("console", lambda said: print(said.type, said.text))
                page.on("pageerror", lambda error: print("error", error))
                _pictures(Files(page, url, machine), shots / f"{width}-{scheme}")
                context.close()
        browser.close()


def _pictures(files: Files, name: Path) -> None:
    page = files.page
    page.set_default_timeout(SECONDS)

    def shot(what: str) -> None:
        page.wait_for_timeout(300)
        page.screenshot(path=f"{name}-{what}.png")

    files.open()
    folder = f"shots {name.name}"
    files.new_folder(folder)
    files.into(folder)
    shot("empty")
    png = bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fcffff3f0300050001fef5d3c50000000049454e44ae426082"
    )
    files.upload(
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"one\ntwo\n" * 40},
        {"name": "reads.fastq.gz", "mimeType": "", "buffer": bytes(3_500_000)},
        {"name": "plot.png", "mimeType": "image/png", "buffer": png},
        {"name": "a long name with spaces & <b>brackets</b>.csv", "mimeType": "", "buffer": b"1,2"},
    )
    shot("uploading")
    files.uploaded(4)
    shot("uploaded")
    files.close_tray()
    files.upload({"name": "notes.txt", "mimeType": "text/plain", "buffer": b"other"})
    expect(page.get_by_text("is there already")).to_be_visible()
    shot("conflict")
    page.get_by_role("button", name="Keep both").click()
    files.uploaded(1)
    files.close_tray()
    page.locator("[data-pick-all]").check()
    shot("picked")
    page.get_by_role("button", name="Delete…").click()
    files.dialog()
    shot("delete")
    page.keyboard.press("Escape")
    files.row("notes.txt").locator("a").click()
    files.dialog()
    shot("preview")
    page.keyboard.press("Escape")
    files.act("notes.txt", "Permissions")
    files.dialog()
    shot("permissions")
    page.keyboard.press("Escape")
    files.row("notes.txt").locator("summary").click()
    shot("menu")


if __name__ == "__main__":
    by_hand(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]))
