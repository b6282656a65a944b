"""Course templates: kept, used again, given versions that never change, published, retired; also in the launch form."""

import json
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from allocations.models import Allocation
from instances.workshops.courses import cacao, services, templating, using
from instances.workshops.courses.models import CourseTemplate, CourseVersion
from instances.workshops.courses.wanted import Wanted
from instances.workshops.models import Workshop
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.seal import unseal
from tests.instances.workshops.courses.conftest import wanted
from tests.instances.workshops.courses.test_cacao import METADATA, UI
from tests.instances.workshops.courses.test_pages import typed


def refused(id: str) -> Any:
    return pytest.raises(PortalError, match=rf"^{id}\b")


@pytest.fixture
def course(draft: Workshop, member: User) -> CourseVersion:
    """A template made from the draft, with a script."""
    change = Wanted.model_validate({"boot_script": "#!/bin/sh\necho hi\n", "steps": ["One"], "sudo": True})
    services.change(workshop=draft, by=member, wanted=change)
    draft.refresh_from_db()
    return templating.save_as(workshop=draft, by=member, title="Single cells", note="first")


@pytest.fixture
def asking(place: Allocation, member: User) -> CourseVersion:
    """One that asks for values."""
    return templating.from_cacao(
        allocation=place, by=member, course=cacao.read(json.dumps(METADATA), json.dumps(UI))
    )


def test_a_template_keeps_what_a_course_is_made_of_and_no_dates_or_people(course: CourseVersion) -> None:
    assert course.number == 1 and course.content["image_id"] == "ubuntu-new"
    assert course.content["steps"] == ["One"] and course.content["sudo"] is True
    assert "echo hi" not in json.dumps(course.content) + course.sealed_boot_script
    assert "echo hi" in unseal(course.sealed_boot_script)
    assert not {"seats", "meetings", "title", "data", "su_cap"} & set(course.content)


def test_a_version_is_never_changed(course: CourseVersion) -> None:
    course.note = "other"
    with pytest.raises(ValueError, match="never changed"):
        course.save()


def test_a_new_version_stands_beside_the_old_one(
    course: CourseVersion, draft: Workshop, member: User
) -> None:
    services.change(workshop=draft, by=member, wanted=Wanted.model_validate({"steps": ["One", "Two"]}))
    draft.refresh_from_db()
    second = templating.new_version(template=course.template, workshop=draft, by=member)
    assert second.number == 2 and using.using(course.template).version == second
    assert using.using(course.template, 1).version.content["steps"] == ["One"]


def test_names_are_taken_once_and_free_again_once_retired(
    course: CourseVersion, draft: Workshop, member: User
) -> None:
    with refused("workshops:template-title"), transaction.atomic():
        templating.save_as(workshop=draft, by=member, title="Single cells")
    templating.retire(template=course.template, by=member)
    templating.retire(template=course.template, by=member)
    assert templating.save_as(workshop=draft, by=member, title="Single cells").number == 1
    with refused("workshops:template-retired"):
        templating.new_version(template=course.template, workshop=draft, by=member)


def test_only_an_operator_publishes_and_then_it_is_everybodys_at_that_cloud(
    course: CourseVersion, member: User, operator: User, other_allocation: Allocation, stranger: User
) -> None:
    with refused("allocations:operators-only"):
        templating.publish(template=course.template, by=member)
    made = templating.publish(template=course.template, by=operator)
    assert list(using.offered(stranger, other_allocation)) == [made]
    found = using.chosen(stranger, other_allocation, str(made.pk))
    assert found is not None and found.version.number == 1
    with refused("allocations:operators-only"):
        templating.retire(template=made, by=member)
    other_allocation.cloud = "elsewhere"
    assert not using.offered(stranger, other_allocation).exists()


def test_a_stranger_sees_and_uses_none(
    course: CourseVersion, stranger: User, other_allocation: Allocation
) -> None:
    with refused("workshops:no-template"):
        using.template_for(stranger, course.template_id)
    with refused("workshops:no-template"):
        using.chosen(stranger, other_allocation, str(course.template_id))
    with refused("workshops:no-template"):
        templating.retire(template=course.template, by=stranger)


@pytest.mark.parametrize("name", ["x", "1.1", "{pk}.99", "{pk}.x", "{pk}.-1", "{pk}.1.1"])
def test_what_names_no_version_is_refused(
    course: CourseVersion, member: User, place: Allocation, name: str
) -> None:
    with refused("workshops:no-template"):
        using.chosen(member, place, name.format(pk=course.template_id))


def test_the_form_begins_with_a_template_and_the_workshop_remembers_it(
    course: CourseVersion, as_member: Client, place: Allocation
) -> None:
    url = reverse("workshops:new", args=[place.slug])
    shown = as_member.get(f"{url}?template={course.template_id}").content.decode()
    assert "echo hi" in shown and "Made from “Single cells”, version 1" in shown
    as_member.post(url, typed(template=f"{course.template_id}.1", boot_script="#!/bin/sh\necho hi\n"))
    made = Workshop.objects.latest("created_at")
    assert made.course == {"id": str(course.template_id), "version": 1, "values": {}}


