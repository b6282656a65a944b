"""A hundred launches in one click when each create takes 300 ms, and another person's single one in the middle."""

import time
from typing import Any

from tests.bench.figures import Figure, middle
from tests.browser.running import Demo, demo

MACHINES, CREATE_SECONDS = 100, 0.3
PROJECT = "BIO220047"


def body(api: Any, slug: str, name: str, count: int) -> dict[str, Any]:
    flavors = api.get("flavors", params={"allocation": slug}).raise_for_status().json()
    images = api.get("images", params={"allocation": slug}).raise_for_status().json()
    flavor = next(found for found in flavors if found["name"] == "m3.tiny")
    image = next(found for found in images if found["name"] == "Featured-Ubuntu24")
    return {
        "allocation": slug,
        "name": name,
        "count": count,
        "image_id": image["id"],
        "flavor_id": flavor["id"],
        "address": "none",
    }


def allocation(api: Any) -> str:
    found = api.get("allocations").raise_for_status().json()
    slug: str = next(one["slug"] for one in found if one["project_name"] == PROJECT and one["region"] == "IU")
    return slug


def until_offered(api: Any, slug: str, seconds: float = 60) -> None:
    """Until the mirror has read flavors and images."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if api.get("images", params={"allocation": slug}).json():
            return
        time.sleep(0.5)
    raise RuntimeError("the catalogue was never read")


def created_at(api: Any, operation: dict[str, Any]) -> float | None:
    """When the create call was answered, in seconds after it was asked for."""
    from datetime import datetime

    found = api.get(f"operations/{operation['id']}").raise_for_status().json()
    asked = datetime.fromisoformat(found["created_at"])
    sent = [step for step in found["history"] if step["request_id"]]
    return (datetime.fromisoformat(sent[0]["at"]) - asked).total_seconds() if sent else None


def measure(running: Demo) -> list[Figure]:
    with running.api("alice") as alice, running.api("bob") as bob:
        slug = allocation(alice)
        until_offered(alice, slug)
        rule = {"service": "compute", "method": "POST", "path": "^/v2.1/servers$", "action": "slow"}
        running.control("POST", "faults", {**rule, "seconds": CREATE_SECONDS})
        single = body(bob, slug, "one-of-bob", 1)
        many = body(alice, slug, "class", MACHINES)
        began = time.monotonic()
        asked = alice.post("instances", json=many)
        asked.raise_for_status()
        accepted = time.monotonic() - began
        time.sleep(0.7)
        mine = bob.post("instances", json=single).raise_for_status().json()["operations"]
        time.sleep(25)
        others = [created_at(alice, operation) for operation in asked.json()["operations"]]
        ones = [created_at(bob, operation) for operation in mine]
    late = [value for value in others if value is not None]
    return [
        Figure("100 launches accepted after", accepted, "s"),
        Figure("create calls answered of 100", len(late), "calls", least=MACHINES),
        Figure(
            "last create call answered after", max(late, default=float("inf")), "s", most=20 + CREATE_SECONDS
        ),
        Figure("median create call answered after", middle(late) if late else float("inf"), "s"),
        Figure("another person's one sent after", (ones[0] or float("inf")) - CREATE_SECONDS, "s", most=1.0),
    ]


def run() -> list[Figure]:
    with demo(seed="load:5") as running:
        return measure(running)
