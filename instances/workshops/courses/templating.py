"""Course templates: made from a workshop or from CACAO's files, given new versions, published, retired."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from allocations.access import allocation_by_id, require_operator
from allocations.models import Allocation
from allocations.roles import Need
from instances.models import CatalogueItem
from instances.workshops.access import plannable, workshop_for
from instances.workshops.courses import cacao
from instances.workshops.courses.models import CourseTemplate, CourseVersion
from instances.workshops.courses.parameters import BadValues, Parameter, twins, with_values
from instances.workshops.courses.services import script_of
from instances.workshops.courses.using import parameters_of, template_for
from instances.workshops.courses.wanted import Content
from instances.workshops.models import Workshop
from instances.workshops.rights import Right
from portal.accounts.models import User
from portal.core import audit
from portal.core.errors import PortalError
from portal.core.seal import seal

_FIELDS = tuple(Content.model_fields)


@transaction.atomic
def save_as(*, workshop: Workshop, by: User, title: str, note: str = "") -> CourseVersion:
    """A template of the workshop's allocation: what it is made of, without its dates, people and data."""
    held = workshop_for(by, workshop.pk, Right.PLAN)
    plannable(by, held.allocation.slug)
    template = _make(held.allocation, by, title, held.summary, "workshop")
    return _version(template, by, _content_of(held), script_of(held), _asked_by(held), (), note)


@transaction.atomic
def new_version(*, template: CourseTemplate, workshop: Workshop, by: User, note: str = "") -> CourseVersion:
    """What the workshop is now, as the newest version; older ones stay as they are."""
    found = changeable(by, template.pk)
    held = workshop_for(by, workshop.pk, Right.PLAN)
    if found.retired_at is not None:
        raise PortalError("workshops:template-retired", title=found.title)
    if found.allocation_id not in (None, held.allocation_id):
        raise PortalError("workshops:no-template")
    return _version(found, by, _content_of(held), script_of(held), _asked_by(held), (), note)


@transaction.atomic
def from_cacao(*, allocation: Allocation, by: User, course: cacao.Course, title: str = "") -> CourseVersion:
    """What of their files can be had, and a list of what cannot."""
    allocation = plannable(by, allocation.slug)
    template = _make(allocation, by, title or course.title, course.summary, "cacao")
    content = Content.model_validate({"summary": course.summary, **_found_at(allocation, course.first)})
    script = '#!/bin/bash\n# The values of the template are here, each by its name: "$name".\n'
    parameters = list(course.parameters)
    return _version(template, by, content, script if parameters else "", parameters, course.cannot, "")


@transaction.atomic
def publish(*, template: CourseTemplate, by: User) -> CourseTemplate:
    """For everybody at its cloud: an operator's copy of its newest version, which the allocation no longer changes."""
    require_operator(by)
    found = template_for(by, template.pk)
    newest = found.versions.first()
    if newest is None or found.allocation is None:
        raise PortalError("workshops:no-template")
    made = CourseTemplate.objects.create(
        allocation=None,
        cloud=found.allocation.cloud,
        title=found.title,
        summary=found.summary,
        origin=found.origin,
        made_by=by,
        made_at=timezone.now(),
    )
    newest.pk, newest.template, newest.number = None, made, 1
    newest.made_by, newest.made_at = by, timezone.now()
    newest._state.adding = True
    newest.save()
    _record("template.publish", found, by)
    return made


@transaction.atomic
def retire(*, template: CourseTemplate, by: User) -> None:
    """Offered no more; workshops that were made from it keep what they have. Done twice it is done once."""
    found = changeable(by, template.pk)
    if found.retired_at is None:
        found.retired_at = timezone.now()
        found.save(update_fields=["retired_at"])
        _record("template.retire", found, by)


def changeable(by: User, id: UUID) -> CourseTemplate:
    """Behind its door: who may plan workshops in its allocation changes it; of published ones an operator."""
    found = template_for(by, id)
    if found.allocation_id is None:
        require_operator(by)
    else:
        allocation_by_id(by, found.allocation_id, Need.LAUNCH)
    return CourseTemplate.objects.select_for_update().get(pk=found.pk)


def _make(allocation: Allocation, by: User, title: str, summary: str, origin: str) -> CourseTemplate:
    name = title.strip()[:120]
    if not name:
        raise PortalError("workshops:bad-input", reason="Give the template a name.")
    try:
        with transaction.atomic():
            made = CourseTemplate.objects.create(
                allocation=allocation,
                cloud=allocation.cloud,
                title=name,
                summary=summary[:2000],
                origin=origin,
                made_by=by,
                made_at=timezone.now(),
            )
    except IntegrityError:
        raise PortalError("workshops:template-title", title=name) from None
    _record("template.make", made, by)
    return made


def _version(
    template: CourseTemplate,
    by: User,
    content: Content,
    script: str,
    parameters: Sequence[Parameter],
    cannot: Sequence[str],
    note: str,
) -> CourseVersion:
    if twin := twins(parameters):
        raise PortalError("workshops:bad-parameters", reason=f"Two values are called “{twin}”.")
    try:
        with_values(script, {one.name: one.default for one in parameters})
    except BadValues as wrong:
        raise PortalError("workshops:bad-parameters", reason=str(wrong)) from None
    newest = template.versions.first()
    made = CourseVersion.objects.create(
        template=template,
        number=newest.number + 1 if newest else 1,
        note=note.strip()[:200],
        content=content.model_dump(mode="json"),
        sealed_boot_script=seal(script) if script.strip() else "",
        parameters=[one.model_dump(mode="json") for one in parameters],
        cannot=list(cannot)[:60],
        made_by=by,
        made_at=timezone.now(),
    )
    _record("template.version", template, by, version=made.number)
    return made


def _content_of(workshop: Workshop) -> Content:
    return Content.model_validate({name: getattr(workshop, name) for name in _FIELDS})


def _asked_by(workshop: Workshop) -> list[Parameter]:
    """The parameters of the template that the workshop was made from: their values now are what is suggested next."""
    course = workshop.course
    version = CourseVersion.objects.filter(template_id=course.get("id"), number=course.get("version")).first()
    if not course.get("id") or version is None:
        return []
    values = course.get("values", {})
    return [
        one.model_copy(update={"default": str(values.get(one.name, one.default))})
        for one in parameters_of(version)
    ]


def _found_at(allocation: Allocation, first: Mapping[str, Any]) -> dict[str, str]:
    """Ids of what the files name, where the cloud has something of that name."""
    found: dict[str, str] = {}
    for name_field, id_field, kind in (
        ("image_name", "image_id", CatalogueItem.Kind.IMAGE),
        ("flavor_name", "flavor_id", CatalogueItem.Kind.FLAVOR),
    ):
        name = first.get(name_field, "")
        item = (
            CatalogueItem.objects.filter(allocation=allocation, kind=kind, name=name).first()
            if name
            else None
        )
        if item is not None:
            found |= {id_field: item.cloud_id, name_field: item.name}
    return found


def _record(action: str, template: CourseTemplate, by: User, **detail: object) -> None:
    audit.record(
        action,
        by=by,
        scope=f"allocation.{template.allocation_id}" if template.allocation_id else "",
        target_type="course-template",
        target_id=template.pk,
        target_name=template.title,
        **detail,
    )
