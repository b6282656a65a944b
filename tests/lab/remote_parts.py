"""What the checks of `tests.lab.remote` share: the portal's machines by its own API, and shells on them."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import BrowserContext, Page

from tests.lab.guest_portal import LabPortal
from tests.lab.remote_page import Shell

SLUG, PERSON = "tra220028-iu", "carol"
READY_SECONDS, STEP_SECONDS = 900.0, 600.0
# Everything runs on one machine, whose processors are emulated for the guests.
PATIENCE_MS = 180_000
# The name server of this machine, where the guests' own knows nobody outside.
RESOLVER = Path("/etc/resolv.conf")


@dataclass
class Machine:
    id: str
    address: str = ""


@dataclass
class Lab:
    portal: LabPortal
    context: BrowserContext
    shots: Path | None
    packages: bool = False
    machine: Machine = field(default_factory=lambda: Machine(""))
    hidden: Machine = field(default_factory=lambda: Machine(""))
    made: list[str] = field(default_factory=list)

    @property
    def token(self) -> str:
        people = json.loads((self.portal.folder / "people.json").read_text(encoding="utf-8"))
        return str(next(one["api_token"] for one in people if one["sign_in"] == PERSON))

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """The portal's own API, as carol."""
        answer = self.context.request.fetch(
            f"{self.portal.url}/api/v1/{path}",
            method=method,
            headers={"Authorization": f"Bearer {self.token}"},
            data=body,
        )
        if not answer.ok:
            raise RuntimeError(f"{method} {path}: {answer.status} {answer.text()[:300]}")
        return answer.json() if answer.body() else None

    def launch(self, name: str, flavor: str, *, desktop: bool = False, address: str = "automatic") -> Machine:
        self.until(lambda: self._offered(flavor) is not None, "sizes are known", 120)
        images = self.api("GET", f"images?allocation={SLUG}")
        wanted = {
            "allocation": SLUG,
            "name": name,
            "flavor_id": self._offered(flavor),
            "image_id": next(one["id"] for one in images if one["featured"]),
            "desktop": desktop,
            "address": address,
            "boot_script": self._resolver() if self.packages else "",
        }
        [operation] = self.api("POST", "instances", wanted)["operations"]
        self.made.append(str(operation["target_id"]))
        return Machine(self.made[-1])

    def _offered(self, flavor: str) -> str | None:
        found = self.api("GET", f"flavors?allocation={SLUG}")
        return next((str(one["id"]) for one in found if one["name"] == flavor), None)

    @staticmethod
    def _resolver() -> str:
        lines = RESOLVER.read_text(encoding="utf-8").splitlines()
        server = next(line.split()[1] for line in lines if line.startswith("nameserver"))
        return f"for i in $(ls /sys/class/net | grep -v lo); do resolvectl dns $i {server}; done"

    def read(self, id: str) -> dict[str, Any]:
        return dict(self.api("GET", f"instances/{id}"))

    def public_address(self, id: str) -> str:
        return str(self.read(id)["public_address"])

    def act(self, id: str, action: str, **params: Any) -> None:
        self.api("POST", f"instances/{id}/actions/{action}", params)

    def until_ready(self, machine: Machine) -> float:
        def ready() -> bool:
            found = self.read(machine.id)
            machine.address = str(found["public_address"])
            return found["setup_status"] in ("complete", "error")

        return self.until(ready, "the machine is set up", READY_SECONDS)

    def until_status(self, id: str, *wanted: str) -> float:
        return self.until(lambda: self.read(id)["status"] in wanted, f"{wanted}", STEP_SECONDS)

    def until(self, condition: Callable[[], bool], what: str, seconds: float = STEP_SECONDS) -> float:
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > seconds:
                raise AssertionError(f"{what}: not within {seconds:.0f} s")
            time.sleep(1)
        return time.monotonic() - began

    def page(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        return page

    def shell(self, machine: Machine) -> Shell:
        return Shell(self.page(), self.portal, machine.id)

    def shot(self, name: str) -> None:
        if self.shots is not None:
            self.shots.mkdir(parents=True, exist_ok=True)
            for number, page in enumerate(self.context.pages[-2:]):
                page.screenshot(path=self.shots / f"{name.replace(' ', '-')}-{number}.png")

    def delete_all(self) -> None:
        for id in self.made:
            found = self.read(id)
            if not found["deleted_at"]:
                self.api("DELETE", f"instances/{id}?confirm_name={quote(str(found['name']))}")


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
