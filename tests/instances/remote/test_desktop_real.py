"""The desktop as people have it: noVNC in Chromium, the portal, OpenSSH's sshd, and TigerVNC as the guests' unit starts it."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import uvicorn
from django.conf import settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from playwright.sync_api import BrowserContext, Page, sync_playwright

from instances.models import Instance
from instances.remote import links, screen
from instances.remote.models import Mode
from portal.accounts.models import User
from portal.asgi import application
from tests.browser.conftest import FLAGS
from tests.instances.remote import screens
from tests.instances.remote.pages import browser
from tests.instances.remote.screens import DesktopPage, Xvnc
from tests.instances.remote.sshd import free_port
from tests.instances.remote.test_desktop import joined
from tests.sockets import cookie_of

KEY_A = bytes([4, 1, 0, 0, 0, 0, 0, 0x61, 4, 0, 0, 0, 0, 0, 0, 0x61])
REFRESH = bytes([3, 0, 0, 0, 0, 0, 0, 10, 0, 10])
CLIPBOARDS = (0xC0A1E5CE).to_bytes(4)
# Keeps the page's sockets, to be able to break one.
NOTING = """window.made = []; window.WebSocket = new Proxy(WebSocket, {
construct(kind, given) { window.made.push(new kind(...given)); return window.made.at(-1); } });"""
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="module")
def xvnc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Xvnc]:
    yield from screens.running_xvnc(tmp_path_factory.mktemp("xvnc"))


@pytest.fixture
def desktop(machine: Instance, xvnc: Xvnc, monkeypatch: pytest.MonkeyPatch) -> Instance:
    monkeypatch.setattr(screen, "SOCKET", str(xvnc.socket))
    machine.metadata = {"helioDesktop": "true"}
    machine.save()
    return machine


@contextlib.contextmanager
def typed_to(xvnc: Xvnc, tmp_path: Path) -> Iterator[Callable[[str], bool]]:
    """A terminal that fills the screen and has the keys; whether a line came to it."""
    log = tmp_path / "typed"
    log.touch()
    terminal = xvnc.start("xterm", "-geometry", "300x90+0+0", "-e", f"cat > {log}")
    try:
        time.sleep(1.0)

        def has(text: str) -> bool:
            end = time.monotonic() + 8
            while text not in log.read_text() and time.monotonic() < end:
                time.sleep(0.1)
            return text in log.read_text()

        yield has
    finally:
        terminal.terminate()
        terminal.wait(10)


def test_its_socket_is_the_persons_alone_and_no_port_is_opened(xvnc: Xvnc) -> None:
    assert oct(xvnc.socket.stat().st_mode & 0o777) == "0o600"
    listening = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=False).stdout
    assert "Xvnc" not in listening and "Xtigervnc" not in listening


async def test_keys_of_who_looks_on_do_not_arrive_and_the_owners_do(
    desktop: Instance, member: User, colleague: User, xvnc: Xvnc, tmp_path: Path
) -> None:
    with typed_to(xvnc, tmp_path) as typed:
        async with DesktopPage(await browser(member), desktop) as own:
            await own.greet()
            _, given, page = await joined(desktop, own.session, colleague, Mode.VIEW)
            async with DesktopPage(page, desktop, given=given) as guest:
                await guest.greet()
                await guest.send(KEY_A * 3 + bytes([4, 1, 0, 0, 0, 0, 0xFF, 0x0D]))
                await own.send(KEY_A.replace(b"a", b"b") + bytes([4, 1, 0, 0, 0, 0, 0xFF, 0x0D]))
                assert await asyncio.to_thread(typed, "b\n")
                assert not await asyncio.to_thread(lambda: "a" in (tmp_path / "typed").read_text())
                # And the guest still sees the screen.
                await guest.send(REFRESH)
                assert (await guest.read(4))[0] == 0


async def test_what_is_copied_on_it_is_not_handed_to_who_looks_on(
    desktop: Instance, member: User, colleague: User, xvnc: Xvnc
) -> None:
    from tests.instances.remote.test_rfb import CAPS, encodings

    async with DesktopPage(await browser(member), desktop) as own:
        await own.greet()
        _, given, page = await joined(desktop, own.session, colleague, Mode.VIEW)
        async with DesktopPage(page, desktop, given=given) as guest:
            await guest.greet()
            for one in (own, guest):
                await one.send(encodings(0, int.from_bytes(CLIPBOARDS)) + CAPS)
            await asyncio.sleep(0.5)
            await asyncio.to_thread(xvnc.copy, "correct horse battery staple")
            heard_own = await texts(own)
            heard_guest = await texts(guest)
    # Both hear what the server can do; then the owner's page what was copied, the guest's only that something was.
    assert heard_own == [0x1F, 0x10]
    assert heard_guest == [0x1F, 0x08]


async def texts(page: DesktopPage) -> list[int]:
    """First bytes (what is done) of the messages of the extended clipboard that have arrived when it falls silent."""
    data = page.output
    while not await page.socket.raw.receive_nothing(timeout=2, interval=0.05):
        said = await page.socket.hear()
        assert isinstance(said, bytes)
        data += said
    found: list[int] = []
    while data:
        assert data[0] == 3
        length = abs(int.from_bytes(data[4:8], signed=True))
        found.append(data[8])
        data = data[8 + length :]
    return found


class Live(uvicorn.Server):
    """The portal's own process of sockets and pages, in a thread."""

    def install_signal_handlers(self) -> None:
        pass


