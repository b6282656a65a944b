"""The start page: your allocations, or why there are none."""

from collections.abc import Collection
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from allocations import hooks
from allocations.models import Allocation
from portal.accounts.models import CloudLink, User
from portal.notices import announcing
from tests.cast import join, make_allocation, make_grant, make_user

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def page(user: User, path: str = "/") -> str:
    response = browser_of(user).get(path)
    assert response.status_code == 200, response
    return response.content.decode()


@pytest.fixture
def burning(monkeypatch: pytest.MonkeyPatch) -> dict[int, dict[str, Decimal]]:
    """What instances would say is being spent now."""
    rates: dict[int, dict[str, Decimal]] = {}

    def source(ids: Collection[int]) -> dict[int, dict[str, Decimal]]:
        return {pk: rates[pk] for pk in ids if pk in rates}

    monkeypatch.setattr(hooks, "burn_sources", [source])
    return rates


def test_signed_out_it_says_what_this_is_and_how_to_come_in(client: Client, db: None) -> None:
    response = client.get("/")
    assert response.status_code == 200
    assert b"Sign in with CILogon" in response.content
    assert b"Demo cloud" in response.content


def test_a_card_shows_grant_cloud_and_use(member: User, allocation: Allocation) -> None:
    Allocation.objects.update(pi_name="Alice Moreau")
    shown = page(member)
    for words in (
        "Genome assembly of prairie grasses",
        "BIO220047",
        "Demo cloud / Indiana University",
        "PI Alice Moreau",
        "301 days left",
        "CPU SUs",
        "of 100,000",
        "GPU SUs",
        "of 20,000",
        "of 25",
        "of 150",
        "of 585 GB",
        "you: Member",
        "Nothing is being spent here now",
    ):
        assert words in shown, words


def test_what_is_spent_now_says_when_it_runs_out(
    member: User, allocation: Allocation, burning: dict[int, dict[str, Decimal]]
) -> None:
    burning[allocation.pk] = {"cpu": Decimal(100)}
    shown = page(member)
    assert '<strong class="num">100</strong> SU/h now' in shown
    runs_out = timezone.now() + timedelta(hours=750)
    assert f"at this pace it runs out <strong>{runs_out:%Y-%m-%d}</strong>" in shown


def test_what_is_spent_in_another_region_draws_on_the_same_grant(
    member: User, allocation: Allocation, burning: dict[int, dict[str, Decimal]]
) -> None:
    elsewhere = make_allocation(region="TACC")
    join(member, elsewhere)
    burning[elsewhere.pk] = {"cpu": Decimal(100)}
    shown = page(member, "/home/parts/")
    here = shown.partition(f'id="allocation-{allocation.pk}"')[2].partition("</article>")[0]
    assert "Nothing is being spent here now" in here
    assert "100 SU/h now: at this pace it runs out" in here


def test_a_pace_that_the_grant_outlasts_says_so(
    member: User, allocation: Allocation, burning: dict[int, dict[str, Decimal]]
) -> None:
    burning[allocation.pk] = {"cpu": Decimal(1)}
    shown = page(member)
    assert "enough until it ends" in shown
    assert "runs out" not in shown


def test_what_cannot_be_read_says_since_when(member: User, allocation: Allocation) -> None:
    Allocation.objects.update(read_error_id="cloud:timeout", read_error_since=timezone.now())
    assert "Not read since" in page(member)


def test_an_allocation_that_nobody_has_read_yet_says_so(db: None) -> None:
    user = make_user("ann")
    join(user, make_allocation(quota={}, quota_read_at=None, accounting_read_at=None))
    shown = page(user)
    assert "Quota not read yet" in shown
    assert "SUs awarded are not known" in shown


def test_unlimited_is_not_nought(db: None) -> None:
    user = make_user("ann")
    join(user, make_allocation(quota={"instances": {"used": 7, "limit": None}}))
    assert "of unlimited" in page(user)


def test_an_allocation_that_has_ended_says_when(db: None) -> None:
    user = make_user("ann")
    allocation = make_allocation()
    join(user, allocation)
    make_grant(allocation, ends_on=timezone.now().date() - timedelta(days=3))
    assert "ended " in page(user)


def test_a_reader_is_offered_no_launch_and_a_member_is(
    reader: User, member: User, allocation: Allocation
) -> None:
    address = f"/allocations/{allocation.slug}/launch/"
    assert address not in page(reader, "/home/parts/")
    assert address in page(member, "/home/parts/")


def test_only_my_allocations_are_there(member: User, stranger: User, other_allocation: Allocation) -> None:
    assert "TRA220028" not in page(member)
    assert "BIO220047" not in page(stranger)


def test_titles_are_text(member: User, allocation: Allocation) -> None:
    Allocation.objects.update(title="<img src=x onerror=alert(1)>", pi_name="<b>x</b>")
    shown = page(member)
    assert "<img src=x" not in shown
    assert "<b>x</b>" not in shown


def test_the_page_listens_to_its_allocations(member: User, allocation: Allocation) -> None:
    assert f'data-topics="allocation:{allocation.slug}"' in page(member)


