"""The mirror on the demo cloud: what others do there shows here; what cannot be read is not nothing."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.utils import timezone

from instances import services
from instances.mirror import catalogue, consoles, details, poll, readers, schedule, tasks
from instances.models import CatalogueItem, CloudAction, ConsoleLog, Instance, Poll
from portal.accounts.models import CloudCredential
from portal.cloud import keypairs, servers
from portal.core import presence
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from tests.instances.demo import Project

pytestmark = pytest.mark.django_db(transaction=True)


def elsewhere(project: Project, name: str = "from-cli", **changes: Any) -> str:
    """A machine that somebody made with another tool."""
    given = {"project": "BIO220047", "user": "alice", "name": name, "region": "IU", **changes}
    made: str = project.demo.control("POST", "/servers", given)["server"]["id"]
    return made


def only() -> Instance:
    return Instance.objects.select_related("allocation").get()


def test_a_server_made_elsewhere_appears_with_its_owner(project: Project) -> None:
    server_id = elsewhere(project)
    project.read()
    row = only()
    assert (row.name, row.server_id, row.owner) == ("from-cli", server_id, project.people["alice"])
    assert (row.status, row.image_name) == ("ACTIVE", "Featured-Ubuntu24")


def test_a_machine_of_exosphere_appears_with_its_set_up(project: Project) -> None:
    elsewhere(project, exosphere=True)
    project.read()
    assert only().setup_status == "complete"


def test_a_change_elsewhere_is_seen_by_an_incremental_reading(project: Project) -> None:
    server_id = elsewhere(project)
    project.read()
    project.demo.control("DELETE", "/calls")
    servers.stop(project.cloud_as("alice"), server_id)
    project.settle(until=lambda: project.read() is not None and only().status == "SHUTOFF")
    assert project.poll().changes_since is not None


def test_a_server_deleted_elsewhere_is_marked_and_written_into_the_record(project: Project) -> None:
    server_id = elsewhere(project)
    project.read()
    project.demo.control("DELETE", f"/servers/{server_id}?now=1")
    project.read(complete=True)
    row = only()
    assert (row.status, row.deleted_at is not None) == ("DELETED", True)
    assert AuditEvent.objects.filter(action="instance.gone-elsewhere", target_name="from-cli").exists()


def test_a_server_deleted_here_is_not_called_gone_elsewhere(project: Project) -> None:
    row = project.machine()
    project.act(row, "delete")
    assert not AuditEvent.objects.filter(action="instance.gone-elsewhere").exists()


def test_a_list_that_fails_leaves_the_machines_and_says_since_when(project: Project) -> None:
    elsewhere(project)
    good = project.read()
    project.demo.fault("status", service="compute", path="/servers/detail", status=503, retry_after=40)
    failed = project.read()
    stored = Poll.objects.get(pk=failed.pk)
    assert Instance.objects.filter(deleted_at=None).count() == 1
    assert (stored.error_id, stored.failures, stored.ok_at) == ("cloud:unavailable", 1, good.ok_at)
    assert stored.failing_since is not None
    assert stored.next_at - timezone.now() > timedelta(seconds=35)


def test_the_first_good_reading_ends_the_warning(project: Project) -> None:
    project.demo.fault("status", service="compute", path="/servers/detail", status=500, count=1)
    assert project.read().failing_since is not None
    stored = project.read()
    assert (stored.failing_since, stored.failures, stored.error_id) == (None, 0, "")


def test_a_refused_credential_is_passed_over_and_noted(project: Project) -> None:
    elsewhere(project)
    project.demo.control("POST", "/credentials/revoke", {"user": "alice"})
    project.demo.control("POST", "/tokens/expire", {"user": "alice"})
    alice = CloudCredential.objects.select_related("user").get(user=project.people["alice"])
    names = readers.read(project.allocation, lambda cloud: servers.list_servers(cloud), first=alice)
    assert [server.name for server in names] == ["from-cli"]
    alice.refresh_from_db()
    assert alice.refused_at is not None


def test_without_any_credential_the_poll_says_so(project: Project) -> None:
    CloudCredential.objects.update(refused_at=timezone.now())
    assert project.read().error_id == "instances:no-reader"


def test_an_error_that_is_not_about_the_credential_does_not_try_the_next(project: Project) -> None:
    tried: list[int] = []

    def fails(cloud: object) -> None:
        tried.append(1)
        raise PortalError("cloud:unavailable", outcome="retry")

    with pytest.raises(PortalError):
        readers.read(project.allocation, fails)
    assert len(tried) == 1


def test_the_catalogue_holds_what_the_cloud_offers(project: Project) -> None:
    kinds = set(CatalogueItem.objects.values_list("kind", flat=True))
    assert {"flavor", "image", "network"} <= kinds
    assert CatalogueItem.objects.filter(kind="flavor", name="m3.small").exists()


def test_a_list_of_the_catalogue_that_fails_keeps_its_old_rows(project: Project) -> None:
    before = CatalogueItem.objects.filter(kind="image").count()
    project.demo.fault("status", service="image", path="/images", status=500)
    found = project.poll(Poll.What.CATALOGUE)
    error = poll.store_outcome(found, lambda: catalogue.read_catalogue(project.allocation))
    assert error is not None
    assert CatalogueItem.objects.filter(kind="image").count() == before > 0


def test_keys_are_read_as_their_person(project: Project) -> None:
    public = services.generate_key(by=project.people["bob"]).public_key
    keypairs.create_keypair(project.cloud_as("bob"), "tablet", public)
    catalogue.read_keys(project.allocation, project.people["bob"])
    catalogue.read_keys(project.allocation, project.people["alice"])
    found = CatalogueItem.objects.filter(kind="keypair").values_list("user__username", "name")
    assert sorted(found) == [("alice", "laptop"), ("bob", "laptop"), ("bob", "tablet")]


def test_console_log_and_record_are_read_for_an_open_page(project: Project) -> None:
    elsewhere(project)
    project.read()
    row = only()
    presence.touch([f"instance.{row.pk}"])
    assert [found.pk for found in consoles.due(timezone.now(), 10)] == [row.pk]
    tasks.read_instance(str(row.pk))
    assert ConsoleLog.objects.get(instance=row).text
    servers.reboot(project.cloud_as("alice"), row.server_id)
    tasks.read_instance(str(row.pk))
    assert "reboot" in CloudAction.objects.values_list("action", flat=True)


def test_without_an_open_page_a_machine_made_elsewhere_is_left_alone(project: Project) -> None:
    elsewhere(project)
    project.read()
    assert consoles.due(timezone.now(), 10) == []


def test_a_console_that_cannot_be_read_keeps_its_old_text(project: Project) -> None:
    elsewhere(project)
    project.read()
    row = only()
    details.read(row)
    text = ConsoleLog.objects.get(instance=row).text
    project.demo.fault("status", service="compute", path="/action$", status=500)
    details.read(row)
    log = ConsoleLog.objects.get(instance=row)
    assert (log.text, log.error_id) == (text, "cloud:server-error")


def test_listeners_get_every_console_reading(project: Project) -> None:
    heard: list[Instance] = []

    def listener(instance: Instance, found: object) -> None:
        heard.append(instance)

    elsewhere(project)
    project.read()
    details.on_console(listener)
    try:
        details.read(only())
    finally:
        details._listeners.remove(listener)
    assert [instance.name for instance in heard] == ["from-cli"]


def test_the_clock_hands_out_due_readings_once(project: Project) -> None:
    Poll.objects.all().delete()
    with patch("instances.mirror.tasks.enqueue") as sent:
        tasks.tick()
        tasks.tick()
    polls = [call.args for call in sent.call_args_list if call.args[0] == "mirror.read_poll"]
    assert sorted(pk for _, pk in polls) == sorted(Poll.objects.values_list("pk", flat=True))


def test_a_reading_whose_worker_died_is_handed_out_again(project: Project) -> None:
    project.poll()
    lost = timezone.now() - timedelta(seconds=1)
    Poll.objects.update(next_at=lost, lease_until=lost)
    assert schedule.due(timezone.now(), 10)
    Poll.objects.update(lease_until=timezone.now() + timedelta(seconds=30))
    assert schedule.due(timezone.now(), 10) == []


def test_an_open_list_brings_the_next_reading_forward(project: Project) -> None:
    far = timezone.now() + timedelta(seconds=60)
    project.poll()
    Poll.objects.filter(what="servers").update(next_at=far, ok_at=timezone.now() - timedelta(seconds=30))
    schedule.attend(timezone.now())
    assert Poll.objects.get(what="servers").next_at == far
    presence.touch([f"allocation.{project.allocation.pk}"])
    schedule.attend(timezone.now())
    assert Poll.objects.get(what="servers").next_at <= timezone.now()


def test_reading_a_project_costs_one_call_however_many_look(project: Project) -> None:
    for number in range(5):
        elsewhere(project, f"m{number}")
    project.read()
    project.demo.control("DELETE", "/calls")
    presence.touch([f"allocation.{project.allocation.pk}", *(f"user.{number}" for number in range(300))])
    project.read()
    assert project.demo.cloud_calls() == {"compute GET /v2.1/servers/detail": 1}