def test_values_are_asked_for_and_get_into_the_script_quoted(
    asking: CourseVersion, as_member: Client, place: Allocation
) -> None:
    url = reverse("workshops:new", args=[place.slug])
    shown = as_member.get(f"{url}?template={asking.template_id}").content.decode()
    assert 'name="p_threads"' in shown and "With Jupyter" in shown and "Terraform is not run" in shown
    sent = typed(template=f"{asking.template_id}.1", boot_script="#!/bin/bash\nrun\n", p_data_set="large")
    bad = as_member.post(url, {**sent, "p_threads": "many"})
    assert bad.status_code == 422 and "Threads: A whole number" in bad.content.decode()
    as_member.post(url, {**sent, "p_threads": "8", "p_data_set": "large"})
    made = Workshop.objects.latest("created_at")
    assert made.course["values"] == {"jupyter": "false", "threads": "8", "data_set": "large"}
    whole = unseal(made.sealed_boot_script)
    assert "export threads=8" in whole and whole.endswith("run\n")
    assert services.script_of(made) == "#!/bin/bash\nrun\n"
    edited = as_member.get(reverse("workshops:edit", args=[made.pk])).content.decode()
    assert "export threads" not in edited and 'value="8"' in edited


def test_values_need_a_shell_script(asking: CourseVersion, as_member: Client, place: Allocation) -> None:
    sent = typed(template=f"{asking.template_id}.1", p_threads="8", boot_script="#!/usr/bin/python3\nprint()")
    answer = as_member.post(reverse("workshops:new", args=[place.slug]), sent)
    assert answer.status_code == 422 and "this one is for “" in answer.content.decode()


def test_cacaos_image_and_size_are_found_by_name_where_the_cloud_has_them(asking: CourseVersion) -> None:
    assert asking.content["flavor_id"] == "2"
    assert asking.content["image_name"] == "Featured-Ubuntu24"
    assert any("Terraform" in text for text in asking.cannot)


def test_pages_show_what_becomes_of_cacaos_files_before_anything_is_made(
    place: Allocation, as_member: Client
) -> None:
    url = reverse("workshops:cacao", args=[place.slug])
    sent = {"metadata_text": json.dumps(METADATA), "ui_text": json.dumps(UI), "do": "look"}
    shown = as_member.post(url, sent).content.decode()
    assert "Cannot be had here" in shown and "With Jupyter" in shown
    assert not CourseTemplate.objects.exists()
    made = as_member.post(url, {**sent, "do": "make", "title": "From CACAO"})
    template = CourseTemplate.objects.get()
    assert made["Location"] == reverse("workshops:template", args=[place.slug, template.pk])
    assert "To be filled in" in as_member.get(made["Location"]).content.decode()
    bad = as_member.post(url, {"metadata_text": "{", "do": "look"})
    assert bad.status_code == 422 and "metadata.json is no JSON" in bad.content.decode()


def test_pages_save_show_and_retire(course: CourseVersion, draft: Workshop, as_member: Client) -> None:
    slug = draft.allocation.slug
    answer = as_member.post(reverse("workshops:save-template", args=[draft.pk]), {"title": "Another"})
    assert answer.status_code == 302
    taken = as_member.post(reverse("workshops:save-template", args=[draft.pk]), {"title": "Another"})
    assert taken.status_code == 409
    shown = as_member.get(reverse("workshops:templates", args=[slug])).content.decode()
    assert "Another" in shown and "Single cells" in shown
    url = reverse("workshops:template", args=[slug, course.template_id])
    assert as_member.post(url, {"do": "publish"}).status_code in (403, 404)
    assert as_member.post(url, {"do": "retire"}).status_code == 302
    assert "offered no more" in as_member.get(url).content.decode()


def test_the_launch_form_takes_the_same_templates(
    asking: CourseVersion, course: CourseVersion, as_member: Client, place: Allocation
) -> None:
    url = reverse("instances:launch", args=[place.slug])
    assert "Fill in from Single cells" in as_member.get(url).content.decode()
    shown = as_member.get(f"{url}?template={course.template_id}").content.decode()
    assert "echo hi" in shown
    shown = as_member.get(f"{url}?template={asking.template_id}").content.decode()
    assert "export threads=4" in shown
    assert as_member.get(f"{url}?template=nonsense").status_code == 404


def test_a_version_made_from_a_workshop_suggests_its_values(
    asking: CourseVersion, place: Allocation, member: User
) -> None:
    values = {"threads": "16", "data_set": "large", "jupyter": "true"}
    made = services.create(
        allocation=place,
        by=member,
        wanted=wanted(),
        course={"id": str(asking.template_id), "version": 1, "values": values},
    )
    second = templating.new_version(template=asking.template, workshop=made, by=member)
    assert {one.name: one.default for one in using.parameters_of(second)} == values
