"""Whole journeys on clouds that lack something: it is named on the pages, and nothing else breaks."""

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from allocations.models import Allocation
from allocations.refreshing import refresh
from instances import services
from instances.models import CatalogueItem, Instance
from portal.cloud import servers, tokens
from portal.cloud.connection import forget_versions
from portal.core.errors import PortalError
from portal.operations.models import Operation
from tests.instances.demo import Project

pytestmark = pytest.mark.django_db(transaction=True)
Kind = CatalogueItem.Kind
CREATE = {"service": "compute", "method": "POST", "path": "/servers$"}


def without(project: Project, **what: Any) -> None:
    """The cloud lacks this from now on, and the portal has read so."""
    project.demo.control("POST", "/lacking", what)
    # Tokens carry the catalogue of their day.
    project.demo.control("POST", "/tokens/expire", {})
    tokens.forget_all()
    cache.clear()
    forget_versions()
    project.read_catalogue()
    project.allocation.refresh_from_db()


def launched(project: Project, **changes: Any) -> tuple[Operation, Instance]:
    [op] = services.launch(
        allocation=project.allocation, by=project.people["bob"], request=project.request("lab", **changes)
    )
    project.settle(op)
    return op, Instance.objects.select_related("allocation", "owner").get(pk=op.target_id)


def pages(project: Project, row: Instance | None = None) -> dict[str, str]:
    """Every page that shows the cloud, as bob sees it; none of them may fail."""
    browser = Client()
    browser.force_login(project.people["bob"])
    slug = project.allocation.slug
    urls = {"list": f"/allocations/{slug}/instances/", "launch": f"/allocations/{slug}/launch/"}
    urls |= {"home": "/", "parts": "/home/parts/", "running": "/instances/running/", "profile": "/profile/"}
    urls["clouds"] = "/profile/clouds/"
    if row is not None:
        machine = f"/instances/{row.pk}/"
        urls |= {"machine": machine, "console": f"{machine}?tab=console", "facts": f"{machine}facts/"}
        urls |= {name: f"{machine}actions/{name}/" for name in ("stop", "resize", "rebuild", "snapshot")}
        urls |= {"address": f"{machine}actions/assign_address/", "screen": f"{machine}actions/console/"}
    found = {}
    for name, url in urls.items():
        answer = browser.get(url)
        assert answer.status_code in (200, 409, 422), (name, answer.status_code)
        found[name] = unescape(answer.content.decode())
    return found


def refused(project: Project, row: Instance, action: str, **params: Any) -> str:
    with pytest.raises(PortalError) as refusal:
        services.act(instance=row, by=project.people["bob"], action=action, params=params)
    assert refusal.value.id == "instances:not-now"
    return refusal.value.problem.what


def test_a_cloud_that_has_everything_is_said_to_lack_nothing(project: Project) -> None:
    shown = pages(project)
    assert "has nothing for" not in shown["list"] + shown["launch"]
    project.allocation.refresh_from_db()
    assert project.allocation.offers["compute"] == {"state": "there", "version": "2.90", "extensions": None}


def test_without_block_storage_no_root_volume_is_offered_and_machines_run(project: Project) -> None:
    without(project, services=["volume"])
    op, row = launched(project, address="automatic")
    assert (op.state, row.status) == ("done", "ACTIVE"), op.error_detail
    shown = pages(project, row)
    assert "This cloud has no volumes to use instead" in shown["launch"]
    assert 'value="volume"' not in shown["launch"]
    assert "A root disk cannot be a volume" in shown["list"]
    assert not CatalogueItem.objects.filter(kind=Kind.VOLUME).exists()


def test_a_root_volume_asked_for_by_the_api_is_refused_by_name(project: Project) -> None:
    without(project, services=["volume"])
    with pytest.raises(PortalError) as refusal:
        launched(project, boot_volume_gb=20)
    assert refusal.value.id == "instances:no-volumes"
    assert "Demo cloud" in refusal.value.problem.what


def test_volumes_that_vanish_with_their_service_are_not_shown_any_more(project: Project) -> None:
    project.machine(boot_volume_gb=20)
    project.read_catalogue()
    assert CatalogueItem.objects.filter(kind=Kind.VOLUME).exists()
    without(project, services=["volume"])
    assert not CatalogueItem.objects.filter(kind=Kind.VOLUME).exists()


