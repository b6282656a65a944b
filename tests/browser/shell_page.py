"""The terminal of the shell's page and of the dock, on a page without a server: the test is the machine's side."""

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Locator, Page, Route, expect

from instances.remote.views_shell import NOBODY
from tests.browser.script_page import show

MACHINE = "01980000-0000-7000-8000-00000000000a"
OTHER = "01980000-0000-7000-8000-00000000000b"
SESSION = "01980000-0000-7000-8000-0000000000{:02d}"
# What a page is told of one.
PROBLEM = {
    "id": "remote:no-address",
    "title": "It has no address",
    "what": "What.",
    "means": "Means.",
    "todo": "Todo.",
}
OPEN = f"/instances/{MACHINE}/remote/open/"
# Violations of policy, and what the page copied, opened and downloaded.
WATCH = """
window.violations = []; window.copied = []; window.opened = [];
document.addEventListener('securitypolicyviolation', (event) =>
  window.violations.push(`${event.violatedDirective} ${event.sourceFile} ${event.lineNumber}:${event.columnNumber}`));
Object.defineProperty(navigator, 'clipboard', { value: {
  writeText: async (text) => { if (window.noClipboard) throw new Error('no'); window.copied.push(text); },
  readText: async () => { if (window.noClipboard) throw new Error('no'); return window.clip || ''; } } });
const context = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind === 'webgl2' && !window.webgl ? null : context.call(this, kind, ...rest); };
window.open = (...all) => { window.opened.push(all); return null; };
window.shells = () => window.sockets.filter((one) => one.url.includes('/ws/remote/'));
"""
_LEAD = '<div id="shell-lead"><h1 class="shell-name">lab</h1></div>'


