"""Which course templates a person may use, and one of them as the form of a workshop takes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from allocations.access import Person, allocations_of
from allocations.models import Allocation
from instances.workshops.courses.filling import of_content
from instances.workshops.courses.models import CourseTemplate, CourseVersion
from instances.workshops.courses.parameters import Parameter
from instances.workshops.courses.wanted import Content
from instances.workshops.models import Workshop
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.seal import unseal


@dataclass(frozen=True, slots=True)
class Using:
    """A version in use. `first`: what the form begins with; `latest`: the number of the newest version."""

    version: CourseVersion
    parameters: tuple[Parameter, ...]
    first: Mapping[str, Any]
    latest: int

    def course(self, values: Mapping[str, str]) -> dict[str, Any]:
        """As a workshop keeps it."""
        return {
            "id": str(self.version.template_id),
            "version": self.version.number,
            "values": dict(values),
        }


def offered(user: Person, allocation: Allocation) -> QuerySet[CourseTemplate]:
    """Those of the allocation, which came through its door, and those published for everybody at its cloud."""
    here = Q(allocation=allocation) | Q(allocation=None, cloud__in=("", allocation.cloud))
    return CourseTemplate.objects.filter(here, retired_at=None).order_by("title", "pk")


def template_for(user: Person, id: UUID | str) -> CourseTemplate:
    """One that the person may see: of an allocation of theirs, or published. `workshops:no-template` for others."""
    if not isinstance(user, User):
        raise PortalError("portal:sign-in")
    mine = Q(allocation=None) | Q(allocation__in=allocations_of(user).values("pk"))
    rows = CourseTemplate.objects.select_related("allocation", "made_by")
    found = rows.filter(pk=id).filter(Q() if user.is_operator else mine).first()
    if found is None:
        raise PortalError("workshops:no-template")
    return found


def chosen(user: User, allocation: Allocation, name: str) -> Using | None:
    """`name`: the id of a template, and after a full stop the number of a version where it is not the newest."""
    if not name:
        return None
    key, _, number = name.partition(".")
    if not number.isdecimal() and number:
        raise PortalError("workshops:no-template")
    try:
        found = offered(user, allocation).filter(pk=UUID(key)).first()
    except ValueError:
        raise PortalError("workshops:no-template") from None
    if found is None:
        raise PortalError("workshops:no-template")
    return using(found, int(number[:6]) if number else None)


def of_workshop(user: User, workshop: Workshop) -> Using | None:
    """What a workshop was made from, also where the template is retired by now."""
    course = workshop.course
    if not course.get("id"):
        return None
    found = CourseTemplate.objects.filter(pk=course["id"]).first()
    return using(found, int(course.get("version") or 0)) if found else None


def using(template: CourseTemplate, number: int | None = None) -> Using:
    newest = template.versions.first()
    version = newest if number is None else template.versions.filter(number=number).first()
    if version is None or newest is None:
        raise PortalError("workshops:no-template")
    parameters = parameters_of(version)
    script = unseal(version.sealed_boot_script) if version.sealed_boot_script else ""
    return Using(
        version,
        parameters,
        {
            **of_content(Content.model_validate(version.content)),
            "boot_script": script,
            "template": f"{template.pk}.{version.number}",
            **{f"p_{one.name}": one.default for one in parameters if one.default},
        },
        newest.number,
    )


def parameters_of(version: CourseVersion) -> tuple[Parameter, ...]:
    return tuple(Parameter.model_validate(one) for one in version.parameters)
