"""Somebody at the portal, in a browser: what they press, and what they see."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Error, Page, Route, expect

PROVIDER = "http://127.0.0.1:9443"
CLOUD = "lab"
PATIENCE = 40.0


@dataclass
class Visitor:
    page: Page
    url: str
    shots: Path | None = None
    addresses: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.addresses.append(request.url))

    def shot(self, name: str) -> None:
        if self.shots is None:
            return
        self.shots.mkdir(parents=True, exist_ok=True)
        for width in (1280, 390):
            self.page.set_viewport_size({"width": width, "height": 900})
            self.page.screenshot(path=self.shots / f"{name}-{width}.png", full_page=True)
        self.page.set_viewport_size({"width": 1280, "height": 900})

    def begins_to_sign_in(self) -> None:
        self.page.goto(self.url)
        self.presses("Sign in with CILogon")
        self.page.wait_for_url(f"{PROVIDER}/login/**")

    def chooses(self, person: str) -> None:
        """At the provider; nobody: cancel."""
        self.page.locator(f'button[name="login"][value="{person}"]').click()

    def sign_in(self, person: str) -> None:
        self.begins_to_sign_in()
        self.chooses(person)
        self.page.wait_for_url(f"{self.url}/**")
        self.opens_clouds()
        self.waits_until(lambda: not self._says("Connecting."), "connected or refused")

    def opens_clouds(self) -> None:
        self.page.goto(f"{self.url}/profile/clouds/")

    def _says(self, words: str) -> bool:
        return words in self.page.locator(f"#cloud-{CLOUD}").inner_text()

    def sees(self, *words: str, seconds: float = PATIENCE) -> None:
        for some in words:
            expect(self.page.locator(f"#cloud-{CLOUD}")).to_contain_text(some, timeout=seconds * 1000)

    def reads(self, words: str) -> None:
        expect(self.page.get_by_role("heading", name=words).first).to_be_visible()

    def presses(self, label: str) -> None:
        self.page.get_by_role("button", name=re.compile(f"^{re.escape(label)}")).first.click()

    def disconnects(self) -> None:
        self.presses("Disconnect")
        expect(self.page.locator(f"#cloud-{CLOUD}")).not_to_contain_text("The portal acts there as")

    def presses_the_button(self) -> None:
        button = self.page.locator(f"#cloud-{CLOUD}").get_by_role("button", name="Sign in at")
        if not button.is_visible():
            self.page.locator(f"#cloud-{CLOUD} summary", has_text="in another way").click()
        button.click()

    def forgets_the_provider(self) -> None:
        """As with a browser of its own: the provider and the cloud know nobody any more."""
        self.page.context.clear_cookies(domain="127.0.0.1")

    def goes_to_the_cloud(self, person: str) -> None:
        self.presses_the_button()
        self._until_somewhere(person)
        self.page.wait_for_url(f"{self.url}/profile/clouds/")
        self.waits_until(lambda: not self._says("Connecting."), "an answer")

    def _until_somewhere(self, person: str) -> None:
        """The provider asks who it is, unless it knows the browser."""
        away = re.compile(rf"^(?!{re.escape(self.url)}/profile/clouds/{CLOUD}/)")
        self.page.wait_for_url(away)
        self.page.wait_for_load_state()
        if self.page.url.startswith(f"{PROVIDER}/login/"):
            self.chooses(person)

    def changes_the_origin(self, origin: str) -> None:
        """The portal as it is when its operator did not register its address."""

        def other(route: Route) -> None:
            base = route.request.url.partition("?")[0]
            route.fulfill(status=302, headers={"Location": f"{base}?origin={origin}"})

        self.page.route(re.compile(r"/websso/openid\?origin=http%3A%2F%2Flocalhost%3A(?!9%2F)"), other)

    def is_left_at_the_cloud(self, person: str, words: str) -> None:
        self.presses_the_button()
        self._until_somewhere(person)
        expect(self.page.locator("body")).to_contain_text(words)
        assert not self.page.url.startswith(self.url), self.page.url

    def finds_no_page(self) -> None:
        """The browser's own page that says that nothing answers."""
        self.waits_until(
            lambda: "chrome-error" in self.page.url or "127.0.0.1:5001" in self.page.url, "no page"
        )

    def finds_the_reason(self) -> None:
        """Back at the portal, the page says what may have happened and what to do."""
        for _ in range(5):
            try:
                self.opens_clouds()
                break
            except Error:  # the way to the cloud was still going on
                time.sleep(0.5)
        self.sees("You went to the sign-in page of")
        self.page.get_by_text("I was shown an error there").click()
        self.sees("Requires authentication", f"{self.url}/auth/websso/")

    def waits_until(self, condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"{what}: not within {seconds:.0f} s"
            self.page.wait_for_timeout(300)
