"""A page of nothing but given markup and the portal's own scripts, under its Content-Security-Policy, without a server."""

import json
import mimetypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route

STATIC = Path(__file__).resolve().parents[2] / "static"
ORIGIN = "http://portal.test"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'"
CONFIG = '{"includeIndicatorStyles": false, "allowEval": false, "historyCacheSize": 0}'
SCRIPTS = ("live", "clock", "dialogs", "menus", "copy")
# Stands for the socket: the test is the server's side of it.
SOCKET = """
window.sockets = [];
window.WebSocket = class extends EventTarget {
  static OPEN = 1;
  constructor(url, protocols) {
    super();
    Object.assign(this, { url, protocols, sent: [], bufferedAmount: 0, readyState: 0 });
    window.sockets.push(this);
    setTimeout(() => { this.readyState = 1; this.dispatchEvent(new Event('open')); }, 5);
  }
  send(text) { this.sent.push(text); }
  close(code) { this.readyState = 3; this.dispatchEvent(new CloseEvent('close', { code: code || 1006 })); }
};
window.heard = [];
window.listen = (...names) => names.forEach((name) =>
  document.body.addEventListener(name, (event) => window.heard.push([name, event.detail])));
"""
Answer = Callable[[Route], tuple[int, str, dict[str, str]]]


def document(body: str, extra: tuple[str, ...] = (), attributes: str = "") -> str:
    modules = "".join(
        f'<script type="module" src="/static/js/{name}.js"></script>' for name in (*SCRIPTS, *extra)
    )
    return (
        f"<!doctype html><html lang=en><head><title>x</title><meta name=htmx-config content='{CONFIG}'>"
        '<link rel="stylesheet" href="/static/css/portal.css">'
        '<script src="/static/js/theme.js"></script><script src="/static/vendor/htmx.js" defer></script>'
        f'{modules}</head><body data-live="/ws/live/" {attributes}><span id="live-state" data-state="off">'
        f'<span class="live-word"></span></span><div id="problems" tabindex="-1"></div>{body}'
        '<div id="toasts"></div><dialog id="dialog"></dialog>'
        '<template id="no-answer"><div class="note">No answer</div></template></body></html>'
    )


def show(
    page: Page, body: str, *, extra: tuple[str, ...] = (), attributes: str = "", answer: Answer | None = None
) -> list[str]:
    """Open the page; gives the paths asked for from then on. `answer` serves what is no page and no static file."""
    asked: list[str] = []

    def serve(route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN).split("?")[0]
        if path == "/":
            headers = {"Content-Security-Policy": POLICY}
            route.fulfill(
                body=document(body, extra, attributes),
                content_type="text/html; charset=utf-8",
                headers=headers,
            )
        elif path.startswith("/static/"):
            file = STATIC / path.removeprefix("/static/")
            route.fulfill(path=str(file), content_type=mimetypes.guess_type(file.name)[0] or "text/plain")
        else:
            asked.append(route.request.url.removeprefix(ORIGIN))
            status, text, headers = answer(route) if answer else (200, "", {})
            route.fulfill(status=status, body=text, content_type="text/html", headers=headers)

    page.add_init_script(SOCKET)
    page.route(f"{ORIGIN}/**", serve)
    page.goto(f"{ORIGIN}/")
    page.wait_for_function("document.getElementById('live-state').dataset.state === 'live'")
    return asked


def push(page: Page, message: dict[str, Any]) -> None:
    """As the server's side of the newest socket."""
    page.evaluate(
        "(text) => window.sockets.at(-1).dispatchEvent(new MessageEvent('message', { data: text }))",
        json.dumps(message),
    )
