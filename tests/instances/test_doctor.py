"""The doctor at a cloud's services, with somebody's credential: on a whole cloud and on lacking ones."""

from typing import Any

import pytest
from django.core.cache import cache

from portal.accounts.doctor_checks import services
from portal.cloud import tokens
from portal.cloud.connection import forget_versions
from portal.core.doctor import Finding, Plan
from tests.instances.demo import Project

pytestmark = pytest.mark.django_db(transaction=True)


def told(project: Project, **lacking: Any) -> dict[str, Finding]:
    """Findings about IU, where the project is."""
    project.demo.control("POST", "/lacking", lacking)
    tokens.forget_all()
    cache.clear()
    forget_versions()
    return {found.name: found for found in services(Plan(cloud="demo")) if " in IU," in found.under}


def test_a_whole_cloud_is_told_service_by_service(project: Project) -> None:
    found = told(project)
    for name in ("sign-in", "Compute", "Images", "Network", "Volumes", "Placement", "Accounting"):
        assert found[name].level == "ok", found[name]
    assert "microversion 2.90" in found["Compute"].says
    assert found["public addresses"].says == "come from the network public"
    assert found["free GPUs"].level == "ok"
    assert not [name for name in found if name.startswith("lost")]


def test_it_only_reads(project: Project) -> None:
    project.demo.control("DELETE", "/calls")
    told(project)
    changes = [route for route in project.demo.cloud_calls() if " GET " not in route]
    assert changes == ["identity POST /v3/auth/tokens"]


def test_what_a_lacking_cloud_loses_is_named_with_its_reason(project: Project) -> None:
    found = told(project, services=["volume"], forbidden=["placement"], extensions=["router"], compute_max=53)
    assert found["Volumes"].level == "degraded"
    assert found["Compute"].level == "degraded" and "2.53" in found["Compute"].says
    assert "no Volumes service here" in found["lost: volumes"].says
    assert "Network here lacks the extension router" in found["lost: public addresses"].says
    assert "Compute here knows 2.53, and it takes 2.61" in found["lost: GPUs of sizes"].says
    assert "lost: tags at creation" not in found
    assert found["free GPUs"].level == "degraded"


def test_a_service_in_trouble_is_broken_and_the_rest_is_told(project: Project) -> None:
    project.demo.fault("status", service="image", status=503)
    found = told(project)
    assert found["Images"].level == "broken"
    assert (found["Compute"].level, found["Network"].level) == ("ok", "ok")


def test_a_refused_credential_is_told_and_nothing_more_is_asked(project: Project) -> None:
    project.demo.control("POST", "/credentials/revoke", {})
    found = told(project)
    assert set(found) == {"sign-in"}
    assert found["sign-in"].level == "broken"
