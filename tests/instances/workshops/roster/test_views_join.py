"""The journey of somebody who was given a link: from the slide to the seat."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from instances.workshops.models import Learner, Workshop
from instances.workshops.roster import links, mails, services
from instances.workshops.roster.admission import Rules
from instances.workshops.roster.joining import Came, join
from instances.workshops.roster.models import JoinLink
from portal.accounts.models import User
from tests.instances.workshops.room import make_workshop
from tests.instances.workshops.roster.conftest import entry, person, visitor

pytestmark = pytest.mark.django_db
JOIN = "/w/join/"


def by_link(link: JoinLink) -> str:
    return reverse("roster:by-link", args=[links.shown(link).code])


def test_a_link_leads_through_the_sign_in_to_the_rules_and_to_the_seat(
    workshop: Workshop, link: JoinLink, client: Client
) -> None:
    Workshop.objects.filter(pk=workshop.pk).update(house_rules="Be kind.\n\n<b>Really</b>.")
    first = client.get(by_link(link))
    assert (first.status_code, first["Location"]) == (302, JOIN)
    assert client.get(JOIN)["Location"] == f"/accounts/login/?next={JOIN}"
    client.force_login(visitor("uma"))
    page = client.get(JOIN).content.decode()
    assert workshop.title in page and "Be kind." in page and "&lt;b&gt;" in page
    assert "America/Chicago" in page
    unread = client.post(JOIN, {})
    assert unread.status_code == 422 and not workshop.learners.exists()
    done = client.post(JOIN, {"accepted": "1"})
    assert (done.status_code, done["Location"]) == (302, reverse("learner:page", args=[workshop.pk]))
    assert workshop.learners.get().state == "in"
    assert client.get(done["Location"]).status_code == 200


def test_the_code_is_in_no_page_and_no_address_after_the_first(
    workshop: Workshop, link: JoinLink, client: Client
) -> None:
    client.force_login(person("ada"))
    client.get(by_link(link))
    assert links.shown(link).code not in client.get(JOIN).content.decode()
    assert links.shown(link).code.replace("-", "") not in str(dict(client.session))


def test_who_signs_in_first_sees_nothing_of_what_stands_behind_the_link(
    workshop: Workshop, link: JoinLink, client: Client
) -> None:
    assert workshop.title not in client.get(by_link(link), follow=True).content.decode()


def test_the_code_is_typed_from_the_slide(workshop: Workshop, link: JoinLink, client: Client) -> None:
    assert client.get(JOIN).status_code == 200
    wrong = client.post(JOIN, {"code": "00000-00000"})
    assert wrong.status_code == 404 and b"mistyped" in wrong.content
    assert client.post(JOIN, {"code": links.shown(link).code.lower()})["Location"] == JOIN
    client.force_login(person("ada"))
    assert workshop.title in client.get(JOIN).content.decode()
    assert b'name="code"' in client.get(f"{JOIN}?other=1").content


def test_the_eleventh_wrong_code_is_refused(link: JoinLink, client: Client) -> None:
    codes = [client.post(JOIN, {"code": "00000-00000"}).status_code for _ in range(12)]
    assert codes == [404] * 10 + [429] * 2
    assert client.get(by_link(link)).status_code == 429


def test_full_is_said_before_and_the_place_in_line_after(
    workshop: Workshop, came: Came, link: JoinLink, client: Client
) -> None:
    for number in range(4):
        join(user=person(f"p{number}"), came=came, accepted=True)
    client.force_login(person("late"))
    client.get(by_link(link))
    assert b"All seats are taken now" in client.get(JOIN).content
    page = client.post(JOIN, {"accepted": "1"}, follow=True).content.decode()
    assert Learner.objects.get(user__username="late").state == "waiting"
    assert "2" in page and "line" in page


@pytest.mark.parametrize(
    ("rules", "fields", "problem"),
    [
        (Rules(roster_only=True), {}, "not on the roster"),
        (Rules(domains=("uni.example",)), {}, "for others"),
        (Rules(domains=("example.edu",)), {"email_verified": False}, "not verified"),
    ],
)
def test_who_may_not_join_is_told_why_and_learns_no_more(
    workshop: Workshop,
    link: JoinLink,
    member: User,
    client: Client,
    rules: Rules,
    fields: dict[str, Any],
    problem: str,
) -> None:
    services.admit(workshop=workshop, by=member, rules=rules)
    client.force_login(person("ada", **fields))
    client.get(by_link(link))
    for answer in (client.get(JOIN), client.post(JOIN, {"accepted": "1"})):
        assert answer.status_code == 403 and problem in answer.content.decode()
        assert workshop.title not in answer.content.decode()
    assert not workshop.learners.exists()


@pytest.mark.parametrize(("state", "status"), [("ended", 410), ("cancelled", 410), ("draft", 409)])
def test_a_link_of_what_is_over_or_not_begun_says_so(
    workshop: Workshop, link: JoinLink, client: Client, state: str, status: int
) -> None:
    Workshop.objects.filter(pk=workshop.pk).update(state=state)
    assert client.get(by_link(link)).status_code == status


def test_a_withdrawn_link_says_so_also_to_who_opened_it_before(
    workshop: Workshop, link: JoinLink, member: User, client: Client
) -> None:
    client.force_login(person("ada"))
    client.get(by_link(link))
    links.revoke(workshop=workshop, by=member)
    assert client.get(JOIN).status_code == 410
    assert client.post(JOIN, {"accepted": "1"}).status_code == 410
    assert client.get(by_link(link)).status_code == 410


def test_the_mailed_link_is_for_one_line(workshop: Workshop, member: User, client: Client) -> None:
    (ada,) = services.add(workshop=workshop, by=member, entries=[entry("Ada Lovelace")]).made
    path = mails.personal_path(ada)
    assert client.get(path)["Location"] == JOIN
    client.force_login(visitor("king", email="king@elsewhere.org"))
    client.get(path)
    assert client.post(JOIN, {"accepted": "1"}).status_code == 302
    ada.refresh_from_db()
    assert (ada.state, ada.user and ada.user.username) == ("in", "king")
    other = Client()
    other.force_login(person("eve"))
    other.get(path)
    assert other.get(JOIN).status_code == 403


@pytest.mark.parametrize("token", ["x", "0" * 32, "0" * 32 + ":sig"])
def test_a_mailed_link_that_was_tampered_with_is_counted_as_wrong(
    token: str, client: Client, db: None
) -> None:
    codes = [client.get(reverse("roster:by-mail", args=[token])).status_code for _ in range(11)]
    assert codes == [404] * 10 + [429]


def test_people_of_the_roster_come_without_any_link(workshop: Workshop, member: User, client: Client) -> None:
    services.add(workshop=workshop, by=member, entries=[entry("Ada")])
    come = reverse("roster:come", args=[workshop.pk])
    assert client.get(come)["Location"] == f"/accounts/login/?next={come}"
    client.force_login(person("ada"))
    assert client.get(come)["Location"] == JOIN
    client.post(JOIN, {"accepted": "1"})
    assert workshop.learners.get().state == "in"
    assert client.get(come, follow=True).redirect_chain[-1][0] == reverse("learner:page", args=[workshop.pk])


def test_nobody_else_learns_of_a_workshop_by_its_address(
    workshop: Workshop, client: Client, newcomer: User
) -> None:
    client.force_login(newcomer)
    for pk in (workshop.pk, "00000000-0000-0000-0000-000000000000"):
        assert client.get(reverse("roster:come", args=[pk])).status_code == 404


def test_leaving_is_asked_for_and_done(workshop: Workshop, came: Came, client: Client) -> None:
    ada = person("ada")
    learner = join(user=ada, came=came, accepted=True)
    leave = reverse("roster:leave", args=[workshop.pk])
    client.force_login(ada)
    assert b"Leave" in client.get(leave).content
    learner.refresh_from_db()
    assert learner.state == "in"
    assert client.post(leave).status_code == 200
    learner.refresh_from_db()
    assert learner.state == "out"
    assert client.get(leave).status_code == 404


def test_the_calendar_is_for_who_takes_part_and_who_runs_it(
    workshop: Workshop, learner: Learner, lea: User, pi: User, stranger: User, client: Client
) -> None:
    calendar = reverse("roster:calendar", args=[workshop.pk])
    for user, status in ((lea, 200), (pi, 200), (stranger, 404)):
        client.force_login(user)
        answer = client.get(calendar)
        assert answer.status_code == status, user
        assert (b"BEGIN:VEVENT" in answer.content) is (status == 200)


def test_an_operator_who_looks_as_somebody_joins_nothing(
    workshop: Workshop, allocation: Any, member: User
) -> None:
    from portal.accounts import looking

    for name in ("roster:join", "roster:by-link", "roster:by-mail", "roster:entry", "roster:guest"):
        assert not looking.allowed("GET", name)
    assert looking.allowed("GET", "roster:list")
    assert make_workshop(allocation, member).pk != workshop.pk
