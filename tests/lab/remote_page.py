"""A shell of the portal in Chromium, as a person sits before it, and what came through its socket."""

import re
import time
from collections.abc import Callable

from playwright.sync_api import Page

from tests.lab.guest_portal import LabPortal

# Keeps every socket to a machine, and all that came through it: what xterm draws is a picture.
SCRIPT = """
window.remote = {sockets: [], out: '', words: []};
const Plain = window.WebSocket, text = new TextDecoder();
window.WebSocket = class extends Plain {
  constructor(url, protocols) {
    super(url, protocols);
    if (!String(url).includes('/ws/remote/')) return;
    remote.sockets.push(this);
    this.addEventListener('message', (event) => {
      if (typeof event.data === 'string') { remote.words.push(JSON.parse(event.data)); return; }
      const kept = (bytes) => {
        remote.out = (remote.out + text.decode(bytes)).slice(-400000);
        remote.bytes = (remote.bytes || 0) + bytes.byteLength;
      };
      if (event.data instanceof Blob) event.data.arrayBuffer().then(kept); else kept(event.data);
    });
  }
};
"""
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][0-9A-B]|[=>78cM])")


class Shell:
    """One page with one shell."""

    def __init__(self, page: Page, portal: LabPortal, instance: str) -> None:
        self.page, self.portal, self.instance = page, portal, instance
        page.add_init_script(SCRIPT)

    def open(self, seconds: float = 60) -> float:
        """From the click to a prompt; the page itself is loaded by the click."""
        began = time.monotonic()
        self.page.goto(f"{self.portal.url}/instances/{self.instance}/shell/", wait_until="commit")
        self.until(lambda: self.at_prompt(), "a prompt", seconds)
        return time.monotonic() - began

    def at_prompt(self) -> bool:
        return bool(re.search(r"[$#] ?$", self.text.rstrip("\n")))

    @property
    def text(self) -> str:
        """What the machine printed, without what only colours and moves."""
        return _ESCAPES.sub("", str(self.page.evaluate("window.remote ? remote.out : ''"))).replace("\r", "")

    @property
    def received(self) -> int:
        return int(self.page.evaluate("remote.bytes || 0"))

    @property
    def opened(self) -> bool:
        return any(word["t"] == "open" for word in self.words)

    @property
    def words(self) -> list[dict[str, object]]:
        return list(self.page.evaluate("window.remote ? remote.words : []"))

    @property
    def shown(self) -> str:
        """The words that stand over the terminal, or beside it."""
        term = self.page.locator(".term")
        return str(term.first.inner_text() if term.count() else self.page.locator("body").inner_text())

    def forget(self) -> None:
        self.page.evaluate("remote.out = ''; remote.words = []; remote.bytes = 0")

    def type(self, text: str, *, enter: bool = True) -> None:
        self.page.locator(".xterm-helper-textarea").first.focus()
        self.page.keyboard.insert_text(text)
        if enter:
            self.page.keyboard.press("Enter")

    def run(self, command: str, seconds: float = 30) -> str:
        """What a command printed; it ends where a mark of ours does."""
        self.forget()
        mark = f"M{time.monotonic_ns()}"
        self.type(f"{command}; echo {mark[:3]}''{mark[3:]}")
        self.until(lambda: mark in self.text, f"the end of {command}", seconds)
        return self.text.partition(mark)[0].partition("\n")[2].strip()

    def cut(self) -> None:
        """The connection drops; the page and the machine know nothing of it."""
        self.page.evaluate("remote.sockets.at(-1).close()")

    def until(self, condition: Callable[[], bool], what: str, seconds: float = 60) -> float:
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > seconds:
                raise AssertionError(f"{what}: not within {seconds:.0f} s; shown: {self.shown[:400]!r}")
            self.page.wait_for_timeout(50)
        return time.monotonic() - began
