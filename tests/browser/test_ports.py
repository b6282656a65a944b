"""A web application of a machine on the demo cloud, opened in a real browser on the ports site."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.machines import launched
from tests.browser.running import Demo

SLUG = "bio220047-iu"
SignIn = Callable[[Page, str], None]


@pytest.fixture(scope="module")
def machine(demo: Demo) -> Iterator[dict[str, Any]]:
    """Bob's machine, running and reachable; a pretend notebook listens on its port 8888."""
    with demo.api("bob") as api:
        yield launched(api, SLUG, "notebook")


def ports_page(page: Page, demo: Demo, machine: dict[str, Any]) -> None:
    page.context.set_default_timeout(40_000)
    page.goto(f"{demo.url}/instances/{machine['id']}/ports/")
    expect(page.locator("#ports-state .note")).to_have_count(0, timeout=40_000)


def opened(page: Page, where: str) -> Page:
    page.locator("#where").fill(where)
    with page.context.expect_page() as tab:
        page.locator(".ports-where button").click()
    tab.value.wait_for_url("**/lab**")
    return tab.value


def test_a_notebook_works_in_the_browser_with_its_socket_and_events(
    demo: Demo, page: Page, sign_in: SignIn, machine: dict[str, Any], complaints: list[str]
) -> None:
    sign_in(page, "bob")
    ports_page(page, demo, machine)
    tab = opened(page, "8888")
    assert tab.title() == "Notebook on notebook"
    host = urlsplit(tab.url)
    assert host.path == "/lab" and ".ports.localhost" in host.netloc and host.netloc.startswith("p8888-")
    expect(tab.locator("#socket")).to_have_text("ping")
    expect(tab.locator("#host")).to_have_text("localhost:8888")
    expect(tab.locator("#events")).not_to_have_text("0")
    assert complaints == []


def test_the_page_opens_one_after_another_and_the_same_again_under_its_name(
    demo: Demo, page: Page, sign_in: SignIn, machine: dict[str, Any]
) -> None:
    sign_in(page, "bob")
    ports_page(page, demo, machine)
    hosts = []
    for where in ("8888", "8787", "8888"):
        hosts.append(urlsplit(opened(page, where).url).netloc)
        page.wait_for_timeout(1600)  # longer than a double click
    assert hosts[0] == hosts[2] != hosts[1]


def test_its_script_reads_neither_the_portal_nor_our_cookie(
    demo: Demo, page: Page, sign_in: SignIn, machine: dict[str, Any]
) -> None:
    sign_in(page, "bob")
    ports_page(page, demo, machine)
    tab = opened(page, "http://localhost:8888/lab?token=abc")
    assert tab.url.endswith("/lab?token=abc")
    expect(tab.locator("#portal")).to_have_text("blocked")
    expect(tab.locator("#cookies")).to_have_text("demo-notebook=1")
    expect(tab.locator("#opener")).to_have_text("none")
    assert tab.evaluate("document.referrer") == ""
    sent = tab.evaluate("fetch('/headers.json').then((answer) => answer.json())")
    # Both of its own: the portal's session and ours are not among them.
    assert set(sent["cookie"].replace(" ", "").split(";")) <= {"demo-notebook=1", "demo-plain=2"}
    assert tab.evaluate("fetch('/.heliosphere/enter').then((answer) => answer.status)") == 404


def test_links_of_all_kinds_and_uploads_stay_under_the_one_name(
    demo: Demo, page: Page, sign_in: SignIn, machine: dict[str, Any]
) -> None:
    sign_in(page, "bob")
    ports_page(page, demo, machine)
    tab = opened(page, "8888")
    host = urlsplit(tab.url).netloc
    for link in ("#relative", "#absolute"):
        tab.locator(link).click()
        tab.wait_for_url(f"http://{host}/tree/**")
        tab.go_back()
    size = "fetch('/upload', {method: 'POST', body: new Uint8Array(3000000)}).then((a) => a.json())"
    assert tab.evaluate(size) == {"bytes": 3_000_000}
    big = "fetch('/big?mb=20').then((a) => a.arrayBuffer()).then((a) => a.byteLength)"
    assert tab.evaluate(big) == 20 * 1024 * 1024
    assert (
        tab.evaluate("fetch('/login', {method: 'POST'}).then((a) => a.url)") == f"http://{host}/lab?token=1"
    )


def test_what_listens_is_found_and_opened_from_the_list(
    demo: Demo, page: Page, sign_in: SignIn, machine: dict[str, Any]
) -> None:
    sign_in(page, "bob")
    ports_page(page, demo, machine)
    page.get_by_role("button", name="Look now").click()
    found = page.locator("#ports-listening")
    expect(found).to_contain_text("Jupyter 8888", timeout=40_000)
    with page.context.expect_page() as tab:
        found.get_by_role("button", name="Jupyter 8888").click()
    tab.value.wait_for_url("**/lab")


def test_nothing_on_a_port_is_said_in_words(
    demo: Demo, page: Page, sign_in: SignIn, machine: dict[str, Any]
) -> None:
    sign_in(page, "bob")
    ports_page(page, demo, machine)
    page.locator("#where").fill("6006")
    with page.context.expect_page() as tab:
        page.locator(".ports-where button").click()
    expect(tab.value.locator("h1")).to_have_text("Nothing listens on port 6006")
    expect(tab.value.locator("main")).to_contain_text("tensorboard --logdir runs")
    tab.value.get_by_role("link", name="Ports of notebook in the portal").click()
    expect(tab.value.locator("#where")).to_have_value("6006")


def test_another_person_with_the_address_sees_nothing(
    demo: Demo, page: Page, browser: Browser, sign_in: SignIn, machine: dict[str, Any]
) -> None:
    sign_in(page, "bob")
    ports_page(page, demo, machine)
    address = opened(page, "8888").url
    other = browser.new_context().new_page()
    sign_in(other, "alice")
    assert (other.goto(address) or pytest.fail("no answer")).status == 403
    expect(other.locator("h1")).to_have_text("This is open to one person")
    assert "notebook" not in other.locator("main").inner_text().lower()
    other.context.close()


def test_signing_out_ends_it_at_once(
    demo: Demo, page: Page, sign_in: SignIn, machine: dict[str, Any]
) -> None:
    sign_in(page, "bob")
    ports_page(page, demo, machine)
    tab = opened(page, "8888")
    script = """() => { const socket = new WebSocket(`ws://${location.host}/ws`);
      socket.onclose = () => { window.closed_at = Date.now(); };
      return new Promise((open) => { socket.onopen = () => open(); }); }"""
    tab.evaluate(script)
    page.goto(f"{demo.url}/accounts/logout/")
    page.locator("main form button").click()
    page.wait_for_load_state()
    tab.wait_for_function("window.closed_at", timeout=5_000)
    assert tab.evaluate("fetch('/headers.json').then((answer) => answer.status)") == 410
    tab.reload()
    expect(tab.locator("h1")).to_have_text("This session is over")


def test_it_is_closed_by_a_click_on_the_page(
    demo: Demo, page: Page, sign_in: SignIn, machine: dict[str, Any], complaints: list[str]
) -> None:
    sign_in(page, "bob")
    ports_page(page, demo, machine)
    tab = opened(page, "8888")
    page.reload()
    page.get_by_role("button", name="Close port 8888").click()
    expect(page.locator("#ports-open")).to_contain_text("Nothing.")
    assert tab.evaluate("fetch('/headers.json').then((answer) => answer.status)") == 410
    assert complaints == []
