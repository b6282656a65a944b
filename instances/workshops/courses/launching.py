"""Course templates in the launch form: one machine of what a course is made of, by `?template=`."""

from collections.abc import Mapping
from typing import Any

from allocations.models import Allocation
from instances.hooks_launch import LaunchPart, launch_first, launch_part
from instances.workshops.courses import using
from instances.workshops.courses.parameters import with_values
from instances.workshops.courses.wanted import Content
from portal.accounts.models import User

NAME = "course"


@launch_first
def first(allocation: Allocation, by: User, query: Mapping[str, str]) -> dict[str, Any]:
    """Fields of the form. What is to be filled in stands at the head of the script, with what is suggested."""
    used = using.chosen(by, allocation, query.get("template", ""))
    if used is None:
        return {}
    content = Content.model_validate(used.version.content)
    values = {one.name: one.default for one in used.parameters}
    found: dict[str, Any] = {
        "image_id": content.image_id,
        "flavor_id": content.flavor_id,
        "desktop": content.desktop,
        "boot_script": with_values(str(used.first["boot_script"]), values),
        "template": query["template"],
    }
    if content.boot_volume_gb:
        found |= {"disk": "volume", "boot_volume_gb": content.boot_volume_gb}
    return {name: value for name, value in found.items() if value}


def context(allocation: Allocation, by: User, given: Mapping[str, str]) -> dict[str, Any]:
    chosen = given.get("template", "").partition(".")[0]
    return {"course_templates": list(using.offered(by, allocation)[:50]), "course_chosen": chosen}


launch_part(
    LaunchPart(
        name=NAME,
        template="workshops/courses/_launch.html",
        # A template only fills the form in: the launch keeps nothing of it.
        read=lambda given: None,
        context=context,
        check=lambda allocation, by, flavor_name, extra: (),
        apply=lambda allocation, by, machines, extra: None,
        says=lambda allocation, flavor_name, vcpus, extra: "",
    )
)