@pytest.fixture
def site(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    port = free_port()
    # The connection that is kept for a reload would outlive the loop of this thread.
    monkeypatch.setattr(links, "LINGER_SECONDS", 0.0)
    monkeypatch.setattr(settings, "SITE_URL", f"http://127.0.0.1:{port}")
    config = uvicorn.Config(
        ASGIStaticFilesHandler(application),  # type: ignore[arg-type]
        host="127.0.0.1",
        port=port,
        lifespan="off",
        log_level="warning",
        ws="websockets-sansio",
        ws_max_size=65_536,
    )
    server = Live(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 15
    while not server.started and time.monotonic() < end:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(15)


def in_chromium(site: str, cookie: str, journey: Callable[[Page, BrowserContext], None]) -> list[str]:
    """Runs it in a browser of its own, in a thread of its own; what the browser complained of."""
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs chromium: apt-get install chromium")
        pytest.skip("no chromium here; install it with: apt-get install chromium")
    complaints: list[str] = []

    def run() -> None:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            context = chromium.new_context(viewport={"width": 1000, "height": 700})
            name, value = cookie.split("=", 1)
            context.add_cookies([{"name": name, "value": value, "url": site}])
            page = context.new_page()
            page.set_default_timeout(20_000)
            page.on("pageerror", lambda error: complaints.append(f"script error: {error}"))
            page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
            try:
                journey(page, context)
            finally:
                chromium.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result()
    return complaints


def eventually(check: Callable[[], bool], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not check() and time.monotonic() < end:
        time.sleep(0.1)
    return check()


def test_a_person_works_on_it_in_the_browser(
    site: str, desktop: Instance, member: User, xvnc: Xvnc, tmp_path: Path
) -> None:
    def journey(page: Page, context: BrowserContext) -> None:
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site)
        page.goto(f"{site}/instances/{desktop.pk}/desktop/")
        page.locator('#desk [data-part="cover"]').wait_for(state="hidden")
        # The desktop is as large as the room that the page has for it, and follows it.
        box = page.locator("#desk .desk-body").bounding_box()
        assert box is not None
        assert eventually(lambda: xvnc.size() == (int(box["width"]), int(box["height"])))
        page.set_viewport_size({"width": 900, "height": 600})
        assert eventually(lambda: xvnc.size()[0] == 900)
        with typed_to(xvnc, tmp_path) as typed:
            page.locator("#desk canvas").click()
            page.keyboard.type("Greetings from Chromium")
            page.keyboard.press("Enter")
            assert typed("Greetings from Chromium\n")
            # From the desktop to this computer, …
            xvnc.copy("made on the desktop ✓")
            assert eventually(
                lambda: page.evaluate("navigator.clipboard.readText()") == "made on the desktop ✓"
            )
            # … and back: what was copied elsewhere is there when the window has the focus again.
            page.evaluate("navigator.clipboard.writeText('copied elsewhere ✓')")
            page.evaluate("window.dispatchEvent(new Event('focus'))")
            assert eventually(lambda: xvnc.clipboard() == "copied elsewhere ✓")
            # The way out for who has no mouse.
            page.locator("#desk canvas").click()
            page.keyboard.down("Control")
            page.keyboard.down("Alt")
            page.keyboard.down("Shift")
            assert page.evaluate("document.activeElement.dataset.do") == "clipboard"
            for key in ("Shift", "Alt", "Control"):
                page.keyboard.up(key)
            page.locator("#desk canvas").click()
            page.keyboard.type("plain")
            page.keyboard.press("Enter")
            assert typed("plain\n")
        if os.environ.get("SCREENSHOTS"):
            page.screenshot(path=f"{os.environ['SCREENSHOTS']}/desktop-real.png")

    assert in_chromium(site, cookie_of(member), journey) == []


def test_a_line_that_breaks_is_mended_without_a_click(
    site: str, desktop: Instance, member: User, xvnc: Xvnc
) -> None:
    def journey(page: Page, context: BrowserContext) -> None:
        page.add_init_script(NOTING)
        page.goto(f"{site}/instances/{desktop.pk}/desktop/")
        cover = page.locator('#desk [data-part="cover"]')
        cover.wait_for(state="hidden")
        page.evaluate("window.made.filter((one) => one.url.includes('desktop')).at(-1).close(4000)")
        cover.wait_for(state="visible")
        cover.wait_for(state="hidden")

    assert in_chromium(site, cookie_of(member), journey) == []