def test_without_neutron_the_cloud_chooses_the_network(project: Project) -> None:
    without(project, services=["network"])
    op, row = launched(project, address="automatic")
    assert op.state == "done", op.error_detail
    assert "without a public address" in op.outcome
    shown = pages(project, row)
    assert "The one that the cloud gives the machine" in shown["launch"]
    assert "This cloud has none to give" in shown["launch"]
    assert "Public addresses can be neither given nor taken away" in shown["list"]
    assert "Public addresses can be neither" in refused(project, row, "assign_address", address="new")


def test_without_neutron_machines_are_deleted_as_everywhere(project: Project) -> None:
    without(project, services=["network"])
    _, row = launched(project, address="none")
    deleted = project.act(row, "delete")
    assert deleted.state == "done", deleted.error_detail
    assert servers.list_servers(project.cloud_as("alice")) == []


def test_without_topologies_made_by_itself_the_only_network_is_used(project: Project) -> None:
    launched(project)  # makes the project's network, as somebody must have
    without(project, extensions=["auto-allocated-topology"])
    project.demo.control("DELETE", "/calls")
    op, _ = launched(project)
    assert op.state == "done", op.error_detail
    assert not [route for route in project.demo.cloud_calls() if "auto-allocated" in route]
    assert "makes no network for a project" in pages(project)["launch"]


def test_without_any_network_the_launch_says_what_to_do(project: Project) -> None:
    without(project, extensions=["auto-allocated-topology"])
    op, _ = launched(project)
    assert (op.state, op.error_id) == ("failed", "instances:no-network")


def test_without_firewall_rules_machines_get_the_clouds(project: Project) -> None:
    without(project, extensions=["security-group"])
    op, row = launched(project)
    assert op.state == "done", op.error_detail
    assert row.security_groups != ["exosphere"]
    assert "Firewall rules cannot be set" in pages(project, row)["launch"]


def test_without_routers_there_are_no_public_addresses(project: Project) -> None:
    without(project, extensions=["router"])
    op, row = launched(project, address="automatic")
    assert op.outcome.endswith("without a public address: this cloud has none to give")
    assert "This cloud has none to give" in pages(project, row)["launch"]


def test_the_form_of_a_cloud_without_addresses_can_be_sent(project: Project) -> None:
    without(project, services=["network", "volume"])
    browser = Client()
    browser.force_login(project.people["bob"])
    url = f"/allocations/{project.allocation.slug}/launch/"
    given = browser.get(url).context["form"].data
    sent = {name: value for name, value in given.items() if value != ""}
    answer = browser.post(url, {**sent, "disk": "image", "address": "none"})
    assert answer.status_code == 302, answer.content
    assert Operation.objects.filter(kind="instance.launch").count() == 1


def test_without_rights_at_glance_no_image_is_offered_and_machines_stay(project: Project) -> None:
    _, row = launched(project)
    without(project, forbidden=["image"])
    shown = pages(project, row)
    assert "lets nobody of this allocation list images" in shown["launch"]
    assert "No images can be listed" in refused(project, row, "snapshot", name="copy")
    assert "No images can be listed" in refused(project, row, "rebuild", image_id=row.image_id)
    assert project.poll("catalogue").failing_since is None
    assert row.name in shown["list"]


def test_without_placement_rights_nothing_is_said_of_free_gpus(project: Project) -> None:
    without(project, forbidden=["placement"])
    op, _ = launched(project)
    assert op.state == "done"
    assert "GPUs are free" not in pages(project)["launch"]
    assert project.poll("catalogue").failing_since is None


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ({"services": ["accounting"]}, "this cloud has no accounting service here"),
        ({"forbidden": ["accounting"]}, "accounting does not let you ask"),
    ],
)
def test_without_accounting_the_card_says_so_and_shows_the_quota(
    project: Project, what: dict[str, Any], sentence: str
) -> None:
    project.allocation.grants.all().delete()
    without(project, **what)
    Allocation.objects.update(refresh_after=timezone.now() - timedelta(seconds=1))
    refresh(project.allocation.pk)
    project.allocation.refresh_from_db()
    assert project.allocation.read_error_id == ""
    assert project.allocation.quota["cores"]["limit"]
    assert sentence in pages(project)["home"]


