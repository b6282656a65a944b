"""The inbox: what is in it, what is unread, and nobody's but one's own."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from allocations.models import Allocation
from portal.accounts.models import User
from portal.notices import inbox, services
from portal.notices.models import Notice

pytestmark = pytest.mark.django_db


def tell(user: User, number: int = 1, **more: Any) -> Notice:
    words = {"title": f"Event {number}", "text": "It happened.", **more}
    services.tell(words.pop("kind", "test.plain"), to=[user], key=f"event-{number}", **words)
    return Notice.objects.get(user=user, title=words["title"])


@pytest.fixture
def client(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client


def page(client: Client, query: str = "") -> str:
    answer = client.get(f"/notices/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_bell_counts_what_is_unread(client: Client, member: User) -> None:
    assert "bell-count" not in client.get("/notices/bell/").content.decode()
    tell(member)
    bell = client.get("/notices/bell/").content.decode()
    assert '<span class="bell-count">1<' in bell


def test_the_bell_does_not_count_what_others_were_told(client: Client, colleague: User) -> None:
    tell(colleague)
    assert "bell-count" not in client.get("/notices/bell/").content.decode()


def test_more_than_anybody_counts_are_many(client: Client, member: User) -> None:
    Notice.objects.bulk_create(Notice(user=member, kind="test.plain", title=f"n{i}") for i in range(120))
    assert "99+" in client.get("/notices/bell/").content.decode()


def test_an_empty_inbox_says_what_will_be_there(client: Client) -> None:
    assert "No notices yet" in page(client)


def test_a_title_leads_on_and_is_read_from_then_on(client: Client, member: User) -> None:
    notice = tell(member, url="/profile/")
    assert f"/notices/{notice.pk}/" in page(client)
    answer = client.get(f"/notices/{notice.pk}/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/profile/")
    assert inbox.unread(member) == 0


def test_what_somebody_else_was_told_cannot_be_opened_or_read(client: Client, colleague: User) -> None:
    notice = tell(colleague, url="/profile/")
    assert client.get(f"/notices/{notice.pk}/").status_code == 404
    assert client.post(f"/notices/{notice.pk}/read/").status_code == 404
    assert inbox.unread(colleague) == 1


def test_one_and_all_are_marked_read(client: Client, member: User) -> None:
    notices = [tell(member, number) for number in range(3)]
    client.post(f"/notices/{notices[0].pk}/read/", {"here": "/notices/?unread=1"})
    assert inbox.unread(member) == 2
    answer = client.post("/notices/read-all/")
    assert answer.headers["Location"] == "/notices/"
    assert inbox.unread(member) == 0


def test_all_means_all_of_ones_own(client: Client, colleague: User) -> None:
    tell(colleague)
    client.post("/notices/read-all/")
    assert inbox.unread(colleague) == 1


@pytest.mark.parametrize(
    "here", ["https://evil.example/", "//evil.example/notices/", "/notices/../x?", "/profile/"]
)
def test_the_way_back_is_the_inbox_and_nowhere_else(client: Client, member: User, here: str) -> None:
    notice = tell(member)
    to = client.post(f"/notices/{notice.pk}/read/", {"here": here}).headers["Location"]
    assert to == "/notices/" or to.startswith("/notices/")
    assert "evil" not in to


def test_it_is_filtered_by_kind_allocation_and_what_is_unread(
    client: Client, member: User, allocation: Allocation
) -> None:
    tell(member, 1, title="Plain one", scope=f"allocation.{allocation.pk}")
    tell(member, 2, title="Quiet one", kind="test.quiet")
    inbox.mark_read(member, tell(member, 3, title="Read one").pk)
    assert "Quiet one" not in page(client, "?kind=test.plain") and "Plain one" in page(
        client, "?kind=test.plain"
    )
    only_scope = page(client, f"?scope=allocation.{allocation.pk}")
    assert "Plain one" in only_scope and "Quiet one" not in only_scope
    assert "BIO220047 (IU)" in only_scope
    assert "Read one" not in page(client, "?unread=1")
    assert "Nothing of that kind" in page(client, "?kind=no.such")


def test_pages_follow_one_another_without_loss_or_repetition(client: Client, member: User) -> None:
    rows = [Notice(user=member, kind="test.plain", title=f"Number {i:03}") for i in range(70)]
    Notice.objects.bulk_create(rows)
    seen: list[str] = []
    url = "/notices/"
    for _ in range(3):
        found = client.get(url).context["page"]
        seen += [line.notice.title for line in found.lines]
        url = found.next_url
    assert url == ""
    assert len(seen) == len(set(seen)) == 70


def test_a_place_that_is_none_is_the_first_page(client: Client, member: User) -> None:
    tell(member)
    assert "Event 1" in page(client, "?after=nonsense")


def test_hostile_words_stay_words(client: Client, member: User) -> None:
    tell(member, title="<script>alert(1)</script>", text="<img src=x onerror=alert(1)>")
    shown = page(client)
    assert "<script>alert" not in shown and "<img src=x" not in shown


@pytest.mark.parametrize("count", [1, 20, 500])
def test_the_page_costs_the_same_however_much_is_in_it(client: Client, member: User, count: int) -> None:
    Notice.objects.bulk_create(Notice(user=member, kind="test.plain", title=f"n{i}") for i in range(count))
    page(client)
    with CaptureQueriesContext(connection) as queries:
        page(client)
    found = [q["sql"] for q in queries if "notices_" in q["sql"]]
    assert len(found) == 2, "the page and the bell"


def test_a_page_without_notices_pays_one_query_for_the_bell(client: Client, member: User) -> None:
    client.get("/profile/")
    with CaptureQueriesContext(connection) as queries:
        client.get("/profile/")
    assert len([q for q in queries if "notices_" in q["sql"]]) == 1


def test_the_open_pages_of_a_person_hear_that_something_came(
    member: User, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[list[str], Any]] = []
    monkeypatch.setattr("portal.core.events.send", lambda groups, event: sent.append((list(groups), event)))
    with django_capture_on_commit_callbacks(execute=True):
        tell(member)
    assert ([f"user.{member.pk}"], "notices:changed") in [(groups, event.name) for groups, event in sent]
