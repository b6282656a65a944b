"""By hand: a real JupyterLab behind a real sshd, opened through the whole portal in Chromium, with a kernel at work.

    python3 -m venv /tmp/jupyter && /tmp/jupyter/bin/pip install jupyterlab
    DEVELOPMENT=1 python -m tests.lab.ports --jupyter /tmp/jupyter/bin/jupyter [--screenshots FOLDER]

Needs root (sshd listens on a loopback address of its own), OpenSSH and Chromium. The portal is the demo's; the machine is
a row of it that is no machine of the demo cloud: this very computer.
"""

import argparse
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import BrowserContext, Page, sync_playwright

from portal.demo import state
from portal.demo.state import free_port
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.running import Demo, demo
from tests.instances.remote import sshd

ADDRESS = "127.77.0.1"
MEGABYTES = 256


def machine(portal: Demo, server: sshd.Sshd, person: str) -> str:
    """The path of a machine's page: it is `server`, and it trusts the portal."""
    os.environ.update(portal.environment(), DJANGO_SETTINGS_MODULE="portal.settings")
    import django

    django.setup()
    from django.utils import timezone

    from instances.remote import authority
    from instances.remote.models import MachineTrust
    from portal.accounts.models import User
    from tests.cast import join, make_allocation
    from tests.instances import rows

    owner = User.objects.get(access_id__startswith=f"{person}@")
    # After the sign-in, which takes away what the cloud does not know.
    place = make_allocation(f"LAB{int(time.time())}", title="This computer")
    join(owner, place, "pi")
    made = rows.machine(
        place, owner, name="this-computer", public_address=ADDRESS, host_keys=[server.host_key]
    )
    keys = authority.trusted()
    folder = server.etc.parent
    (folder / "ca.pub").write_text("".join(f"{key}\n" for key in keys))
    (folder / "principals").write_text(authority.principal(made.pk, server.login) + "\n")
    MachineTrust.objects.create(
        instance=made, login=server.login, authorities=keys, how="launch", at=timezone.now()
    )
    return f"/instances/{made.pk}/"


@contextlib.contextmanager
def ssh_server(folder: Path) -> Iterator[sshd.Sshd]:
    trust = f"TrustedUserCAKeys {folder}/ca.pub\nAuthorizedPrincipalsFile {folder}/principals"
    yield from sshd.start(folder, more=f"ListenAddress {ADDRESS}:{state.ssh_port()}\n{trust}")


@contextlib.contextmanager
def jupyter(command: str, folder: Path) -> Iterator[str]:
    """The address that it prints, token and all."""
    port = free_port()
    words = [
        command,
        "lab",
        "--no-browser",
        "--allow-root",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
    ]
    log = folder / "jupyter.log"
    env = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "PYTHON"))}
    env |= {"HOME": str(folder), "PATH": f"{Path(command).parent}:{env['PATH']}"}
    with log.open("wb") as out:
        process = subprocess.Popen(words, cwd=folder, env=env, stdout=out, stderr=out)
    try:
        end = time.monotonic() + 90
        while time.monotonic() < end:
            found = re.search(r"http://(?:localhost|127\.0\.0\.1):\d+/lab\?token=\w+", log.read_text())
            if found:
                yield found.group()
                return
            time.sleep(0.3)
        raise RuntimeError(log.read_text())
    finally:
        process.terminate()
        process.wait(20)


def sign_in(page: Page, portal: Demo, person: str) -> None:
    page.goto(portal.url)
    page.get_by_role("button", name="Sign in with CILogon").first.click()
    page.locator(f'button[data-person="{person}"]').click()
    page.wait_for_url(f"{portal.url}/**")


def open_in_portal(context: BrowserContext, page: Page, where: str) -> Page:
    page.fill("#where", where)
    with context.expect_page() as opened:
        page.locator(".ports-where button").click()
    opened.value.wait_for_load_state()
    return opened.value


def use_notebook(tab: Page) -> str:
    """A cell is run by a kernel, over the WebSocket; what it printed."""
    tab.locator(".jp-LauncherCard[data-category=Notebook]").first.click()
    cell = tab.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell .cm-content").first
    cell.wait_for()
    tab.locator(".jp-NotebookPanel .jp-Notebook-ExecutionIndicator[data-status=idle]").first.wait_for()
    tab.wait_for_timeout(2000)
    cell.click()
    tab.keyboard.insert_text("print(6 * 7, 'x' * 100_000)")
    tab.keyboard.press("Control+Enter")
    output = tab.locator(".jp-OutputArea-output").first
    output.wait_for()
    return output.inner_text()[:10]


def timed(client: httpx.Client, path: str) -> tuple[float, float]:
    """Milliseconds of the median small request; megabytes per second of a large one."""
    small = []
    for _ in range(60):
        begun = time.perf_counter()
        client.get("/small.txt").raise_for_status()
        small.append(1000 * (time.perf_counter() - begun))
    begun, size = time.perf_counter(), 0
    with client.stream("GET", path) as answer:
        for part in answer.iter_raw(1 << 20):
            size += len(part)
    return median(small), size / 1e6 / (time.perf_counter() - begun)


