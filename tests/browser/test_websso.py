"""Signing in at the cloud's own page, in a real browser: the portal is another site than the cloud, as in production."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.running import Demo

SignIn = Callable[[Page, str], None]
SLOW = 30_000


@pytest.fixture
def at(demo: Demo, browser: Browser, sign_in: SignIn) -> Iterator[Callable[[str], Page]]:
    """The page of connected clouds of somebody, in a browser of their own."""
    with contextlib.ExitStack() as stack:

        def opened(person: str, *, script: bool = True) -> Page:
            context = browser.new_context(reduced_motion="reduce", java_script_enabled=script)
            stack.callback(context.close)
            context.set_default_timeout(15_000)
            page = context.new_page()
            sign_in(page, person)
            page.goto(f"{demo.url}/profile/clouds/")
            if script:
                # The sign-in itself connects: what comes after it is a matter of its own.
                expect(page.locator("#cloud-demo")).not_to_contain_text("Connecting.", timeout=SLOW)
            return page

        yield opened


def press(page: Page) -> None:
    """The button of the demo cloud, which is folded away while something is connected."""
    button = page.locator("#cloud-demo").get_by_role("button", name="Sign in at")
    if not button.is_visible():
        page.locator("#cloud-demo summary", has_text="in another way").click()
    button.click()


def choose(page: Page, person: str) -> None:
    page.locator(f'button[data-person="{person}"]').click()


def settled(page: Page, words: str) -> None:
    expect(page.locator("#cloud-demo")).to_contain_text(words, timeout=SLOW)


def test_a_person_with_an_account_goes_to_the_cloud_and_comes_back_connected(
    demo: Demo, at: Callable[[str], Page]
) -> None:
    page = at("alice")
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    press(page)
    choose(page, "alice")
    page.wait_for_url(f"{demo.url}/profile/clouds/")
    settled(page, "The portal acts there as alice")
    assert not any("gAAAA" in url for url in seen)
    assert [
        cookie["name"] for cookie in page.context.cookies(demo.url) if "websso" in str(cookie.get("name"))
    ] == []


def test_somebody_without_any_project_is_told_so(demo: Demo, at: Callable[[str], Page]) -> None:
    page = at("newbie")
    press(page)
    choose(page, "newbie")
    page.wait_for_url(f"{demo.url}/profile/clouds/")
    settled(page, "knows you as newbie@access-ci.org")
    settled(page, "There is no project")


def test_the_clouds_session_of_somebody_else_is_asked_about_and_connects_nothing(
    demo: Demo, at: Callable[[str], Page]
) -> None:
    page = at("bob")
    settled(page, "The portal acts there as bob")
    press(page)
    choose(page, "carol")
    settled(page, "says that you are carol. Is that your account?")
    page.get_by_role("button", name="No, forget that sign-in").click()
    settled(page, "Not connected as carol")
    settled(page, "The portal acts there as bob")


def test_whoever_agrees_acts_as_the_other_account_and_it_is_said_clearly(
    demo: Demo, at: Callable[[str], Page]
) -> None:
    page = at("olivia")
    press(page)
    choose(page, "dave")
    settled(page, "says that you are dave. Is that your account?")
    page.get_by_role("button", name="Yes, connect as dave").click()
    settled(page, "The portal acts there as dave")
    settled(page, "At this portal you are olivia@access-ci.org")
    page.get_by_role("button", name="Disconnect").first.click()
    expect(page.locator("#cloud-demo")).not_to_contain_text("The portal acts there as")


def test_who_cancels_is_left_at_the_cloud_and_finds_the_reason_back_here(
    demo: Demo, at: Callable[[str], Page]
) -> None:
    page = at("newbie")
    press(page)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("body")).to_contain_text("access_denied")
    page.goto(f"{demo.url}/profile/clouds/")
    settled(page, "You went to the sign-in page of")
    page.get_by_text("I was shown an error there").click()
    settled(page, f"{demo.url}/auth/websso/")


class Attacker(BaseHTTPRequestHandler):
    """A page of another site that posts a token of its own to the portal, from the victim's browser."""

    target = ""

    def do_GET(self) -> None:
        form = (
            f'<form method="post" action="{self.target}"><input name="token" value="gAAAAAattacker"></form>'
        )
        body = f"<body onload='document.forms[0].submit()'>{form}</body>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def evil(demo: Demo) -> Iterator[str]:
    handler = type("Here", (Attacker,), {"target": f"{demo.url}/auth/websso/"})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("waiting", [False, True])
def test_another_sites_page_cannot_connect_me_to_its_own_account(
    demo: Demo, at: Callable[[str], Page], evil: str, waiting: bool
) -> None:
    """Login CSRF, without and with a sign-in of the victim's own that is open."""
    page = at("newbie")
    if waiting:
        press(page)
        expect(page.locator('button[data-person="newbie"]')).to_be_visible()
    page.goto(evil)
    page.wait_for_url(f"{demo.url}/auth/websso/finish/")
    expect(page.get_by_role("heading", name="That sign-in came from somewhere else")).to_be_visible()
    page.get_by_role("link", name="Go to your connected clouds").click()
    expect(page.locator("#cloud-demo")).not_to_contain_text("Connecting.")


def test_the_clouds_page_itself_cannot_either_when_nobody_asked(
    demo: Demo, at: Callable[[str], Page]
) -> None:
    """The victim is led to the cloud by a link, as whoever is signed in there, and never pressed our button."""
    page = at("newbie")
    origin = f"{demo.url}/auth/websso/"
    page.goto(f"{demo.cloud['auth_url']}/auth/OS-FEDERATION/websso/openid?origin={origin}")
    choose(page, "alice")
    page.wait_for_url(f"{demo.url}/auth/websso/finish/")
    expect(page.get_by_role("heading", name="Nobody here asked for that sign-in")).to_be_visible()


def test_without_script_it_is_two_buttons_more(demo: Demo, at: Callable[..., Page]) -> None:
    page = at("alice", script=False)
    press(page)
    choose(page, "alice")
    page.get_by_role("button", name="If your JavaScript is disabled").click()
    page.wait_for_url(f"{demo.url}/profile/clouds/")
    assert page.locator("#cloud-demo").is_visible()


def test_whoever_is_signed_out_meanwhile_is_told(demo: Demo, at: Callable[[str], Page]) -> None:
    page = at("newbie")

    def sign_out_first(route: Route) -> None:
        page.context.clear_cookies(name="sessionid")
        route.continue_()

    page.route("**/auth/websso/", sign_out_first)
    press(page)
    choose(page, "newbie")
    expect(page.get_by_role("heading", name="You are not signed in here any more")).to_be_visible()
