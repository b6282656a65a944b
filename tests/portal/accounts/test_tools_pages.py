"""The pages about credentials for one's own tools: the form, the files that are shown once, who gets nothing."""

import html
import re
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest
import yaml
from django.test import Client
from django.utils import timezone

from allocations.models import Allocation
from portal.accounts.models import CloudCredential, ToolCredential, User
from portal.core.seal import seal
from tests.portal.accounts.conftest import Queue

pytestmark = pytest.mark.django_db
SECRET = "s3cret-of-the-tool"


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def ready(user: User, allocation: Allocation, **changes: Any) -> ToolCredential:
    now = timezone.now()
    given = {
        "cloud": "demo",
        "region": "IU",
        "project_id": allocation.project_id,
        "project_name": allocation.project_name,
        "name": "laptop",
        "state": "ready",
        "application_credential_id": "abc123",
        "sealed_secret": seal(SECRET),
        "secret_until": now + timedelta(minutes=10),
        "made_at": now,
        "expires_at": now + timedelta(days=10),
    }
    return ToolCredential.objects.create(user=user, **{**given, **changes})


def place(allocation: Allocation, region: str = "IU") -> str:
    return f"demo/{allocation.project_id}/{region}"


def test_the_form_offers_the_projects_that_one_is_connected_to(member: User, allocation: Allocation) -> None:
    page = browser(member).get("/profile/tools/").content.decode()
    assert f'value="{place(allocation)}"' in page and f'value="{place(allocation, "TACC")}"' in page
    assert "Only as member" in page


def test_a_link_from_an_allocation_chooses_it(member: User, allocation: Allocation) -> None:
    page = browser(member).get("/profile/tools/", {"place": place(allocation, "TACC")}).content.decode()
    assert f'value="{place(allocation, "TACC")}" selected' in page


def test_without_a_connection_the_page_leads_to_one(db: None, former_member: User) -> None:
    page = browser(former_member).get("/profile/tools/").content.decode()
    assert "Make it</button>" not in page
    assert "/profile/clouds/" in page


