"""People who are here for workshops only: every address of the portal is tried, and what is not theirs is refused."""

import pytest
from django.test import Client
from django.urls import reverse

from instances.workshops.models import Learner, Workshop
from instances.workshops.roster.joining import Came, join
from instances.workshops.roster.models import JoinLink
from portal.accounts import visiting
from portal.accounts.models import User
from tests.access.test_every_url import names
from tests.instances.workshops.roster.conftest import visitor

pytestmark = pytest.mark.django_db
OPEN = {"workshops", "roster", "learner", "board", "runs", "after", "remote"}
OF_NOTICES = {"inbox", "bell", "open", "read", "read-all", "dismiss", "unsubscribe", "preferences"}
OF_ALL = {
    *("healthz", "home", "account_login", "account_logout", "account_inactive", "profile-end-sessions"),
    *("openid_connect_login", "openid_connect_callback"),
}


@pytest.fixture
def uma(workshop: Workshop, came: Came) -> User:
    user = visitor("uma")
    join(user=user, came=came, accepted=True)
    return user


def test_every_address_is_open_to_visitors_or_refused() -> None:
    for name in names():
        space, _, rest = name.rpartition(":")
        wanted = space in OPEN or (space == "notices" and rest in OF_NOTICES) or name in OF_ALL
        assert visiting.allowed(name) is wanted, name


@pytest.mark.parametrize(
    "name",
    [
        *("profile", "profile-tokens", "profile-clouds", "profile-tools", "home-parts", "home-switch"),
        *("no-allocation", "overview:planner", "reports:rates", "members:join", "instances:running"),
        *("notices:webhooks", "api:list_allocations", "api:openapi-view"),
    ],
)
def test_pages_of_people_are_refused(name: str, uma: User, client: Client) -> None:
    client.force_login(uma)
    answer = client.get(reverse(name))
    assert answer.status_code == 403, name
    assert "accounts:visitor" in answer.content.decode() or b"here for a workshop" in answer.content


def test_their_workshop_is_theirs(uma: User, workshop: Workshop, client: Client) -> None:
    client.force_login(uma)
    for name in ("learner:page", "roster:leave", "roster:calendar"):
        assert client.get(reverse(name, args=[workshop.pk])).status_code == 200, name
    assert client.get(reverse("roster:list", args=[workshop.pk])).status_code == 404
    assert client.get(reverse("notices:inbox")).status_code == 200


def test_the_admin_and_what_leads_nowhere_say_what_they_always_say(uma: User, client: Client) -> None:
    client.force_login(uma)
    assert client.get("/admin/").status_code in {302, 403}
    assert client.get("/nowhere/").status_code == 404


def test_everybody_else_gets_everything_as_before(newcomer: User, client: Client) -> None:
    client.force_login(newcomer)
    assert client.get(reverse("profile-tokens")).status_code == 200


def test_who_is_in_without_an_allocation_is_led_to_their_workshops(
    uma: User, link: JoinLink, client: Client
) -> None:
    client.force_login(uma)
    answer = client.get("/", follow=True)
    assert answer.status_code == 200
    assert Learner.objects.get(user=uma).workshop.title in answer.content.decode()
