"""An operator looks as a person: visible, written down, short, and able to do nothing."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from portal.accounts import impersonation, services, tasks, tokens
from portal.accounts.models import ApiToken, Look, User
from portal.core.models import AuditEvent
from tests.cast import make_user

pytestmark = pytest.mark.django_db
WHY = "ticket 4711: cannot find the machine"


@pytest.fixture
def client(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def look(client: Client, person: User, reason: str = WHY) -> Any:
    return client.post(f"/operator/people/{person.pk}/look/", {"reason": reason})


def test_the_pages_are_the_persons_and_say_so(client: Client, member: User) -> None:
    assert look(client, member).status_code == 302
    page = client.get("/profile/").content.decode()
    assert "bob@access-ci.org" in page
    assert "<strong>Olivia</strong> looks as <strong>Bob</strong>" in page
    assert 'action="/operator/look/end/"' in page


def test_the_persons_inbox_is_seen_and_stays_unread(client: Client, member: User) -> None:
    from portal.notices.models import Notice

    notice = Notice.objects.create(user=member, kind="webhook.disabled", title="For Bob", url="/profile/")
    look(client, member)
    assert "For Bob" in client.get("/notices/").content.decode()
    assert client.get(f"/notices/{notice.pk}/").status_code == 302
    notice.refresh_from_db()
    assert notice.read_at is None


def test_nothing_of_it_stays_in_the_operators_browser(client: Client, member: User) -> None:
    look(client, member)
    assert client.get("/profile/").headers["Cache-Control"] == "no-store"


def test_it_is_written_down_with_its_reason_and_how_much_was_seen(
    client: Client, member: User, operator: User
) -> None:
    look(client, member)
    client.get("/profile/")
    client.get("/notices/")
    client.get("/notices/bell/", headers={"HX-Request": "true"})  # a part of a page is no page
    client.post("/operator/look/end/")
    begun = AuditEvent.objects.get(action="impersonation.start")
    ended = AuditEvent.objects.get(action="impersonation.end")
    assert (begun.actor_id, begun.scope, begun.target_name) == (str(operator.pk), f"user.{member.pk}", "Bob")
    assert begun.detail["reason"] == WHY
    assert (ended.detail["pages"], ended.detail["why"], ended.actor_name) == (2, "left", "Olivia")


def test_afterwards_they_are_themselves_again(client: Client, member: User) -> None:
    look(client, member)
    assert client.post("/operator/look/end/").headers["Location"] == "/operator/people/"
    page = client.get("/profile/").content.decode()
    assert "olivia@access-ci.org" in page and "looks as" not in page
    assert client.get("/operator/people/").status_code == 200


def test_the_person_finds_it_in_their_profile(client: Client, member: User) -> None:
    look(client, member)
    own = Client()
    own.force_login(member)
    page = own.get("/profile/").content.decode()
    assert "Operators who looked as you" in page and WHY in page and "Olivia" in page
    assert "looks as" not in page, "the banner is the operator's"


def test_who_was_never_looked_as_has_no_such_list(member: User) -> None:
    own = Client()
    own.force_login(member)
    assert "Operators who looked as you" not in own.get("/profile/").content.decode()


@pytest.mark.parametrize("reason", ["", "   ", "because", "         x         "])
def test_without_a_reason_it_does_not_begin(client: Client, member: User, reason: str) -> None:
    assert look(client, member, reason).status_code == 422
    assert not Look.objects.exists()


@pytest.mark.parametrize("role", ["pi", "manager", "member", "stranger", "newcomer"])
def test_nobody_but_operators_looks(role: str, member: User, request: pytest.FixtureRequest) -> None:
    client = Client()
    client.force_login(request.getfixturevalue(role))
    victim = make_user("victim")
    assert look(client, victim).status_code == 403
    assert client.get("/operator/people/").status_code == 403
    assert not Look.objects.exists()


@pytest.mark.parametrize("more", [{"is_operator": True}, {"is_staff": True}, {"is_superuser": True}])
def test_nobody_looks_as_somebody_with_more_rights(client: Client, more: dict[str, bool]) -> None:
    assert look(client, make_user("boss", **more)).status_code == 403
    assert not Look.objects.exists()


def test_nobody_looks_as_themselves_or_as_nobody(client: Client, operator: User) -> None:
    assert look(client, operator).status_code == 403
    assert look(client, make_user("gone", is_active=False)).status_code == 409
    assert client.post("/operator/people/999999/look/", {"reason": WHY}).status_code == 404
    assert not Look.objects.exists()


def test_it_ends_when_its_time_is_over(client: Client, member: User) -> None:
    look(client, member)
    Look.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert "olivia@access-ci.org" in client.get("/profile/").content.decode()
    ended = AuditEvent.objects.get(action="impersonation.end")
    assert ended.detail["why"] == "its time was over" and ended.actor_name == "the portal"


def test_the_time_is_the_operators_to_set(client: Client, member: User) -> None:
    look(client, member)
    found = Look.objects.get()
    assert found.until - found.started_at == timedelta(minutes=30)


def test_the_clock_ends_those_of_browsers_that_were_closed(client: Client, member: User) -> None:
    look(client, member)
    tasks.sweep()
    assert Look.objects.get().ended_at is None
    Look.objects.update(until=timezone.now() - timedelta(minutes=1))
    tasks.sweep()
    tasks.sweep()
    assert Look.objects.get().ended_why == "its time was over"
    assert AuditEvent.objects.filter(action="impersonation.end").count() == 1


def test_it_ends_with_the_operators_session(client: Client, member: User) -> None:
    look(client, member)
    assert client.post("/accounts/logout/").status_code == 302
    assert Look.objects.get().ended_why == "signed out"
    assert client.get("/profile/").status_code == 302, "nobody is signed in"
    assert not AuditEvent.objects.filter(action="account.sign-out", actor_name="Bob").exists()


def test_ending_the_persons_sessions_does_not_end_it_and_the_operators_does(
    client: Client, member: User, operator: User
) -> None:
    look(client, member)
    services.end_all_sessions(user=member, by=member)
    assert Look.objects.get().ended_at is None
    services.end_all_sessions(user=operator, by=operator)
    assert Look.objects.get().ended_at is not None


def test_who_is_an_operator_no_more_sees_nothing_more(client: Client, member: User, operator: User) -> None:
    look(client, member)
    User.objects.filter(pk=operator.pk).update(is_operator=False)
    assert "bob@access-ci.org" not in client.get("/profile/").content.decode()
    assert Look.objects.get().ended_at is not None


@pytest.mark.parametrize("change", [{"is_operator": True}, {"is_active": False}, {"is_superuser": True}])
def test_a_person_whose_account_changes_is_looked_as_no_more(
    client: Client, member: User, change: dict[str, bool]
) -> None:
    look(client, member)
    User.objects.filter(pk=member.pk).update(**change)
    assert "looks as" not in client.get("/profile/").content.decode()
    assert Look.objects.get().ended_why == "the person's account changed"


def test_one_look_at_a_time(client: Client, member: User, colleague: User, operator: User) -> None:
    look(client, member)
    other = Client()
    other.force_login(operator)
    look(other, colleague)
    assert "olivia@access-ci.org" in client.get("/profile/").content.decode()
    assert "colin@access-ci.org" in other.get("/profile/").content.decode()
    assert Look.objects.filter(ended_at=None).count() == 1


def test_another_session_cannot_use_it(client: Client, member: User, operator: User) -> None:
    look(client, member)
    other = Client()
    other.force_login(operator)
    session = other.session
    session[impersonation.KEY] = Look.objects.get().pk
    session.save()
    assert "olivia@access-ci.org" in other.get("/profile/").content.decode()


def test_no_second_look_is_begun_from_within(client: Client, member: User, colleague: User) -> None:
    look(client, member)
    assert look(client, colleague).status_code == 403
    assert Look.objects.count() == 1


def test_looking_leaves_the_persons_preferences_alone(client: Client, member: User, allocation: Any) -> None:
    look(client, member)
    client.get(f"/allocations/{allocation.slug}/instances/")
    member.refresh_from_db()
    assert member.preferences == {}


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
@pytest.mark.parametrize(
    "path", ["/profile/notices/", "/profile/end-sessions/", "/api/v1/instances", "/profile/"]
)
def test_nothing_is_changed(client: Client, member: User, method: str, path: str) -> None:
    look(client, member)
    before = AuditEvent.objects.count()
    assert getattr(client, method)(path).status_code == 403
    assert AuditEvent.objects.count() == before


@pytest.mark.parametrize(
    "path",
    [
        "/profile/tokens/",
        "/profile/tools/",
        "/profile/tools/1/",
        "/profile/clouds/demo/connect/password/",
        "/profile/webhooks/",
        "/api/v1/instances",
        "/api/v1/openapi.json",
        "/admin/",
        "/admin/accounts/user/",
        "/operator/people/",
        "/operator/announcements/",
        "/remote/dock/",
        "/auth/websso/finish/",
    ],
)
def test_nothing_that_opens_or_reveals_is_shown(client: Client, member: User, path: str) -> None:
    look(client, member)
    answer = client.get(path)
    assert answer.status_code == 403
    assert "You are only looking" in answer.content.decode()


def test_a_token_of_the_operators_own_does_not_open_the_api_in_that_session(
    client: Client, member: User, operator: User
) -> None:
    look(client, member)
    _, plain = tokens.issue(operator, "script", ApiToken.Scope.WRITE, 1)
    headers = {"Authorization": f"Bearer {plain}"}
    assert client.get("/api/v1/allocations", headers=headers).status_code == 403
    assert Client().get("/api/v1/allocations", headers=headers).status_code == 200


def test_a_refused_click_says_what_to_do_in_place(client: Client, member: User) -> None:
    look(client, member)
    answer = client.post("/profile/notices/", headers={"HX-Request": "true"})
    assert answer.status_code == 403
    assert "Leave this view" in answer.content.decode() and "<html" not in answer.content.decode()


def test_an_address_that_leads_nowhere_is_still_nothing(client: Client, member: User) -> None:
    look(client, member)
    assert client.get("/no/such/page/").status_code == 404
    assert client.post("/no/such/page/").status_code in {403, 404}


def test_without_a_look_a_page_costs_no_query_for_it(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        client.get("/notices/bell/")
    assert not [q for q in queries if "accounts_look" in q["sql"]]


def test_finding_people_needs_the_words_of_a_name(client: Client, member: User, colleague: User) -> None:
    page = client.get("/operator/people/?q=bob+access").content.decode()
    assert "bob@access-ci.org" in page and "colin@access-ci.org" not in page
    assert "bob@access-ci.org" not in client.get("/operator/people/").content.decode()


def test_an_operator_is_found_but_not_offered(client: Client, operator: User) -> None:
    page = client.get("/operator/people/?q=olivia").content.decode()
    assert "nobody looks as one" in page and f"/operator/people/{operator.pk}/look/" not in page


@pytest.mark.django_db(transaction=True)
class TestSockets:
    async def open(self, path: str, cookie: str) -> bool:
        from asgiref.testing import ApplicationCommunicator

        from portal.asgi import application

        scope = {
            "type": "websocket",
            "path": path,
            "query_string": b"",
            "headers": [
                (b"origin", b"http://testserver"),
                (b"host", b"testserver"),
                (b"cookie", cookie.encode()),
            ],
            "subprotocols": [],
        }
        socket: Any = ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]
        await socket.send_input({"type": "websocket.connect"})
        answer = await socket.receive_output(timeout=5)
        await socket.send_input({"type": "websocket.disconnect", "code": 1005})
        await socket.wait(timeout=5)
        return bool(answer["type"] == "websocket.accept")

    def looking_cookie(self, member: User, operator: User, settings: Settings) -> str:
        client = Client()
        client.force_login(operator)
        look(client, member)
        return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"

    async def test_the_pages_own_socket_opens_and_those_to_machines_do_not(
        self, member: User, operator: User, settings: Settings
    ) -> None:
        from asgiref.sync import sync_to_async

        cookie = await sync_to_async(self.looking_cookie)(member, operator, settings)
        assert await self.open("/ws/live/", cookie)
        for path in ("/ws/remote/shell/", "/ws/remote/desktop/", "/ws/remote/at/one/shell/"):
            assert not await self.open(path, cookie), path
