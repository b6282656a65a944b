"""`python -m tests.bench.outage STATE PORT`: a running demo whose Nova falls ill and gets well, with real workers.

For each way of being ill: the time of the list's page before and during it, and the seconds from Nova's return until the
machine that was asked for meanwhile is made. What is asked for goes by the API; the page is fetched with a session.
"""

import json
import logging
import os
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import httpx

WAYS: dict[str, dict[str, Any]] = {
    "503": {"action": "status", "status": 503},
    "connection reset": {"action": "reset"},
    "hanging": {"action": "hang"},
}
ILL_FOR, PATIENCE = 45.0, 120.0


class Demo:
    def __init__(self, state: Path, port: int) -> None:
        cloud = json.loads((state / "cloud.json").read_text())
        people = json.loads((state / "people.json").read_text())
        token = next(person["api_token"] for person in people if person["sign_in"] == "alice")
        self.control = httpx.Client(headers={"X-Control-Key": cloud["control_key"]}, trust_env=False)
        self.control_url = cloud["control_url"]
        self.site = f"http://127.0.0.1:{port}"
        headers = {"Authorization": f"Bearer {token}"}
        self.api = httpx.Client(base_url=f"{self.site}/api/v1", headers=headers, trust_env=False, timeout=30)
        self.browser = httpx.Client(
            base_url=self.site, cookies=session_of(state), trust_env=False, timeout=30
        )

    def fall_ill(self, how: dict[str, Any]) -> None:
        self.control.post(f"{self.control_url}/faults", json={**how, "service": "compute", "region": "IU"})

    def get_well(self) -> None:
        self.control.delete(f"{self.control_url}/faults")

    def page(self, slug: str) -> tuple[float, str]:
        began = time.perf_counter()
        answer = self.browser.get(f"/allocations/{slug}/instances/")
        took = (time.perf_counter() - began) * 1000
        assert answer.status_code == 200, answer.status_code
        return took, answer.text

    def launch(self, slug: str, name: str) -> str:
        image = next(one for one in self.api.get("/images", params={"allocation": slug}).json())
        flavors = self.api.get("/flavors", params={"allocation": slug}).json()
        flavor = next(one for one in flavors if one["name"] == "m3.tiny")
        asked = {"allocation": slug, "name": name, "image_id": image["id"], "flavor_id": flavor["id"]}
        answer = self.api.post("/instances", json={**asked, "address": "none"})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["operations"][0]["id"])

    def operation(self, number: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"/operations/{number}").json()
        return found

    def made(self, operation: dict[str, Any]) -> bool:
        """Whether Nova has the machine that this operation asks for."""
        return bool(self.api.get(f"/instances/{operation['target_id']}").json()["server_id"])


def session_of(state: Path) -> dict[str, str]:
    """Alice's session, as a sign-in makes it."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from portal.accounts.models import User

    alice = User.objects.get(username__startswith="alice")
    made = SessionStore()
    made[SESSION_KEY] = str(alice.pk)
    made[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    made[HASH_SESSION_KEY] = alice.get_session_auth_hash()
    made.create()
    return {"sessionid": str(made.session_key)}


def environment(state: Path) -> Iterator[tuple[str, str]]:
    secret = json.loads((state / "secrets.json").read_text())
    yield from {
        "DEVELOPMENT": "1",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "STATE_DIR": str(state),
        "DATABASE_URL": f"sqlite:///{state}/portal.sqlite3",
        "SECRET_KEY": secret["secret_key"],
        "SEAL_KEYS": secret["seal_key"],
    }.items()


def measure(demo: Demo, slug: str, name: str, how: dict[str, Any]) -> str:
    before = [demo.page(slug)[0] for _ in range(15)]
    demo.fall_ill(how)
    number = demo.launch(slug, f"outage-{name.split(' ')[-1]}")
    during, named_after, began = [], None, time.monotonic()
    while time.monotonic() - began < ILL_FOR:
        took, text = demo.page(slug)
        during.append(took)
        if named_after is None and "does not answer since" in text:
            named_after = time.monotonic() - began
        time.sleep(1)
    waiting = demo.operation(number)
    assert not demo.made(waiting)
    demo.get_well()
    well = time.monotonic()
    while not demo.made(waiting):
        assert time.monotonic() - well < PATIENCE, demo.operation(number)
        time.sleep(0.1)
    recovered = time.monotonic() - well
    return (
        f"{name:17} page {statistics.median(before):5.0f} ms -> {statistics.median(during):5.0f} ms "
        f"(worst {max(during):5.0f}); named after {named_after or -1:4.1f} s; "
        f"launch was {waiting['state']}, made {recovered:4.1f} s after Nova's return"
    )


def main() -> None:
    state, port = Path(sys.argv[1]), int(sys.argv[2])
    os.environ.update(environment(state))
    django.setup()
    logging.getLogger("httpx").setLevel(logging.WARNING)
    demo = Demo(state, port)
    slug = next(
        found["slug"]
        for found in demo.api.get("/allocations").json()
        if found["slug"].startswith("bio220047-iu")
    )
    for name, how in WAYS.items():
        try:
            sys.stdout.write(measure(demo, slug, name, how) + "\n")
            sys.stdout.flush()
        finally:
            demo.get_well()
        time.sleep(10)


if __name__ == "__main__":
    main()
