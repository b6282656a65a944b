"""The pages of the roster: who gets them, what they say, and what a form of them does."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from instances.workshops.models import Learner, Workshop
from instances.workshops.roster import links, services
from instances.workshops.roster.joining import Came, join
from instances.workshops.roster.models import Coming, JoinLink
from portal.accounts.models import User
from portal.notices.models import Mail
from tests.instances.workshops.room import make_helper, make_learner, make_workshop, seat_of
from tests.instances.workshops.roster.conftest import entry, offer_guests, person

pytestmark = pytest.mark.django_db


def url(name: str, workshop: Workshop) -> str:
    return reverse(f"roster:{name}", args=[workshop.pk])


@pytest.mark.parametrize("name", ["list", "add", "entry", "line", "export", "guests", "poster"])
def test_the_roster_is_for_those_who_run_the_workshop(
    name: str,
    workshop: Workshop,
    link: JoinLink,
    pi: User,
    stranger: User,
    lea: User,
    learner: Learner,
    client: Client,
) -> None:
    assert client.get(url(name, workshop)).status_code in {302, 401}
    for user, wanted in ((pi, {200, 302}), (stranger, {404}), (lea, {404})):
        client.force_login(user)
        assert client.get(url(name, workshop)).status_code in wanted, (name, user)
        if user is not pi:
            assert client.post(url(name, workshop), {"do": "link"}).status_code in {404, 405}
    assert links.live(workshop) == link


def test_an_assistant_sees_the_list_and_the_poster_and_changes_nothing(
    workshop: Workshop, link: JoinLink, helper: User, learner: Learner, client: Client
) -> None:
    client.force_login(helper)
    page = client.get(url("list", workshop)).content.decode()
    assert "Lea" in page and "roster-do" not in page and "Add people" not in page
    assert links.shown(link).code in client.get(url("poster", workshop)).content.decode()
    for name in ("add", "entry", "line", "export", "guests", "do"):
        assert client.post(url(name, workshop), {"do": "link", "what": "remove"}).status_code in {403, 405}, (
            name
        )
    assert Learner.objects.get(pk=learner.pk).state == "in"


def test_a_co_instructor_who_is_no_member_runs_the_roster(workshop: Workshop, client: Client) -> None:
    ines = person("ines")
    make_helper(workshop, ines, role="instructor")
    client.force_login(ines)
    assert client.get(url("add", workshop)).status_code == 200


def test_the_list_is_searched_filtered_sorted_and_paged(
    teacher: Client, workshop: Workshop, member: User
) -> None:
    services.add(workshop=workshop, by=member, entries=[entry(f"Person {n:03}", n) for n in range(1, 121)])
    seen: list[str] = []
    address = url("list", workshop) + "?sort=-name"
    for _ in range(3):
        page = teacher.get(address)
        rows = page.context["list"].rows
        seen += [row.learner.name for row in rows]
        address = page.context["page"]["next_url"]
    assert seen == [f"Person {n:03}" for n in range(120, 0, -1)]
    assert address == ""
    found = teacher.get(url("list", workshop) + "?q=person 01&state=invited").context["list"]
    assert found.matched == 12
    assert teacher.get(url("list", workshop) + "?state=out").context["list"].matched == 0
    for odd in ("?sort=evil", "?after=%00", "?state=x", "?after=e30"):
        assert teacher.get(url("list", workshop) + odd).status_code == 200


@pytest.mark.parametrize("sort", ["name", "-state", "added", "-came"])
def test_every_order_comes_to_its_end(teacher: Client, workshop: Workshop, member: User, sort: str) -> None:
    services.add(
        workshop=workshop,
        by=member,
        entries=[entry(f"Person {n % 7}", n, email=f"p{n}@x.org") for n in range(1, 111)],
    )
    seen: set[Any] = set()
    address = url("list", workshop) + f"?sort={sort}"
    while address:
        context = teacher.get(address).context
        fresh = {row.learner.pk for row in context["list"].rows}
        assert not fresh & seen
        seen |= fresh
        address = context["page"]["next_url"]
    assert len(seen) == 110


def test_a_hundred_people_cost_as_many_queries_as_one(teacher: Client, allocation: Any, member: User) -> None:
    counts = []
    for many in (1, 20, 100):
        workshop = make_workshop(allocation, member, seats=many)
        for number in range(many):
            one = make_learner(workshop, person(f"p{many}-{number}"), name=f"P{number:03} in")
            seat = seat_of(workshop, number + 1)
            seat.learner = one
            seat.save()
            Coming.objects.create(learner=one, account_name="Somebody")
            make_learner(workshop, None, name=f"P{number:03} waits", state="waiting")
        teacher.get(url("list", workshop))
        with CaptureQueriesContext(connection) as held:
            teacher.get(url("list", workshop))
        counts.append(len(held))
    assert len(set(counts)) == 1, counts


def test_another_name_of_the_account_is_shown(teacher: Client, workshop: Workshop, member: User) -> None:
    services.add(workshop=workshop, by=member, entries=[entry("Ada Lovelace", email="", access_id="ada")])
    join(user=person("ada", display_name="Grace Hopper"), came=Came(workshop.pk), accepted=True)
    assert "signed in as Grace Hopper" in teacher.get(url("list", workshop)).content.decode()


def test_hostile_names_are_text(teacher: Client, workshop: Workshop) -> None:
    make_learner(workshop, None, name="<script>alert(1)</script>", email="x@example.edu")
    page = teacher.get(url("list", workshop)).content.decode()
    assert "<script>alert" not in page and "&lt;script&gt;" in page


def test_a_list_is_looked_at_before_anybody_is_added(
    teacher: Client, workshop: Workshop, member: User
) -> None:
    services.add(workshop=workshop, by=member, entries=[entry("Ada")])
    sheet = SimpleUploadedFile(
        "class.csv", "\ufeffName;E-Mail\nAda;ada@example.edu\nBert;bert@example.edu\n;nobody\n".encode()
    )
    page = teacher.post(
        url("add", workshop), {"do": "preview", "names": "Cleo <cleo@example.edu>", "sheet": sheet}
    )
    assert workshop.learners.count() == 1
    assert [one.name for one in page.context["sheet"].entries] == ["Cleo", "Bert"]
    assert [(bad.line, bad.why) for bad in page.context["sheet"].bad] == [
        (2, "On the roster already."),
        (4, "“nobody” is no e-mail address."),
    ]
    done = teacher.post(url("add", workshop), {"do": "add", "lines": page.context["lines"], "invite": "1"})
    assert done.status_code == 302
    assert set(workshop.learners.values_list("name", flat=True)) == {"Ada", "Bert", "Cleo"}
    assert set(Mail.objects.values_list("to_address", flat=True)) == {"bert@example.edu", "cleo@example.edu"}


def test_one_person_by_hand(teacher: Client, workshop: Workshop) -> None:
    given = {"do": "one", "name": 'Ada "the first" Lovelace', "email": "ada@example.edu", "access_id": ""}
    assert teacher.post(url("add", workshop), given).status_code == 302
    ada = workshop.learners.get()
    assert (ada.name, ada.via) == ("Ada 'the first' Lovelace", "hand")
    again = teacher.post(url("add", workshop), given)
    assert again.status_code == 422 and b"On the roster already" in again.content
    nobody = teacher.post(url("add", workshop), {"do": "one", "name": "Bert"})
    assert nobody.status_code == 422 and b"no e-mail address" in nobody.content


def test_an_empty_list_is_told(teacher: Client, workshop: Workshop) -> None:
    assert teacher.post(url("add", workshop), {"do": "preview", "names": " "}).status_code == 422


def test_more_people_than_seats_is_said_before_it_is_done(teacher: Client, workshop: Workshop) -> None:
    names = "\n".join(f"p{n}@example.edu" for n in range(5))
    page = teacher.post(url("add", workshop), {"do": "preview", "names": names})
    assert page.context["room"] == 2


def test_many_are_removed_after_a_question_and_what_did_not_work_is_told(
    teacher: Client, workshop: Workshop, came: Came
) -> None:
    ada, bert = [join(user=person(name), came=came, accepted=True) for name in ("ada", "bert")]
    given = {"what": "remove", "learner": [str(ada.pk), str(bert.pk), "junk"]}
    asked = teacher.post(url("do", workshop), given)
    assert b"their seat ends at once" in asked.content
    assert workshop.learners.filter(state="in").count() == 2
    Learner.objects.filter(pk=bert.pk).update(state="out")
    report = teacher.post(url("do", workshop), given | {"sure": "1"}).content.decode()
    assert '<strong class="num">1</strong> of 2' in report and "Bert is removed now" in report
    ada.refresh_from_db()
    assert ada.state == "out"


def test_all_that_match_are_invited_at_once(teacher: Client, workshop: Workshop, member: User) -> None:
    services.add(workshop=workshop, by=member, entries=[entry(f"P{n}", n) for n in range(1, 4)])
    page = teacher.post(url("do", workshop), {"what": "invite", "all": "1", "state": "invited", "q": ""})
    assert len(page.context["done"]) == 3
    assert Mail.objects.count() == 3


def test_people_of_another_workshop_are_not_touched(
    teacher: Client, workshop: Workshop, allocation: Any, pi: User
) -> None:
    other = make_workshop(allocation, pi)
    theirs = make_learner(other, person("ada"))
    assert (
        teacher.post(
            url("do", workshop), {"what": "remove", "sure": "1", "learner": str(theirs.pk)}
        ).status_code
        == 422
    )
    theirs.refresh_from_db()
    assert theirs.state == "in"


def test_what_cannot_be_done_is_refused(teacher: Client, workshop: Workshop) -> None:
    assert teacher.post(url("do", workshop), {"what": "erase", "all": "1"}).status_code == 422
    assert teacher.post(url("line", workshop), {"how": "first", "learner": "junk"}).status_code == 422


def test_the_waiting_list_is_put_in_order(teacher: Client, workshop: Workshop, came: Came) -> None:
    found = [join(user=person(f"p{n}"), came=came, accepted=True) for n in range(5)]
    teacher.post(url("line", workshop), {"learner": str(found[4].pk), "how": "first"})
    page = teacher.get(url("line", workshop))
    assert [one.pk for one in page.context["waiting"]] == [found[4].pk, found[3].pk]


def test_the_file_holds_what_the_list_shows_and_nothing_that_runs(
    teacher: Client, workshop: Workshop
) -> None:
    make_learner(workshop, None, name="=cmd|' /C calc'!A0", email="x@example.edu", state="waiting")
    make_learner(workshop, None, name="Gone", email="y@example.edu", state="out")
    answer = teacher.get(url("export", workshop) + "?state=waiting")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    head, row = text.strip().splitlines()
    assert head.startswith("Name,E-mail,ACCESS ID,State,Seat,Place in line")
    assert row.startswith("'=cmd|") and ",Waiting list,,1," in row


def test_the_link_is_made_shown_capped_renewed_and_withdrawn(teacher: Client, workshop: Workshop) -> None:
    teacher.post(url("entry", workshop), {"do": "link", "cap": "2"})
    link = links.live(workshop)
    assert link is not None and link.cap == 2
    shown = links.shown(link)
    page = teacher.get(url("entry", workshop)).content.decode()
    assert shown.code in page and shown.address in page and "<svg" in page and "style=" not in page
    teacher.post(url("entry", workshop), {"do": "cap", "cap": ""})
    assert links.live(workshop) == link and JoinLink.objects.get().cap is None
    teacher.post(url("entry", workshop), {"do": "link", "cap": ""})
    assert links.live(workshop) != link
    teacher.post(url("entry", workshop), {"do": "revoke"})
    assert links.live(workshop) is None
    assert teacher.post(url("entry", workshop), {"do": "link", "cap": "many"}).status_code == 422
    assert teacher.post(url("entry", workshop), {"do": "dance"}).status_code == 422
    assert teacher.get(url("poster", workshop)).content.strip() == b""


def test_the_rules_are_saved_and_wrong_ones_are_told(
    teacher: Client, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer_guests(monkeypatch, False)
    given = {
        "do": "rules",
        "who": "roster",
        "domains": "@Uni.Example, lab.org",
        "approve": "1",
        "guests": "1",
    }
    teacher.post(url("entry", workshop), given)
    workshop.refresh_from_db()
    assert workshop.admits == {
        "roster_only": True,
        "domains": ["uni.example", "lab.org"],
        "approve": True,
        "guests": False,
    }
    wrong = teacher.post(url("entry", workshop), {"do": "rules", "domains": "nonsense"})
    assert wrong.status_code == 422 and b"nonsense" in wrong.content


def test_guests_can_only_be_chosen_where_the_operator_offers_them(
    teacher: Client, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer_guests(monkeypatch, False)
    assert b'name="guests"' not in teacher.get(url("entry", workshop)).content
    offer_guests(monkeypatch)
    assert b'name="guests"' in teacher.get(url("entry", workshop)).content
    teacher.post(url("entry", workshop), {"do": "rules", "guests": "1"})
    workshop.refresh_from_db()
    assert workshop.admits["guests"] is True


def test_a_workshop_that_is_over_takes_nobody(teacher: Client, workshop: Workshop) -> None:
    Workshop.objects.filter(pk=workshop.pk).update(state="ended")
    assert teacher.post(url("entry", workshop), {"do": "link"}).status_code == 410
    assert teacher.post(url("add", workshop), {"do": "one", "email": "a@b.org"}).status_code == 410
    assert b"roster-do" not in teacher.get(url("list", workshop)).content
