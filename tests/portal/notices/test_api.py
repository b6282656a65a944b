"""The inbox, choices and webhooks over the API, on the same rules as the pages."""

import json
from typing import Any

import pytest
from django.test import Client

from portal.accounts import tokens
from portal.accounts.models import ApiToken, User
from portal.notices import services
from portal.notices.models import Choice, Notice, Sending, Webhook
from tests.portal.notices.things import webhook_of

pytestmark = pytest.mark.django_db


class Api:
    def __init__(self, user: User, scope: str = ApiToken.Scope.WRITE) -> None:
        _, plain = tokens.issue(user, "t", scope, 1)
        self.headers = {"Authorization": f"Bearer {plain}"}

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        options = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        return getattr(Client(), method)(f"/api/v1/{path}", headers=self.headers, **options)


@pytest.fixture
def api(member: User) -> Api:
    return Api(member)


def tell(user: User, number: int = 1) -> None:
    services.tell("test.plain", to=[user], key=f"e{number}", title=f"Event {number}", text="x")


def test_the_inbox_is_read_page_by_page(api: Api, member: User) -> None:
    Notice.objects.bulk_create(Notice(user=member, kind="test.plain", title=f"n{i}") for i in range(35))
    first = api("get", "notices").json()
    assert (len(first["items"]), first["unread"]) == (30, 35)
    second = api("get", f"notices?after={first['next']}").json()
    assert len(second["items"]) == 5 and second["next"] is None


def test_it_is_filtered(api: Api, member: User) -> None:
    tell(member)
    assert api("get", "notices?kind=test.quiet").json()["items"] == []
    assert len(api("get", "notices?kind=test.plain&unread=true").json()["items"]) == 1


def test_others_notices_are_neither_seen_nor_read(api: Api, pi: User) -> None:
    tell(pi)
    theirs = Notice.objects.get()
    assert api("get", "notices").json()["items"] == []
    assert api("post", "notices/read", {"ids": [str(theirs.pk)]}).json() == {"changed": 0}
    assert Notice.objects.get().read_at is None


def test_some_and_all_are_marked_read(api: Api, member: User) -> None:
    tell(member, 1)
    tell(member, 2)
    one = Notice.objects.first()
    assert one is not None
    assert api("post", "notices/read", {"ids": [str(one.pk)]}).json() == {"changed": 1}
    assert api("post", "notices/read", {}).json() == {"changed": 1}


def test_a_token_that_only_reads_changes_nothing(member: User) -> None:
    tell(member)
    api = Api(member, ApiToken.Scope.READ)
    assert api("get", "notices").status_code == 200
    assert api("post", "notices/read", {}).status_code == 403
    assert Notice.objects.get().read_at is None


def test_choices_are_read_and_changed_one_by_one(api: Api, member: User) -> None:
    listed = {one["kind"]: one for one in api("get", "notices/choices").json()}
    assert listed["test.plain"]["mail"] is True and listed["test.always"]["always"] is True
    changed = api("patch", "notices/choices/test.plain", {"mail": False}).json()
    assert (changed["mail"], changed["page"]) == (False, True)
    assert Choice.objects.get(user=member).mail is False


def test_what_cannot_be_turned_off_stays(api: Api) -> None:
    assert api("patch", "notices/choices/test.always", {"page": False}).json()["page"] is True


def test_a_kind_that_does_not_exist_is_not_found(api: Api) -> None:
    assert api("patch", "notices/choices/no.such", {"mail": True}).status_code == 404


def test_a_webhook_is_made_changed_tested_and_removed(api: Api, member: User) -> None:
    made = api("post", "webhooks", {"name": "ci", "url": "https://hooks.example.edu/"})
    assert made.status_code == 201 and made.json()["secret"].startswith("whsec_")
    path = f"webhooks/{made.json()['id']}"
    assert "secret" not in api("get", "webhooks").json()[0]
    changed = api("put", path, {"name": "ci2", "url": "https://hooks.example.edu/b", "kinds": ["test.plain"]})
    assert changed.json()["kinds"] == ["test.plain"]
    assert api("post", f"{path}/test").status_code == 202
    assert [one["kind"] for one in api("get", f"{path}/deliveries").json()] == ["webhook.test"]
    assert api("delete", path).status_code == 204
    assert not Webhook.objects.exists()


def test_a_bad_address_is_a_problem_document(api: Api) -> None:
    answer = api("post", "webhooks", {"name": "ci", "url": "http://169.254.169.254/"})
    assert answer.status_code == 422 and "https" in answer.json()["detail"]


def test_somebody_elses_webhook_is_not_there(api: Api, pi: User) -> None:
    hook = webhook_of(pi)
    body = {"name": "x", "url": "https://hooks.example.edu/"}
    for method, path, given in (
        ("put", f"webhooks/{hook.pk}", body),
        ("delete", f"webhooks/{hook.pk}", None),
        ("post", f"webhooks/{hook.pk}/test", {}),
        ("get", f"webhooks/{hook.pk}/deliveries", None),
    ):
        assert api(method, path, given).status_code == 404, (method, path)
    assert Webhook.objects.count() == 1 and not Sending.objects.exists()
