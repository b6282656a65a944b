"""An operator who looks as somebody tries every URL: what is only looked at opens, and nothing else does anything."""

from typing import Any

import pytest
from django.test import Client

from portal.accounts.models import Look, User
from portal.core.models import AuditEvent
from portal.operations.models import Operation
from tests.access import test_every_url as table
from tests.access.table import GET, POST_ONLY, WHO

# Its fixtures: whatever each address there is about.
globals().update(
    {name: found for name, found in vars(table).items() if type(found).__name__.startswith("Fixture")}
)

# What stays shut: secrets, ways into machines, what acts with the person's right outside of pages. Whoever adds a page
# that gives one of these adds it here, and closes it with `portal.accounts.looking.close`.
SHUT = {
    "account_login",
    *("profile-tokens", "profile-tools", "profile-cloud-connect"),
    *("notices:webhooks", "notices:webhook", "notices:announcements", "notices:announcement", "look-people"),
    *("instances:console", "instances:screen"),
    *("remote:shell", "remote:desktop", "remote:ports", "remote:files", "remote:dock"),
    *("remote:session", "remote:disconnect", "remote:share", "remote:share-people", "remote:join"),
    *("remote:recording", "remote:cast", "remote:native", "remote:host-keys", "remote:trust"),
    *("workshops:edit", "board:looking"),
    *(name for name in GET if name.startswith("roster:") and name != "roster:list"),
    *("runs:command", "runs:output", "runs:work-archive", "runs:work-one", "runs:own-work-zip"),
    *(name for name in GET if name.startswith("api:")),
}
WAYS_OUT = {"account_logout", "look-end"}
SEEN = {name for name, who in GET.items() if "member" in WHO[who]} - SHUT - WAYS_OUT


@pytest.fixture
def looking(operator: User, member: User) -> Client:
    client = Client()
    client.force_login(operator)
    client.post(f"/operator/people/{member.pk}/look/", {"reason": "ticket 4711: looks strange"})
    assert Look.objects.filter(person=member, ended_at=None).exists()
    return client


def test_what_opens_or_reveals_stays_shut(address: Any, looking: Client) -> None:
    answered = {name: looking.get(address(name)).status_code for name in sorted(SHUT)}
    assert {name: status for name, status in answered.items() if status != 403} == {}


def test_what_the_person_sees_is_seen(address: Any, looking: Client) -> None:
    answered = {name: looking.get(address(name)) for name in sorted(SEEN)}
    wrong = {
        name: answer.status_code
        for name, answer in answered.items()
        if answer.status_code in {401, 403, 404, 500}
        or "/accounts/login" in answer.headers.get("Location", "")
    }
    assert wrong == {}


def test_nothing_is_done_whatever_is_asked(address: Any, looking: Client) -> None:
    audits, operations = AuditEvent.objects.count(), Operation.objects.count()
    wrong = {
        (name, method): status
        for name in sorted((set(GET) | POST_ONLY) - WAYS_OUT)
        for method in ("post", "put", "patch", "delete")
        if (status := getattr(looking, method)(address(name)).status_code) != 403
    }
    assert wrong == {}
    assert (AuditEvent.objects.count(), Operation.objects.count()) == (audits, operations)
