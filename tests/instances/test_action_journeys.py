"""Every action on a machine of the demo cloud, from the request to what the cloud and our page then say."""

from typing import Any

import pytest

from instances import services
from instances.models import CatalogueItem, Instance
from portal.cloud import images, networks, servers
from portal.core.errors import PortalError
from portal.core.redis_client import client
from portal.operations.context import Context
from tests.instances.demo import Project

pytestmark = pytest.mark.django_db(transaction=True)


def done(operation: object) -> tuple[str, str]:
    return getattr(operation, "state", ""), getattr(operation, "error_id", "")


def test_stop_and_start(project: Project) -> None:
    row = project.machine()
    assert done(project.act(row, "stop")) == ("done", "")
    assert row.status == project.server(row).status == "SHUTOFF"
    assert done(project.act(row, "start")) == ("done", "")
    assert row.status == project.server(row).status == "ACTIVE"


def test_suspend_and_resume(project: Project) -> None:
    row = project.machine()
    assert done(project.act(row, "suspend")) == ("done", "")
    assert row.status == "SUSPENDED"
    assert done(project.act(row, "resume")) == ("done", "")
    assert row.status == "ACTIVE"


def test_resume_brings_back_what_another_portal_paused(project: Project) -> None:
    row = project.machine()
    servers.pause(project.cloud_as("alice"), row.server_id)
    project.settle(until=lambda: project.read() is not None and _status(row) == "PAUSED")
    assert done(project.act(row, "resume")) == ("done", "")
    assert row.status == "ACTIVE"


@pytest.mark.parametrize("action", ["reboot", "hard_reboot"])
def test_a_reboot_is_asked_for_once(project: Project, action: str) -> None:
    row = project.machine()
    assert done(project.act(row, action)) == ("done", "")
    assert row.status == "ACTIVE"
    assert _recorded(project, row).count("reboot") == 1


def test_lock_protects_and_unlock_opens(project: Project) -> None:
    row = project.machine()
    assert done(project.act(row, "lock")) == ("done", "")
    assert row.locked
    with pytest.raises(PortalError) as refusal:
        project.act(row, "stop")
    assert refusal.value.id == "instances:not-now"
    assert "Unlock it first" in refusal.value.problem.what
    assert done(project.act(row, "unlock")) == ("done", "")
    assert not row.locked


def test_rename(project: Project) -> None:
    row = project.machine()
    assert done(project.act(row, "rename", name="other name")) == ("done", "")
    assert row.name == project.server(row).name == "other name"


def test_resize_waits_for_the_person_and_is_confirmed(project: Project) -> None:
    row = project.machine()
    larger = project.id_of(CatalogueItem.Kind.FLAVOR, "m3.quad")
    resized = project.act(row, "resize", flavor_id=larger)
    assert done(resized) == ("done", "")
    assert "confirm or revert within 24 h" in resized.outcome
    assert (row.status, row.flavor_name, row.vcpus) == ("VERIFY_RESIZE", "m3.quad", 4)
    assert done(project.act(row, "confirm_resize")) == ("done", "")
    assert (row.status, row.flavor_name) == ("ACTIVE", "m3.quad")


def test_resize_is_reverted(project: Project) -> None:
    row = project.machine()
    project.act(row, "resize", flavor_id=project.id_of(CatalogueItem.Kind.FLAVOR, "m3.quad"))
    assert done(project.act(row, "revert_resize")) == ("done", "")
    assert (row.status, row.flavor_name, row.vcpus) == ("ACTIVE", "m3.small", 2)


def test_rebuild_puts_another_image_on_the_disk(project: Project) -> None:
    row = project.machine()
    image_id = project.id_of(CatalogueItem.Kind.IMAGE, "Featured-Ubuntu24")
    assert done(project.act(row, "rebuild", image_id=image_id)) == ("done", "")
    assert (row.status, row.image_name) == ("ACTIVE", "Featured-Ubuntu24")


def test_snapshot_becomes_an_image_to_launch_from(project: Project) -> None:
    row = project.machine()
    made = project.act(row, "snapshot", name="my tools")
    assert done(made) == ("done", "")
    found = [image for image in images.list_images(project.cloud_as("alice")) if image.name == "my tools"]
    assert [image.properties["from-exosphere"] for image in found] == ["true"]
    assert CatalogueItem.objects.filter(kind="image", name="my tools").exists()


def test_shelve_releases_the_address_and_unshelve_gets_a_new_one(project: Project) -> None:
    row = project.machine(address="automatic")
    assert row.public_address
    shelved = project.act(row, "shelve", release_address=True)
    assert done(shelved) == ("done", "")
    assert row.status == "SHELVED_OFFLOADED"
    assert networks.list_floating_ips(project.cloud_as("alice")) == []
    unshelved = project.act(row, "unshelve")
    assert done(unshelved) == ("done", "")
    assert row.status == "ACTIVE"
    assert row.public_address
    assert row.public_address in unshelved.outcome


def test_shelve_can_keep_the_address(project: Project) -> None:
    row = project.machine(address="automatic")
    kept = row.public_address
    project.act(row, "shelve", release_address=False)
    assert [found.address for found in networks.list_floating_ips(project.cloud_as("alice"))] == [kept]


