"""What the form of a workshop shows at first: what was kept, or what most people want."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils import timezone

from instances.choices import LaunchChoices
from instances.workshops.courses import dates
from instances.workshops.courses.services import UNTITLED, meetings_of, script_of
from instances.workshops.courses.wanted import Content, spares_for
from instances.workshops.models import Workshop
from portal.accounts import time_zones
from portal.accounts.models import User

SEATS = 20
_SAME = (
    *("title", "summary", "seats", "spares", "time_zone", "image_id", "flavor_id", "boot_volume_gb"),
    *("start_up", "desktop", "start_port", "start_path", "hand_out", "house_rules", "repository_url"),
    *("repository_ref", "login", "sudo", "between", "keep_days", "ready_minutes", "tail_minutes", "su_cap"),
)


def of_new(choices: LaunchChoices, user: User) -> dict[str, Any]:
    """In a week, in the afternoon, for twenty: an example that is quicker to change than to fill in."""
    day = timezone.now().astimezone(time_zones.zone_of(user)).date() + timedelta(days=7)
    return {
        "seats": SEATS,
        "spares": spares_for(SEATS),
        "when": "once",
        "day": f"{day:%Y-%m-%d}",
        "begins": "13:00",
        "ends": "16:00",
        "time_zone": str(time_zones.zone_of(user)),
        "image_id": _first_image(choices),
        "flavor_id": _first_size(choices),
        "disk": "image",
        "start_up": "shell",
        "login": "learner",
        "entry": "link",
        "between": "shelve",
        "keep_days": 3,
        "ready_minutes": 15,
        "tail_minutes": 15,
    }


def of_content(content: Content) -> dict[str, Any]:
    """What a course template says of the fields of the form."""
    found = {
        name: value for name, value in content.model_dump(mode="json").items() if value not in ("", None)
    }
    steps = "\n".join(found.pop("steps", []))
    for name in ("desktop", "sudo"):
        found[name] = "on" if found.get(name) else ""
    disk = "volume" if content.boot_volume_gb else "image"
    return {**found, "steps": steps, "disk": disk}


def of_workshop(workshop: Workshop) -> dict[str, Any]:
    found = {name: getattr(workshop, name) for name in _SAME}
    data = {name: _typed(value) for name, value in found.items()}
    if workshop.title == UNTITLED:
        data["title"] = ""
    admits = workshop.admits if isinstance(workshop.admits, Mapping) else {}
    return {
        **data,
        **_times(workshop),
        "disk": "volume" if workshop.boot_volume_gb else "image",
        "steps": "\n".join(workshop.steps),
        "boot_script": script_of(workshop),
        "kept": list(range(len(workshop.data))),
        "entry": "roster" if admits.get("roster_only") else "link",
        "domains": " ".join(admits.get("domains", ())),
        "approve": _typed(bool(admits.get("approve"))),
        "guests": _typed(bool(admits.get("guests"))),
        **{f"p_{name}": value for name, value in workshop.course.get("values", {}).items()},
    }


def _times(workshop: Workshop) -> dict[str, Any]:
    """A list says any rhythm; a single meeting is easier to read in fields of its own."""
    meetings = meetings_of(workshop)
    if len(meetings) == 1 and not meetings[0].title:
        one = meetings[0]
        hours = {"begins": f"{one.begins:%H:%M}", "ends": f"{one.ends:%H:%M}"}
        return {"when": "once", "day": f"{one.day:%Y-%m-%d}", **hours}
    if meetings:
        return {"when": "days", "days": dates.text_of(meetings)}
    return {"when": "once"}


def _typed(value: Any) -> Any:
    """As a browser would send it."""
    if isinstance(value, bool):
        return "on" if value else ""
    return "" if value is None else value


def _first_image(choices: LaunchChoices) -> str:
    """The operator's first system, in its first version."""
    for kind in sorted(choices.types, key=lambda kind: not kind.primary):
        for version in sorted(kind.versions, key=lambda version: not version.primary):
            return version.image.id
    return ""


def _first_size(choices: LaunchChoices) -> str:
    return next((flavor.id for group in choices.groups for flavor in group.flavors), "")