class Portal:
    """What the portal answers when a page asks for a shell; `asked` are the forms it was sent."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.problem: dict[str, Any] | None = None
        self.status = 200
        self.headers: dict[str, str] = {}
        self.made = 0
        self.down = False

    def __call__(self, route: Route) -> tuple[int, str, dict[str, str]]:
        path = route.request.url.split("portal.test", 1)[1]
        self.paths.append(f"{route.request.method} {path}")
        if path == "/remote/dock/":
            return 200, render_to_string("remote/_dock.html", {"nobody": NOBODY}), {}
        if not path.endswith("/open/"):
            return (204, "", {}) if route.request.method == "POST" else (200, "<p>another page</p>", {})
        form = {name: values[0] for name, values in parse_qs(route.request.post_data or "").items()}
        self.asked.append(form)
        if self.problem is not None or self.status >= 400:
            body = {"problem": self.problem} if self.problem else {}
            return self.status, json.dumps(body), self.headers
        self.made += 1
        session = form.get("resume") or SESSION.format(self.made)
        ticket = f"t{self.made}"
        found = {
            "session": session,
            "ticket": ticket,
            "path": "/ws/remote/shell/",
            "subprotocols": ["heliosphere", f"ticket.{ticket}"],
        }
        return 200, json.dumps(found), {}


class Shell:
    """One terminal on the page, and its newest socket."""

    def __init__(self, page: Page, portal: Portal, root: str = ".term") -> None:
        self.page, self.portal, self.root = page, portal, page.locator(root)

    def wait(self, sockets: int = 1) -> None:
        self.page.wait_for_function(
            "(n) => window.shells().length >= n && window.shells().at(-1).sent.length > 0", arg=sockets
        )

    def say(self, **message: Any) -> None:
        self._push(json.dumps(message))

    def _push(self, text: str) -> None:
        self.page.evaluate(
            "(text) => window.shells().at(-1).dispatchEvent(new MessageEvent('message', { data: text }))",
            text,
        )

    def put(self, data: str | bytes) -> None:
        """Output of the machine."""
        raw = data.encode() if isinstance(data, str) else data
        self.page.evaluate(
            "(bytes) => window.shells().at(-1).dispatchEvent("
            "new MessageEvent('message', { data: new Uint8Array(bytes).buffer }))",
            list(raw),
        )

    def opened(self, **more: Any) -> None:
        told = {"session": SESSION.format(1), "login": "ubuntu", "name": "lab", "kept": "tmux"}
        self.say(t="open", **{**told, "offset": 0, "reset": False, "mode": "own", **more})

    def texts(self) -> list[dict[str, Any]]:
        """JSON that the page sent on its newest socket."""
        sent: list[str] = self.page.evaluate(
            "() => window.shells().at(-1).sent.filter((one) => typeof one === 'string')"
        )
        return [json.loads(one) for one in sent]

    def typed(self) -> str:
        """Bytes that the page sent on its newest socket, as text."""
        found: list[int] = self.page.evaluate(
            "() => window.shells().at(-1).sent.filter((one) => typeof one !== 'string').flatMap((one) => [...one])"
        )
        return bytes(found).decode(errors="replace")

    def has_typed(self, text: str) -> None:
        """Soon, and nothing else."""
        end = time.monotonic() + 5
        while self.typed() != text and time.monotonic() < end:
            self.page.wait_for_timeout(50)
        assert self.typed() == text

    def close(self, code: int) -> None:
        self.page.evaluate("(code) => window.shells().at(-1).close(code)", code)

    @property
    def screen(self) -> Locator:
        return self.root.locator(".xterm-rows")

    def shows(self, text: str) -> None:
        expect(self.screen).to_contain_text(text)

    def part(self, name: str) -> Locator:
        return self.page.locator(f'[data-part="{name}"]').first

    def do(self, name: str) -> None:
        self.page.locator(f'[data-do="{name}"]:visible').first.click()


def shell_page(page: Page, *, portal: Portal | None = None, guest: bool = False, init: str = "") -> Shell:
    """The page of one shell; `init` runs before its scripts."""
    portal = portal or Portal()
    attributes = f'data-open="{OPEN}"' + (" data-guest" if guest else "")
    sheets = ("vendor/tabler", "css/tokens", "css/parts", "vendor/xterm", "css/terminal")
    body = (
        f'<div id="shell" class="shell-page" data-instance="{MACHINE}" data-name="lab" {attributes}>{_LEAD}</div>'
        + render_to_string("remote/_terminal.html", {"nobody": NOBODY})
        + "".join(f'<link rel="stylesheet" href="/static/{sheet}.css">' for sheet in sheets)
    )
    page.add_init_script(WATCH + init)
    show(page, body, extra=("remote/shell",), answer=portal)
    return Shell(page, portal)


def dock_page(page: Page, portal: Portal, *, init: str = "") -> None:
    """A page of the portal with links to the shells of two machines."""
    links = "".join(
        f'<a href="/instances/{machine}/shell/" data-shell="{machine}" data-shell-name="{name}">Shell on {name}</a> '
        for machine, name in ((MACHINE, "lab"), (OTHER, "node"))
    )
    body = links + '<script type="application/json" data-dock-from="/remote/dock/"></script>'
    page.add_init_script(WATCH + init)
    show(page, body, extra=("remote/dock",), answer=portal)


def connected(page: Page, **options: Any) -> Shell:
    """A shell that is open and shows a prompt."""
    shell = shell_page(page, **options)
    shell.wait()
    shell.opened()
    shell.put("lab$ ")
    shell.shows("lab$")
    return shell


def paste(page: Page, text: str) -> None:
    page.evaluate(
        """(text) => { const data = new DataTransfer(); data.setData('text/plain', text);
        document.querySelector('.xterm-helper-textarea').dispatchEvent(new ClipboardEvent('paste',
          { clipboardData: data, bubbles: true, cancelable: true })); }""",
        text,
    )


@pytest.fixture(autouse=True)
def unharmed(page: Page) -> Iterator[None]:
    """Nothing in the modules that take this may break our policy or throw."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield
    assert errors == []
    assert page.evaluate("window.violations") == []