@pytest.mark.parametrize("path", ["/", "/home/parts/"])
def test_thirty_allocations_take_as_many_queries_as_one(
    path: str, burning: dict[int, dict[str, Decimal]], django_assert_max_num_queries: Any
) -> None:
    counts = []
    announcing.shown_to(None)  # kept for a minute by all pages together
    for number in (1, 30):
        user = make_user(f"u{number}")
        for index in range(number):
            allocation = make_allocation(f"N{number:03}{index:03}")
            make_grant(allocation, "cpu")
            make_grant(allocation, "gpu")
            join(user, allocation, "manager")
        browser = browser_of(user)
        with django_assert_max_num_queries(18) as counted:
            assert browser.get(path).status_code == 200
        counts.append(len(counted))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("path", ["/home/parts/", "/no-allocation/"])
def test_the_parts_are_for_people_signed_in(client: Client, db: None, path: str) -> None:
    assert client.get(path).status_code == 302


def link(user: User, state: str, **fields: Any) -> CloudLink:
    return CloudLink.objects.create(user=user, cloud="demo", state=state, **fields)


def test_without_an_allocation_there_is_a_page_that_explains(newcomer: User) -> None:
    link(newcomer, "connected")
    browser = browser_of(newcomer)
    response = browser.get("/")
    assert (response.status_code, response["Location"]) == (302, "/no-allocation/")
    shown = page(newcomer, "/no-allocation/")
    for words in (
        "four hours",
        "newbie@access-ci.org",
        "not on this resource",
        "Try again",
        "answered that you have no project",
    ):
        assert words in shown, words


def test_a_cloud_that_did_not_answer_is_not_a_cloud_without_projects(newcomer: User) -> None:
    link(newcomer, "failed", error_id="cloud:timeout", error_params={"service": "identity"})
    shown = page(newcomer, "/no-allocation/")
    assert "did not let the portal in" in shown
    assert "answered that you have no project" not in shown


def test_grants_that_are_claimed_and_not_there_yet_are_pending(newcomer: User, member: User) -> None:
    User.objects.update(claimed_groups=["ACCESS:BIO220047:member", "ACCESS:NEW999999:pi", "other"])
    assert "NEW999999" in page(newcomer, "/no-allocation/")
    shown = page(member)
    assert 'On their way: <span class="mono">NEW999999</span>' in shown


def test_while_a_cloud_is_being_connected_the_page_waits_for_it(newcomer: User) -> None:
    link(newcomer, "connecting")
    shown = page(newcomer)
    assert "Connecting to Demo cloud" in shown
    assert "clouds:changed from:body" in shown


def test_a_cloud_that_is_slow_to_answer_is_told_as_that(newcomer: User) -> None:
    link(newcomer, "connecting", error_id="cloud:timeout")
    assert "It has not answered yet" in page(newcomer)


def test_each_cloud_says_how_the_connection_stands(member: User, allocation: Allocation) -> None:
    assert "tag-ok" not in page(member, "/home/parts/").partition("cards")[0]
    link(member, "connected")
    assert "tag-ok" in page(member, "/home/parts/").partition("cards")[0]


def test_a_connection_that_has_ended_is_told_beside_the_cards(member: User, allocation: Allocation) -> None:
    link(member, "connected")
    member.cloud_credentials.update(refused_at=timezone.now())
    shown = page(member)
    assert "Your connection to Demo cloud has ended" in shown
    assert "Genome assembly" in shown


def test_once_there_is_an_allocation_the_open_page_moves_on(member: User, allocation: Allocation) -> None:
    browser = browser_of(member)
    assert browser.get("/no-allocation/")["Location"] == "/"
    response = browser.get("/no-allocation/", headers={"HX-Request": "true"})
    assert response["HX-Redirect"] == "/"


def test_the_card_of_an_allocation_is_for_its_members(
    member: User, stranger: User, allocation: Allocation
) -> None:
    path = f"/allocations/{allocation.slug}/card/"
    assert "BIO220047" in page(member, path)
    assert browser_of(stranger).get(path).status_code == 404


def test_an_allocations_address_is_its_overview_and_leads_to_what_runs_in_it(
    member: User, stranger: User, allocation: Allocation
) -> None:
    path = f"/allocations/{allocation.slug}/"
    shown = page(member, path)
    assert f'href="{path}instances/"' in shown and allocation.title in shown
    assert browser_of(stranger).get(path).status_code == 404


def test_the_bar_offers_my_allocations_and_marks_the_open_one(member: User, allocation: Allocation) -> None:
    assert f'href="/allocations/{allocation.slug}/instances/"' in page(member, "/profile/")
    second = make_allocation("TRA220028")
    join(member, second, "reader")
    shown = page(member, f"/allocations/{second.slug}/instances/")
    assert "TRA220028" in shown
    assert shown.count('aria-current="true"') == 1


def test_an_allocation_of_a_cloud_that_left_the_configuration_is_still_shown(db: None) -> None:
    user = make_user("ann")
    join(user, make_allocation(cloud="gone", slug="old"))
    assert "gone / IU" in page(user)
