"""Machines of their own for browser tests, launched on the demo cloud by the API."""

import time
from typing import Any

import httpx

LAUNCH_SECONDS = 240.0


def launched(api: httpx.Client, slug: str, name: str, **more: Any) -> dict[str, Any]:
    """A small Ubuntu machine that is running, set up and reachable, as the API tells it."""
    images = _items(api.get("images", params={"allocation": slug}).json())
    flavors = _items(api.get("flavors", params={"allocation": slug}).json())
    wanted = {
        "allocation": slug,
        "name": name,
        "image_id": next(one["id"] for one in images if "Ubuntu" in one["name"]),
        "flavor_id": next(one["id"] for one in flavors if one["name"] == "m3.small"),
        **more,
    }
    answer = api.post("instances", json=wanted)
    assert answer.status_code == 202, answer.text
    found = answer.json()["operations"][0]["target_id"]
    end = time.monotonic() + LAUNCH_SECONDS
    while True:
        now: dict[str, Any] = api.get(f"instances/{found}").json()
        if now["status"] == "ACTIVE" and now.get("setup_status") == "complete":
            return now
        assert time.monotonic() < end, now
        time.sleep(0.5)


def _items(found: Any) -> list[dict[str, Any]]:
    return found if isinstance(found, list) else list(found["items"])