@contextlib.contextmanager
def files(folder: Path) -> Iterator[int]:
    """A plain web server with a large and a small file."""
    port = free_port()
    (folder / "small.txt").write_bytes(b"x" * 500)
    with (folder / "large").open("wb") as large:
        for _ in range(MEGABYTES):
            large.write(os.urandom(1 << 20))
    code = (
        "import http.server as h\n"
        "class H(h.SimpleHTTPRequestHandler):\n"
        "    protocol_version = 'HTTP/1.1'\n"
        "    def log_message(self, *a): pass\n"
        f"h.ThreadingHTTPServer(('127.0.0.1', {port}), H).serve_forever()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=folder)
    time.sleep(1)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def forwarded(folder: Path, port: int) -> Iterator[int]:
    """The same by `ssh -L`, which is what people did before."""
    key, local = folder / "key", free_port()
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    (folder / "authorized_keys").write_text(key.with_suffix(".pub").read_text())
    options = ["-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={folder}/known", "-F", "none"]
    target = ["-L", f"127.0.0.1:{local}:127.0.0.1:{port}", "-p", str(state.ssh_port()), f"root@{ADDRESS}"]
    process = subprocess.Popen(["ssh", "-N", "-q", "-i", key, *options, *target])
    time.sleep(2)
    try:
        yield local
    finally:
        process.terminate()
        process.wait(10)


def measure(context: BrowserContext, page: Page, folder: Path) -> None:
    with files(folder) as port, forwarded(folder, port) as tunnel:
        tab = open_in_portal(context, page, f"http://localhost:{port}/small.txt")
        host = urlsplit(tab.url)
        cookies = {str(c.get("name")): str(c.get("value")) for c in context.cookies(tab.url)}
        through: dict[str, Any] = {
            "base_url": f"http://127.0.0.1:{host.port}",
            "headers": {"Host": host.netloc},
            "cookies": cookies,
        }
        ways: dict[str, dict[str, Any]] = {
            "direct": {"base_url": f"http://127.0.0.1:{port}"},
            "ssh -L": {"base_url": f"http://127.0.0.1:{tunnel}"},
            "portal": through,
        }
        figures = {}
        for name, options in ways.items():
            with httpx.Client(timeout=120, trust_env=False, **options) as client:
                figures[name] = timed(client, "/large")
        for name, (small, large) in figures.items():
            print(f"{name:8} {small:7.2f} ms a small request {large:8.1f} MB/s of {MEGABYTES} MB")
        ssh = figures["ssh -L"]
        print(
            f"portal to ssh -L: {figures['portal'][0] - ssh[0]:+.2f} ms, {figures['portal'][1] / ssh[1]:.2f} of its rate"
        )
        tab.close()


def in_thread(function: Callable[..., str], *given: Any) -> str:
    """Apart from Playwright's event loop, which Django would take offence at."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *given).result()


def running(options: argparse.Namespace) -> Demo | None:
    if not options.state:
        return None
    process = subprocess.Popen(["true"])
    return Demo(f"http://localhost:{options.port}", options.state, process)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--jupyter", required=True)
    parser.add_argument("--screenshots", type=Path)
    parser.add_argument("--state", type=Path, help="of a demo that runs already, with --host localhost")
    parser.add_argument("--port", type=int, help="of that demo")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="helio-ports-"))
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(ssh_server(folder))
        address = stack.enter_context(jupyter(options.jupyter, folder))
        portal = running(options) or stack.enter_context(demo(host="localhost"))
        playwright = stack.enter_context(sync_playwright())
        context = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS).new_context()
        page = context.new_page()
        context.set_default_timeout(90_000)
        sign_in(page, portal, "alice")
        page.wait_for_timeout(10_000)
        path = in_thread(machine, portal, server, "alice")
        page.goto(f"{portal.url}{path}ports/")
        page.get_by_role("button", name="Look now").click()
        number = str(urlsplit(address).port)
        page.locator("#ports-listening", has_text=number).wait_for()
        print(f"what listens: {number} is among it")
        begun = time.perf_counter()
        tab = open_in_portal(context, page, address)
        tab.locator(".jp-LauncherCard").first.wait_for()
        print(
            f"JupyterLab shown at {urlsplit(tab.url).netloc} after {time.perf_counter() - begun:.1f} s, without typing its token"
        )
        print(f"a kernel printed {use_notebook(tab)!r} over its WebSocket")
        if options.screenshots:
            tab.screenshot(path=options.screenshots / "ports-jupyter.png")
            page.screenshot(path=options.screenshots / "ports-page.png", full_page=True)
        measure(context, page, folder)
        sign_out(page, tab, portal)
    return 0


def sign_out(page: Page, tab: Page, portal: Demo) -> None:
    page.goto(f"{portal.url}/accounts/logout/")
    page.locator("main form button").click()
    page.wait_for_load_state()
    status = tab.evaluate("fetch('/api/status').then((answer) => answer.status)")
    print(f"after the sign-out Jupyter's page gets {status}")
    assert status in (403, 404, 410), status


if __name__ == "__main__":
    sys.exit(main())