def test_sending_the_form_asks_a_worker_and_leads_to_the_page_that_waits(
    member: User, allocation: Allocation, queue: Queue, django_capture_on_commit_callbacks: Any
) -> None:
    client = browser(member)
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(
            "/profile/tools/", {"place": place(allocation), "name": "laptop", "days": "5", "role": "member"}
        )
    tool = ToolCredential.objects.get()
    assert answer.headers["Location"] == f"/profile/tools/{tool.pk}/"
    assert (tool.wanted_roles, tool.unrestricted, tool.user) == (["member"], False, member)
    assert queue.of("make_tool") == [tool.pk]
    page = client.get(f"/profile/tools/{tool.pk}/").content.decode()
    assert "This page changes by itself" in page and 'http-equiv="refresh"' in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"days": "400"}, "at most 365 days"),
        ({"days": "0"}, "greater than or equal to 1"),
        ({"place": "demo/somebody-elses/IU"}, "Select a valid choice"),
        ({"name": ""}, "This field is required"),
        ({"role": "admin"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_at_the_field(
    member: User, allocation: Allocation, changes: dict[str, str], words: str
) -> None:
    given = {"place": place(allocation), "name": "laptop", "days": "5", "role": "", **changes}
    answer = browser(member).post("/profile/tools/", given)
    assert answer.status_code == 422
    assert words in html.unescape(answer.content.decode())
    assert not ToolCredential.objects.exists()


def test_no_get_shows_the_secret_nor_uses_it_up(member: User, allocation: Allocation) -> None:
    tool = ready(member, allocation)
    client = browser(member)
    for path in ("/profile/tools/", f"/profile/tools/{tool.pk}/"):
        assert SECRET not in client.get(path).content.decode()
    assert client.get(f"/profile/tools/{tool.pk}/show/").status_code == 405
    tool.refresh_from_db()
    assert tool.state == "ready" and tool.sealed_secret


def test_the_files_come_once_in_an_answer_that_nobody_may_keep(member: User, allocation: Allocation) -> None:
    tool = ready(member, allocation)
    client = browser(member)
    answer = client.post(f"/profile/tools/{tool.pk}/show/")
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    page = answer.content.decode()
    found = re.search(r'download="clouds\.yaml" href="data:application/yaml;charset=utf-8,([^"]+)"', page)
    assert found is not None
    entry = yaml.safe_load(unquote(html.unescape(found[1])))["clouds"]["demo-bio220047-iu"]
    assert entry["auth"]["application_credential_secret"] == SECRET
    assert entry["auth"]["application_credential_id"] == "abc123"
    assert (
        'download="demo-bio220047-iu-openrc.sh"' in page and 'download="demo-bio220047-iu-openrc.ps1"' in page
    )
    again = client.post(f"/profile/tools/{tool.pk}/show/")
    assert again.status_code == 410
    assert SECRET not in again.content.decode()
    assert "not here any more" in again.content.decode()
    assert SECRET not in client.get(f"/profile/tools/{tool.pk}/").content.decode()


def test_hostile_names_make_neither_markup_nor_a_file_name(member: User, allocation: Allocation) -> None:
    name = '</textarea><script>alert(1)</script>"; rm -rf ~ #'
    tool = ready(member, allocation, name=name, project_name='../x"\r\nSet-Cookie: a=b')
    answer = browser(member).post(f"/profile/tools/{tool.pk}/show/")
    page = answer.content.decode()
    assert "<script>alert" not in page
    assert 'download="demo-x-set-cookie-a-b-iu-openrc.sh"' in page


def test_after_its_time_the_secret_is_not_shown(member: User, allocation: Allocation) -> None:
    tool = ready(member, allocation, secret_until=timezone.now() - timedelta(seconds=1))
    client = browser(member)
    assert "Show its files" not in client.get(f"/profile/tools/{tool.pk}/").content.decode()
    assert client.post(f"/profile/tools/{tool.pk}/show/").status_code == 410


@pytest.mark.parametrize("way", ["", "show/", "revoke/"])
def test_somebody_elses_does_not_exist(
    member: User, colleague: User, allocation: Allocation, way: str
) -> None:
    tool = ready(member, allocation)
    client = browser(colleague)
    path = f"/profile/tools/{tool.pk}/{way}"
    answer = client.post(path) if way else client.get(path)
    assert answer.status_code == 404
    tool.refresh_from_db()
    assert tool.sealed_secret and tool.revoked_at is None


def test_revoking_needs_the_csrf_token_and_showing_too(member: User, allocation: Allocation) -> None:
    tool = ready(member, allocation)
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    for way in ("show", "revoke"):
        assert client.post(f"/profile/tools/{tool.pk}/{way}/").status_code == 403
    tool.refresh_from_db()
    assert tool.sealed_secret and tool.revoked_at is None


def test_revoking_from_the_list(member: User, allocation: Allocation, queue: Queue) -> None:
    tool = ready(member, allocation)
    client = browser(member)
    answer = client.post(f"/profile/tools/{tool.pk}/revoke/", follow=True)
    assert "being deleted" in answer.content.decode()
    tool.refresh_from_db()
    assert tool.revoked_at is not None and tool.sealed_secret == ""


def test_each_state_has_its_words(member: User, allocation: Allocation) -> None:
    now = timezone.now()
    client = browser(member)
    cases: list[tuple[dict[str, Any], str]] = [
        (
            {"state": "failed", "error_id": "accounts:tool-forbidden", "error_params": {"project": "X"}},
            "did not let",
        ),
        ({"state": "shown", "shown_at": now, "sealed_secret": ""}, "are kept nowhere here"),
        ({"revoked_at": now, "sealed_secret": ""}, "It is being deleted"),
        ({"revoked_at": now, "gone_at": now, "sealed_secret": ""}, "was deleted at"),
        (
            {"revoked_at": now, "error_id": "accounts:tool-not-deleted", "sealed_secret": ""},
            "still at the cloud",
        ),
        ({"expires_at": now - timedelta(days=1), "state": "shown", "shown_at": now}, "expired"),
    ]
    for changes, words in cases:
        tool = ready(member, allocation, **changes)
        assert words in client.get(f"/profile/tools/{tool.pk}/").content.decode(), words
    assert "last used is not known" in client.get("/profile/tools/").content.decode()


def test_a_cloud_that_is_configured_no_more_breaks_no_page(member: User, allocation: Allocation) -> None:
    tool = ready(member, allocation, cloud="old")
    CloudCredential.objects.create(
        user=member, cloud="old", project_id="p", project_name="P", application_credential_id="x",
        sealed_secret="", expires_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    client = browser(member)
    assert client.get("/profile/tools/").status_code == 200
    assert client.get(f"/profile/tools/{tool.pk}/").status_code == 200
    assert client.post(f"/profile/tools/{tool.pk}/show/").status_code in {404, 409, 410}
    tool.refresh_from_db()
    assert tool.sealed_secret, "not used up by an answer that could not be given"


@pytest.mark.parametrize("count", [1, 20])
def test_the_list_asks_the_same_number_of_queries_for_any_number(
    member: User, allocation: Allocation, count: int, django_assert_max_num_queries: Any
) -> None:
    for number in range(count):
        ready(member, allocation, name=f"tool {number}")
    client = browser(member)
    client.get("/profile/tools/")
    with django_assert_max_num_queries(12):
        client.get("/profile/tools/")


def test_a_list_in_which_something_is_going_on_asks_again_and_one_at_rest_does_not(
    member: User, allocation: Allocation
) -> None:
    """The news of a worker that was quick comes before the page has its socket."""
    now = timezone.now()
    client = browser(member)
    tool = ready(member, allocation)
    asks = 'hx-trigger="load delay:2s"'
    assert asks not in client.get("/profile/tools/").content.decode()
    for changes, waits in (
        ({"revoked_at": now}, True),
        ({"error_id": "accounts:tool-not-deleted"}, False),
        ({"revoked_at": None, "error_id": "", "state": "making"}, True),
        ({"state": "failed"}, False),
    ):
        ToolCredential.objects.filter(pk=tool.pk).update(**changes)
        page = client.get("/profile/tools/", headers={"HX-Request": "true"}).content.decode()
        assert (asks in page) is waits, changes