def test_accounting_that_is_back_is_no_longer_missed(project: Project) -> None:
    without(project, services=["accounting"])
    refresh(project.allocation.pk)
    without(project)
    Allocation.objects.update(refresh_after=None)
    refresh(project.allocation.pk)
    project.allocation.refresh_from_db()
    assert project.allocation.offers["accounting"]["state"] == "there"


@pytest.mark.parametrize("newest", [1, 26, 46, 51, 53, 60])
def test_on_an_older_nova_machines_are_launched_seen_and_deleted(project: Project, newest: int) -> None:
    without(project, compute_max=newest)
    op, row = launched(project)
    assert (op.state, row.status) == ("done", "ACTIVE"), (op.error_id, op.error_detail)
    assert (row.flavor_name, row.vcpus, row.owner) == ("m3.small", 2, project.people["bob"])
    assert (f"op:{op.pk}" in row.tags) is (newest >= 52)
    shown = pages(project, row)
    assert ("GPUs of sizes" in shown["launch"]) is (newest < 61)
    assert ("screen cannot be opened" in shown["machine"]) is (newest < 6)
    assert project.act(row, "stop").state == "done"
    assert project.act(row, "delete").state == "done"
    assert servers.list_servers(project.cloud_as("alice")) == []


def test_on_a_nova_without_tags_a_lost_reply_makes_one_server(project: Project) -> None:
    without(project, compute_max=1)
    project.demo.fault("lost-reply", **CREATE, count=1)
    op, row = launched(project)
    assert op.state == "done", op.error_detail
    [server] = servers.list_servers(project.cloud_as("alice"))
    assert (row.server_id, server.tags) == (server.id, ())


def test_on_a_nova_without_tags_the_mirror_joins_what_the_launch_lost(project: Project) -> None:
    """The reply is lost and the mirror sees the server first: one row, the person's own."""
    without(project, compute_max=1)
    project.demo.fault("lost-reply", **CREATE, count=1)
    [op] = services.launch(
        allocation=project.allocation, by=project.people["bob"], request=project.request("lab")
    )
    project.settle(op, until=lambda: op.progress.get("asked_at") is not None)
    project.read(complete=True)
    [row] = Instance.objects.all()
    assert (str(row.pk), row.owner) == (op.target_id, project.people["bob"])
    assert row.server_id


def test_on_a_nova_without_tags_metadata_of_another_project_joins_nothing(project: Project) -> None:
    without(project, compute_max=1)
    [op] = services.launch(
        allocation=project.allocation, by=project.people["bob"], request=project.request("lab")
    )
    forged = {"helioInstance": "no-uuid"}
    project.demo.control(
        "POST",
        "/servers",
        {"project": "BIO220047", "user": "alice", "name": "forged", "metadata": forged},
    )
    project.read(complete=True)
    assert Instance.objects.get(pk=op.target_id).server_id == ""
    assert Instance.objects.get(name="forged").owner == project.people["alice"]


def test_the_screen_of_an_old_nova_is_refused_by_name(project: Project) -> None:
    without(project, compute_max=5)
    _, row = launched(project)
    assert "screen cannot be opened" in refused(project, row, "console")


def test_what_comes_back_is_offered_again(project: Project) -> None:
    without(project, services=["network", "volume"])
    assert "has nothing for" in pages(project)["launch"]
    without(project)
    shown = pages(project)["launch"]
    assert "has nothing for" not in shown
    assert 'value="volume"' in shown


def test_a_service_in_trouble_is_not_called_absent(project: Project) -> None:
    project.demo.fault("status", service="network", status=503)
    project.poll("catalogue")
    with pytest.raises(AssertionError):
        project.read_catalogue()
    project.allocation.refresh_from_db()
    assert project.allocation.offers["network"]["state"] == "there"
    assert "extensions" in project.allocation.offers["network"]
    assert "has nothing for" not in pages(project)["launch"]