def test_a_machine_launched_without_an_address_has_none_after_unshelving(project: Project) -> None:
    row = project.machine(address="none")
    project.act(row, "shelve")
    assert project.act(row, "unshelve").outcome == "Unshelved"
    assert row.public_address == ""


def test_an_address_is_assigned_and_taken_away(project: Project) -> None:
    row = project.machine()
    assert done(project.act(row, "assign_address", address="new")) == ("done", "")
    address = row.public_address
    assert address
    kept = project.act(row, "unassign_address", release=False)
    assert done(kept) == ("done", "")
    assert row.public_address == ""
    assert kept.outcome == f"{address} kept for the project"
    [free] = CatalogueItem.objects.filter(kind="floating_ip")
    assert done(project.act(row, "assign_address", address=free.cloud_id)) == ("done", "")
    assert row.public_address == address
    released = project.act(row, "unassign_address", release=True)
    assert released.outcome == f"{address} released"
    assert networks.list_floating_ips(project.cloud_as("alice")) == []


def test_the_console_link_reaches_its_person_once_and_is_stored_nowhere(project: Project) -> None:
    row = project.machine()
    opened = project.act(row, "console")
    assert done(opened) == ("done", "")
    with pytest.raises(PortalError):
        services.console_url(operation=opened, by=project.people["alice"])
    link = services.console_url(operation=opened, by=project.people["bob"])
    assert link is not None
    assert link.url.startswith("http")
    assert link.url not in f"{opened.progress}{opened.outcome}{link!r}"
    with pytest.raises(PortalError) as used:
        services.console_url(operation=opened, by=project.people["bob"])
    assert used.value.id == "instances:console-expired"


def test_a_console_link_lies_sealed_in_redis(project: Project) -> None:
    row = project.machine()
    opened = project.act(row, "console")
    stored = client().get(f"console:{opened.pk}")
    assert isinstance(stored, bytes)
    assert b"http" not in stored
    seconds = client().ttl(f"console:{opened.pk}")
    assert isinstance(seconds, int)
    assert 0 < seconds <= 60


def test_delete_takes_the_address_along(project: Project) -> None:
    row = project.machine(address="automatic")
    deleted = project.act(row, "delete", release_address=True)
    assert done(deleted) == ("done", "")
    assert row.deleted_at is not None
    assert row.public_address in deleted.outcome
    assert servers.list_servers(project.cloud_as("alice")) == []
    assert networks.list_floating_ips(project.cloud_as("alice")) == []


def test_delete_can_keep_the_address(project: Project) -> None:
    row = project.machine(address="automatic")
    project.act(row, "delete", release_address=False)
    assert len(networks.list_floating_ips(project.cloud_as("alice"))) == 1


@pytest.mark.parametrize("action", ["delete", "unassign_address"])
def test_an_address_that_a_colleague_took_meanwhile_is_not_released_under_them(
    project: Project, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it is off the first machine it is free for anybody in the project."""
    row = project.machine(address="automatic")
    other = project.machine(address="none")
    address, cloud = row.public_address, project.cloud_as("alice")
    [found] = networks.list_floating_ips(cloud)
    [port] = networks.list_ports(cloud, other.server_id)
    remember = Context.remember
    taken: list[str] = []

    def taken_meanwhile(ctx: Context, **facts: Any) -> None:
        remember(ctx, **facts)
        if not taken:
            taken.append(found.id)
            networks.disassociate(cloud, found.id)
            networks.associate(cloud, found.id, port.id)

    monkeypatch.setattr(Context, "remember", taken_meanwhile)
    params: dict[str, Any] = {"release_address" if action == "delete" else "release": True}
    ended = project.act(row, action, **params)
    assert done(ended) == ("done", "")
    assert taken and [one.port_id for one in networks.list_floating_ips(cloud)] == [port.id]
    assert f"{address} is in use by another machine and stays" in ended.outcome
    assert "released" not in ended.outcome


def test_a_resize_that_somebody_else_confirmed_is_not_called_reverted(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = project.machine()
    project.act(row, "resize", flavor_id=project.id_of(CatalogueItem.Kind.FLAVOR, "m3.quad"))
    confirm = servers.confirm_resize
    cloud = project.cloud_as("alice")
    monkeypatch.setattr(
        "instances.steps.simple.servers.revert_resize", lambda _, server_id: confirm(cloud, server_id)
    )
    ended = project.act(row, "revert_resize")
    assert done(ended) == ("failed", "instances:resize-settled")
    assert "m3.quad" in ended.error_params["flavor"]
    assert row.flavor_name == "m3.quad"


def test_a_resize_that_somebody_else_reverted_is_not_called_kept(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = project.machine()
    before = row.flavor_name
    project.act(row, "resize", flavor_id=project.id_of(CatalogueItem.Kind.FLAVOR, "m3.quad"))
    revert = servers.revert_resize
    cloud = project.cloud_as("alice")
    monkeypatch.setattr(
        "instances.steps.simple.servers.confirm_resize", lambda _, server_id: revert(cloud, server_id)
    )
    ended = project.act(row, "confirm_resize")
    assert done(ended) == ("failed", "instances:resize-settled")
    assert ended.error_params["flavor"] == row.flavor_name == before


def _status(row: Instance) -> str:
    row.refresh_from_db()
    return row.status


def _recorded(project: Project, row: Instance) -> list[str]:
    return [entry.action for entry in servers.actions_of(project.cloud_as("alice"), row.server_id)]
