"""Free GPUs on the launch form: told where Placement may be asked, and nothing misleading where not."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from allocations.models import Allocation
from instances.choices import launch_choices
from portal.cloud import tokens
from tests.instances.demo import Project

pytestmark = pytest.mark.django_db(transaction=True)


def told(project: Project) -> dict[str, str]:
    project.allocation.refresh_from_db()
    found = launch_choices(project.allocation, project.people["bob"])
    return {flavor.name: flavor.gpus_free for group in found.groups for flavor in group.flavors}


def gpus(project: Project, **found: Any) -> None:
    Allocation.objects.filter(pk=project.allocation.pk).update(
        gpus={name: {"total": total, "used": used} for name, (total, used) in found.items()},
        gpus_read_at=timezone.now(),
    )


def test_sizes_with_gpus_say_how_many_are_free(project: Project) -> None:
    found = told(project)
    assert found["g3.xl"].endswith(" free")
    assert found["m3.small"] == ""


def test_the_figures_are_those_of_the_sizes_own_kind(project: Project) -> None:
    gpus(project, CUSTOM_PCI_10DE_20B0=(8, 5), CUSTOM_PCI_10DE_2330=(2, 2))
    found = told(project)
    assert found["g3.xl"] == "3 of 8 free"
    assert found["g5.xl"] == "none free now"
    assert found["g4.xl"] == ""


def test_figures_that_are_old_are_not_shown(project: Project) -> None:
    gpus(project, CUSTOM_PCI_10DE_20B0=(8, 5))
    Allocation.objects.update(gpus_read_at=timezone.now() - timedelta(hours=1))
    assert set(told(project).values()) == {""}


def test_where_placement_may_not_be_asked_nothing_is_said(project: Project) -> None:
    assert told(project)["g3.xl"]
    project.demo.control("POST", "/lacking", {"forbidden": ["placement"]})
    project.read_catalogue()
    assert set(told(project).values()) == {""}
    assert project.allocation.offers["placement"]["state"] == "forbidden"


def test_where_there_is_no_placement_nothing_is_said(project: Project) -> None:
    project.demo.control("POST", "/lacking", {"services": ["placement"]})
    tokens.forget_all()
    cache.clear()
    Allocation.objects.update(gpus={}, gpus_read_at=None)
    project.read_catalogue()
    assert set(told(project).values()) == {""}
    assert project.allocation.offers["placement"]["state"] == "absent"


def test_a_placement_in_trouble_leaves_the_last_figures(project: Project) -> None:
    before = told(project)
    project.demo.fault("status", service="placement", status=503)
    project.read_catalogue()
    assert told(project) == before
