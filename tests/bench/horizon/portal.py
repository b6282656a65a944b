"""Our portal on the lab, with its workers, through the counting proxy; and a person who is signed in and connected."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext

from tests.bench.horizon import lab
from tests.bench.horizon.proxy import Counting
from tests.browser.running import Demo, demo

CONFIG = Path(__file__).resolve().parents[3] / "portal/conf/lab"
# Who signs in at the portal; at the lab it is lab.PERSON.
SIGNS_IN = "alice"
VIEW = {"width": 1280, "height": 900}
_READ_SECONDS = 120.0


@dataclass(frozen=True)
class Portal:
    demo: Demo
    slug: str
    context: BrowserContext

    @property
    def url(self) -> str:
        return self.demo.url

    @property
    def list_url(self) -> str:
        return f"{self.url}/allocations/{self.slug}/instances/"

    def session(self) -> str:
        cookies = self.context.cookies(self.url)
        return next(one["value"] for one in cookies if one["name"] == "sessionid")

    def machines(self) -> list[dict[str, Any]]:
        """What the portal knows, through its own API."""
        found: list[dict[str, Any]] = []
        after = ""
        with self.demo.api(SIGNS_IN) as api:
            while True:
                query = {"allocation": self.slug, **({"after": after} if after else {})}
                page = api.get("instances", params=query).raise_for_status().json()
                found += page["items"]
                after = page["next"]
                if not after:
                    return found


@contextmanager
def portal(browser: Browser, counted: Counting) -> Iterator[Portal]:
    """Ready when the mirror has read the project once."""
    places = {
        "LAB_AUTH_URL": counted.auth_url,
        "LAB_FEDERATION_AUTH_URL": f"http://127.0.0.1:{counted.ports['keystone-federation']}/v3",
    }
    with demo(config=CONFIG, variables=places) as running:
        context = browser.new_context(viewport=VIEW)  # type: ignore[arg-type]
        context.set_default_timeout(_READ_SECONDS * 1000)
        try:
            _enter(context, running)
            yield Portal(running, _slug(running), context)
        finally:
            context.close()
            withdraw(running.url)


def withdraw(url: str) -> None:
    """Delete the application credentials that the portal at this address made for itself: it goes for good."""
    cloud = lab.connect()
    path = f"/users/{cloud.current_user_id}/application_credentials"
    for one in cloud.identity.get(path).json()["application_credentials"]:
        if urlsplit(url).netloc in one["name"]:
            cloud.identity.delete(f"{path}/{one['id']}").raise_for_status()


def _enter(context: BrowserContext, running: Demo) -> None:
    """Sign in, and connect the lab by name and password, as a person does."""
    page = context.new_page()
    page.goto(running.url)
    page.locator("form[action*='process=login'] button").first.click()
    page.locator(f'button[data-person="{SIGNS_IN}"]').click()
    page.wait_for_url(f"{running.url}/**")
    page.goto(f"{running.url}/profile/clouds/lab/connect/password/")
    page.get_by_label("User name").fill(lab.PERSON)
    page.get_by_label("Password").fill(lab.PASSWORD)
    page.get_by_role("button", name="Connect", exact=True).click()
    page.wait_for_load_state()
    page.close()


def _slug(running: Demo) -> str:
    """Of the bench's project, once its machines were read."""
    end = time.monotonic() + _READ_SECONDS
    with running.api(SIGNS_IN) as api:
        while time.monotonic() < end:
            time.sleep(0.5)
            found = [one for one in api.get("allocations").json() if one["project_name"] == lab.PROJECT]
            if not found:
                continue
            slug: str = found[0]["slug"]
            page = api.get("instances", params={"allocation": slug}).json()
            if page["items"] or page.get("read_at"):
                return slug
    raise lab.NoLab(
        f"The portal did not read {lab.PROJECT} within {_READ_SECONDS:.0f} s; see {running.folder}/logs."
    )
