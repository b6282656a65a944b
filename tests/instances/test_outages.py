"""A cloud that is sick: pages stay instant and honest, what was asked for waits and goes on by itself."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from instances import services
from instances.mirror.tasks import recovered as polls_recovered
from instances.models import Instance, Poll
from instances.outages import outages
from portal.cloud import breaker, servers
from portal.operations import reconciler
from portal.operations.models import Operation
from portal.operations.tasks import recovered
from tests.instances.demo import Project

pytestmark = pytest.mark.django_db(transaction=True)
SICK: dict[str, dict[str, Any]] = {
    "unavailable": {"action": "status", "status": 503},
    "failing": {"action": "status", "status": 500},
    "cut off": {"action": "reset"},
    "hanging": {"action": "hang"},
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """A rest of a moment, so that tests need not wait; time-outs that a test can bear."""
    monkeypatch.setattr(breaker, "REST", 0.2)
    settings.CLOUD_CONNECT_TIMEOUT = settings.CLOUD_READ_TIMEOUT = 0.3
    breaker.forget_all()


def browser_of(project: Project) -> Client:
    browser = Client()
    browser.force_login(project.people["bob"])
    return browser


def fall_ill(project: Project, how: str = "unavailable", service: str = "compute") -> None:
    project.demo.fault(
        SICK[how]["action"],
        service=service,
        **{key: value for key, value in SICK[how].items() if key != "action"},
    )
    for _ in range(breaker.FAILURES):
        project.read()


def get_well(project: Project) -> None:
    project.demo.control("DELETE", "/faults")
    time.sleep(breaker.REST)


@pytest.mark.parametrize("how", SICK)
def test_what_is_asked_for_waits_and_goes_on_by_itself(project: Project, how: str) -> None:
    fall_ill(project, how)
    [op] = services.launch(
        allocation=project.allocation, by=project.people["bob"], request=project.request("lab")
    )
    for _ in range(3):
        reconciler.advance_next()
        project.hurry()
    op.refresh_from_db()
    assert (op.state, op.live) == ("queued", True)
    assert op.error_id.startswith("cloud:")
    get_well(project)
    project.settle(op)
    assert op.state == "done", (op.error_id, op.error_detail)
    assert [server.name for server in servers.list_servers(project.cloud_as("alice"))] == ["lab"]


@pytest.mark.parametrize("how", SICK)
def test_pages_name_the_service_and_its_machines_stay(project: Project, how: str) -> None:
    row = project.machine()
    project.read()
    fall_ill(project, how)
    browser = browser_of(project)
    slug = project.allocation.slug
    listed = browser.get(f"/allocations/{slug}/instances/").content.decode()
    assert "Compute at Indiana University does not answer since" in listed
    assert "What you ask for is kept, and carried out when it is back." in listed
    assert "What you see is how things stood at" in listed
    assert "The cloud has not been read since" not in listed  # once is enough
    assert row.name in listed
    assert "Compute at" in browser.get(f"/allocations/{slug}/launch/").content.decode()
    machine = browser.get(f"/instances/{row.pk}/").content.decode()
    assert "Compute at IU does not answer" in machine
    health = browser.get("/healthz").json()["parts"]["cloud:demo"]
    assert not health["ok"] and "compute in IU since" in health["note"]


def test_no_page_calls_the_cloud_or_waits_for_it_while_it_hangs(project: Project) -> None:
    project.machine()
    browser = browser_of(project)
    urls = ["/", f"/allocations/{project.allocation.slug}/instances/", "/instances/running/"]
    for url in urls:
        browser.get(url)
    fall_ill(project, "hanging")
    project.demo.control("DELETE", "/calls")
    began = time.monotonic()
    for url in urls:
        assert browser.get(url).status_code == 200
    assert time.monotonic() - began < 3
    assert project.demo.cloud_calls() == {}


def test_while_it_is_down_few_calls_reach_it(project: Project) -> None:
    fall_ill(project)
    services.launch(
        allocation=project.allocation, by=project.people["bob"], request=project.request("class", count=20)
    )
    project.demo.control("DELETE", "/calls")
    rules = project.demo.control("GET", "/faults")["faults"]
    before = sum(rule["hits"] for rule in rules)
    began = time.monotonic()
    for _ in range(60):
        reconciler.advance_next()
        project.hurry()
    rounds = 1 + (time.monotonic() - began) / breaker.REST
    hits = sum(rule["hits"] for rule in project.demo.control("GET", "/faults")["faults"]) - before
    assert hits <= rounds + 1


def test_another_region_is_not_held_back(project: Project) -> None:
    fall_ill(project, "hanging")
    assert [down.region for down in breaker.down("demo", ["IU", "TACC"])] == ["IU"]


def test_recovery_makes_everything_due_that_its_trouble_put_off(project: Project) -> None:
    fall_ill(project)
    made = services.launch(
        allocation=project.allocation, by=project.people["bob"], request=project.request("class", count=3)
    )
    for _ in range(3):
        reconciler.advance_next()
    later = timezone.now() + timedelta(minutes=5)
    Operation.objects.filter(pk__in=[op.pk for op in made]).update(
        run_after=later, error_id="cloud:service-down"
    )
    Poll.objects.update(next_at=later)
    recovered("demo", "IU")
    polls_recovered("demo", "IU")
    now = timezone.now()
    assert Operation.objects.filter(run_after__lte=now).count() == 3
    assert Poll.objects.get(what="servers").next_at <= now
    assert Poll.objects.get(what="catalogue").next_at == later


def test_recovery_elsewhere_changes_nothing(project: Project) -> None:
    fall_ill(project)
    services.launch(allocation=project.allocation, by=project.people["bob"], request=project.request("lab"))
    for _ in range(3):
        reconciler.advance_next()
    later = timezone.now() + timedelta(minutes=5)
    Operation.objects.update(run_after=later)
    recovered("demo", "TACC")
    recovered("other", "IU")
    assert Operation.objects.filter(run_after=later).count() == 1


def test_recovery_does_not_hurry_what_waits_for_another_reason(project: Project) -> None:
    services.launch(allocation=project.allocation, by=project.people["bob"], request=project.request("lab"))
    later = timezone.now() + timedelta(minutes=5)
    Operation.objects.update(run_after=later, error_id="operations:step-too-long")
    recovered("demo", "IU")
    assert Operation.objects.filter(run_after=later).count() == 1


def test_whoever_finds_it_well_sends_the_messages(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, str]] = []
    from instances import handlers as machines
    from portal.operations import handlers as operations

    monkeypatch.setattr(operations, "enqueue_recovered", lambda cloud, region: sent.append(("ops", region)))
    monkeypatch.setattr(machines, "enqueue", lambda task, cloud, region: sent.append((task, region)))
    fall_ill(project)
    get_well(project)
    project.read()
    assert sorted(sent) == [("mirror.recovered", "IU"), ("ops", "IU")]


def test_a_network_service_that_is_away_does_not_hide_the_machines(project: Project) -> None:
    project.machine()
    project.demo.fault("status", service="network", status=503)
    found = project.poll("catalogue")
    for _ in range(2):
        with pytest.raises(AssertionError):
            project.read_catalogue()
    found = Poll.objects.get(pk=found.pk)
    told = outages(project.allocation, [found])
    assert [one.service for one in told] == ["network"]
    assert not told[0].matters
    shown = browser_of(project).get(f"/allocations/{project.allocation.slug}/launch/").content.decode()
    assert "Network at Indiana University does not answer" in shown
    assert "New addresses and networks wait until it is back" in shown


def test_readings_that_lack_a_credential_are_not_called_an_outage(project: Project) -> None:
    project.demo.control("POST", "/credentials/revoke", {})
    project.demo.control("POST", "/tokens/expire", {})
    from django.core.cache import cache

    from portal.cloud import tokens

    tokens.forget_all()
    cache.clear()
    found = project.read()
    assert found.failing_since is not None
    assert outages(project.allocation, [found]) == []


def test_when_it_is_back_the_pages_say_nothing_more(project: Project) -> None:
    fall_ill(project)
    get_well(project)
    project.read()
    assert Instance.objects.count() == 0
    assert outages(project.allocation, Poll.objects.all()) == []
