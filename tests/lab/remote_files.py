"""Files, an application's port, a recording and the desktop of a real guest."""

import hashlib
import os
import time
from collections.abc import Iterator

from playwright.sync_api import FilePayload

from tests.lab.guest_checks import Check
from tests.lab.remote_parts import Lab, say

SIZE = 3_000_000
PORT = 8888


def files(lab: Lab) -> Iterator[Check]:
    content = os.urandom(SIZE)
    name = f"data {time.monotonic_ns()}.bin"
    wanted = hashlib.sha256(content).hexdigest()
    page = lab.page()
    page.goto(f"{lab.portal.url}/instances/{lab.machine.id}/files/")
    page.locator("[data-do=upload]:not([disabled])").wait_for(timeout=120_000)
    began = time.monotonic()
    file = FilePayload(name=name, mimeType="application/octet-stream", buffer=content)
    page.locator("[data-part=pick-files]").set_input_files([file])
    link = page.locator("[data-part=list] a", has_text=name)
    link.wait_for(timeout=180_000)
    say(f"  3 MB up: {time.monotonic() - began:.1f} s")
    one = lab.shell(lab.machine)
    one.open(180)
    there = one.run(f"sha256sum '{name}'", 60)
    yield Check("an uploaded file has the checksum that it had here", wanted in there, there)
    began = time.monotonic()
    answer = page.request.get(lab.portal.url + str(link.get_attribute("href")))
    back = hashlib.sha256(answer.body()).hexdigest()
    say(f"  3 MB down: {time.monotonic() - began:.1f} s")
    yield Check("and downloaded again it has it still", back == wanted, f"{answer.status}")
    lab.shot("files")
    one.run(f"rm '{name}'")
    one.type("exit")
    one.page.close()
    page.close()


def port(lab: Lab) -> Iterator[Check]:
    one = lab.shell(lab.machine)
    one.open(180)
    one.run("mkdir -p www && echo 'served by the guest' > www/index.html")
    one.run(
        f"cd www && (python3 -m http.server --bind 127.0.0.1 {PORT} > /dev/null 2>&1 &) ; cd; sleep 3", 60
    )
    page = lab.page()
    page.goto(f"{lab.portal.url}/instances/{lab.machine.id}/ports/")
    page.locator("#where").fill(str(PORT))
    began = time.monotonic()
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Open", exact=True).first.click()
    shown = opened.value
    shown.get_by_text("served by the guest").wait_for(timeout=60_000)
    say(f"  port {PORT} from click to page: {time.monotonic() - began:.1f} s")
    site = f"{lab.portal.url.split('//')[1].partition(':')[0]}"
    yield Check(
        "port 8888 is shown, under a name that is not the portal's", f"//{site}:" not in shown.url, shown.url
    )
    lab.shot("port")
    one.run(f"pkill -f 'http.server --bind 127.0.0.1 {PORT}'; rm -r www")
    shown.close()
    page.close()
    one.type("exit")
    one.page.close()


def recording(lab: Lab) -> Iterator[Check]:
    one = lab.shell(lab.machine)
    one.open(180)
    session = str(next(word["session"] for word in one.words if word["t"] == "open"))
    panel = lab.page()
    panel.goto(f"{lab.portal.url}/remote/{session}/share/")
    panel.get_by_role("button", name="Record from now on").click()
    one.until(lambda: any(word["t"] == "recording" and word["on"] for word in one.words), "the announcement")
    yield Check("a recording is announced to who is on it", True)
    one.run("echo replayed-from-the-guest")
    one.type("exit")
    one.until(lambda: "has ended" in one.shown, "the end")
    panel.goto(f"{lab.portal.url}/instances/{lab.machine.id}/connections/")
    panel.locator("a[href*='/remote/recordings/']").first.click()
    address = panel.url.rstrip("/")
    cast = panel.request.get(f"{address}/cast").text()
    yield Check("its replay holds what was printed", "replayed-from-the-guest" in cast, cast[:200])
    lab.shot("replay")
    panel.close()
    one.page.close()


def desktop(lab: Lab) -> Iterator[Check]:
    """Only where one was asked for, and its packages could be had."""
    metadata = lab.read(lab.machine.id)["metadata"]
    if metadata.get("helioDesktop") != "true":
        say("  not asked for: --desktop --packages")
        return
    page = lab.page()
    began = time.monotonic()
    page.goto(f"{lab.portal.url}/instances/{lab.machine.id}/desktop/")
    canvas = page.locator("canvas").first
    canvas.wait_for(timeout=120_000)
    page.wait_for_function("() => { const c = document.querySelector('canvas'); return c && c.width > 300; }")
    say(f"  desktop from click to picture: {time.monotonic() - began:.1f} s")
    page.wait_for_timeout(6000)
    lab.shot("desktop")
    one = lab.shell(lab.machine)
    one.open(180)
    found = one.run(
        "systemctl is-active heliosphere-desktop; sudo ss -ltn | grep -c ':59' ; ps -C Xtigervnc,Xvnc -o user="
    )
    yield Check("its screen server runs as the person and listens on no port", "active" in found, found)
    yield Check("nothing of it listens", "\n0" in f"\n{found}", found)
    size = "xdpyinfo 2>/dev/null | grep dimensions || DISPLAY=:1 xrandr | head -1"
    page.set_viewport_size({"width": 1000, "height": 700})
    page.wait_for_timeout(4000)
    say(f"  its size after the window's: {one.run(size)[-80:]}")
    lab.shot("desktop-smaller")
    one.type("exit")
    one.page.close()
    page.close()
