"""The bar: always there, remembers where you were, and a switch leads to the same kind of page."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from django.urls import resolve

from allocations.models import Allocation
from instances.models import Instance
from portal.accounts.models import User
from portal.accounts.preferences import remember
from portal.home import template_context
from tests.cast import join, make_allocation, make_user
from tests.instances.rows import machine, offer
from tests.portal.home.test_home import browser_of

pytestmark = pytest.mark.django_db


def bar(user: Any, path: str = "/") -> dict[str, Any]:
    request = RequestFactory().get(path)
    request.user = user
    request.resolver_match = resolve(path)
    return template_context._bar(request)


def addresses(found: dict[str, Any]) -> list[str]:
    return [item["url"] for group in found["groups"] for item in group["allocations"]]


def kept(user: User) -> str:
    return str(User.objects.get(pk=user.pk).preferences.get("allocation", ""))


@pytest.fixture
def second(member: User) -> Allocation:
    """Another allocation of the member, in which they may only look."""
    made = make_allocation("TRA220028")
    join(member, made, "reader")
    return made


@pytest.fixture
def twin(member: User, allocation: Allocation) -> Allocation:
    """The same project in the other region."""
    made = make_allocation(region="TACC", project_id=allocation.project_id)
    join(member, made)
    return made


def test_signed_out_there_is_nothing_to_switch_between() -> None:
    assert bar(AnonymousUser()) == {}


@pytest.mark.parametrize("path", ["/profile/", "/profile/tokens/", "/profile/clouds/", "/nowhere/", "/"])
def test_it_is_on_every_page(member: User, allocation: Allocation, path: str) -> None:
    shown = browser_of(member).get(path).content.decode()
    assert "data-switch" in shown
    assert '<span class="bar-what">BIO220047</span>' in shown


def test_also_for_somebody_who_has_nothing_to_switch_between(newcomer: User) -> None:
    shown = browser_of(newcomer).get("/profile/").content.decode()
    assert "No allocation" in shown
    assert "Connected clouds" in shown


def test_with_one_allocation_that_is_where_you_are(member: User, allocation: Allocation) -> None:
    assert bar(member)["current"]["name"] == "BIO220047"


def test_with_several_and_none_visited_you_are_asked_to_choose(member: User, second: Allocation) -> None:
    assert bar(member)["current"] is None
    assert "Choose allocation" in browser_of(member).get("/profile/").content.decode()


def test_the_last_one_visited_is_current_on_pages_that_name_none_and_on_other_devices(
    member: User, allocation: Allocation, second: Allocation
) -> None:
    assert browser_of(member).get(f"/allocations/{second.slug}/instances/").status_code == 200
    other_device = browser_of(member)
    shown = other_device.get("/profile/").content.decode()
    assert '<span class="bar-what">TRA220028</span>' in shown
    other_device.get(f"/instances/{machine(allocation).pk}/")
    assert kept(member) == allocation.slug


def test_it_is_written_when_it_changes_and_not_with_each_page(
    member: User, allocation: Allocation, second: Allocation, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        assert not remember(User(preferences={"allocation": second.slug}), "allocation", second.slug)
    assert remember(member, "allocation", second.slug)
    browser = browser_of(member)
    counts = []
    for _ in range(2):
        with django_assert_num_queries(40, exact=False) as counted:
            browser.get(f"/allocations/{allocation.slug}/instances/")
        counts.append(sum("UPDATE" in query["sql"] for query in counted.captured_queries))
    assert counts == [1, 0]


def test_another_preference_written_meanwhile_stays(member: User) -> None:
    stale = User.objects.get(pk=member.pk)
    remember(member, "theme", "dark")
    remember(stale, "allocation", "a")
    assert User.objects.get(pk=member.pk).preferences == {"theme": "dark", "allocation": "a"}


@pytest.mark.parametrize("suffix", ["instances/rows/", "card/"])
def test_parts_of_pages_are_no_visit(member: User, second: Allocation, suffix: str) -> None:
    browser_of(member).get(f"/allocations/{second.slug}/{suffix}")
    assert kept(member) == ""


def test_a_page_that_was_refused_is_no_visit(member: User, second: Allocation) -> None:
    assert browser_of(member).get(f"/allocations/{second.slug}/launch/").status_code == 403
    assert kept(member) == ""


def test_an_allocation_that_you_have_left_is_forgotten(
    member: User, allocation: Allocation, second: Allocation
) -> None:
    remember(member, "allocation", second.slug)
    second.memberships.all().delete()
    assert bar(member)["current"]["name"] == "BIO220047"


def test_a_switch_leads_from_one_launch_form_to_the_other(
    member: User, allocation: Allocation, twin: Allocation
) -> None:
    found = addresses(bar(member, f"/allocations/{allocation.slug}/launch/"))
    assert found == [f"/allocations/{slug}/launch/" for slug in ("bio220047-iu", "bio220047-tacc")]


def test_but_to_the_list_where_you_may_not_launch(
    member: User, allocation: Allocation, second: Allocation
) -> None:
    found = addresses(bar(member, f"/allocations/{allocation.slug}/launch/"))
    assert found == [f"/allocations/{allocation.slug}/launch/", f"/allocations/{second.slug}/instances/"]


def test_from_a_machine_to_the_others_list(member: User, allocation: Allocation, twin: Allocation) -> None:
    found = addresses(bar(member, f"/instances/{machine(allocation).pk}/"))
    assert found == [f"/allocations/{slug}/instances/" for slug in ("bio220047-iu", "bio220047-tacc")]


def test_a_launch_form_that_was_sent_back_still_is_one(
    member: User, allocation: Allocation, twin: Allocation
) -> None:
    offer(allocation)
    shown = browser_of(member).post(f"/allocations/{allocation.slug}/launch/", {"name": ""})
    assert shown.status_code == 422
    assert f'href="/allocations/{twin.slug}/launch/"' in shown.content.decode()


def test_the_menu_that_opens_keeps_the_kind_of_page(member: User, twin: Allocation) -> None:
    shown = browser_of(member).get(f"/home/switch/?kind=instances:launch&at={twin.slug}").content.decode()
    assert f'href="/allocations/{twin.slug}/launch/" aria-current="true"' in shown
    assert shown.count("aria-current") == 1


@pytest.mark.parametrize("kind", ["", "home", "api:launch", "<script>", "instances:detail"])
def test_a_kind_of_page_that_is_none_is_the_list(member: User, allocation: Allocation, kind: str) -> None:
    shown = browser_of(member).get("/home/switch/", {"kind": kind}).content.decode()
    assert f'href="/allocations/{allocation.slug}/instances/"' in shown


def test_the_menu_is_for_people_signed_in(client: Client, db: None) -> None:
    assert client.get("/home/switch/").status_code == 302


def test_it_has_only_my_allocations(stranger: User, allocation: Allocation) -> None:
    assert "BIO220047" not in browser_of(stranger).get("/home/switch/").content.decode()


def test_clouds_and_regions_come_in_the_order_of_the_configuration(
    member: User, allocation: Allocation
) -> None:
    for name, region in (("AAA000001", "TACC"), ("AAA000001", "IU")):
        join(member, make_allocation(name, region=region, project_id="p-aaa"))
    join(member, make_allocation("OLD000001", cloud="a-gone-one", slug="old"))
    groups = bar(member)["groups"]
    assert [(g["cloud"], g["region"], [item["name"] for item in g["allocations"]]) for g in groups] == [
        ("Demo cloud", "Indiana University", ["AAA000001", "BIO220047"]),
        ("Demo cloud", "Texas Advanced Computing Center", ["AAA000001"]),
        ("a-gone-one", "IU", ["OLD000001"]),
    ]


def test_a_machine_of_others_gives_nothing_away(stranger: User, allocation: Allocation) -> None:
    for path in (f"/instances/{machine(allocation).pk}/", f"/allocations/{allocation.slug}/instances/"):
        assert "BIO220047" not in str(bar(stranger, path))
        assert b"BIO220047" not in browser_of(stranger).get(path).content


def test_an_operator_sees_where_they_look(operator: User, allocation: Allocation) -> None:
    assert bar(operator, f"/allocations/{allocation.slug}/instances/")["current"]["name"] == "BIO220047"
    assert bar(operator, f"/instances/{machine(allocation).pk}/")["current"]["name"] == "BIO220047"
    browser_of(operator).get(f"/allocations/{allocation.slug}/instances/")
    assert kept(operator) == ""


@pytest.mark.parametrize("role", ["member", "former_member", "stranger"])
def test_an_address_of_no_allocation_explains_itself(
    role: str, request: pytest.FixtureRequest, allocation: Allocation
) -> None:
    """The same words whether it is another's or never was: they give nothing away."""
    user = request.getfixturevalue(role)
    slug = "long-ago-iu" if role == "member" else allocation.slug
    answer = browser_of(user).get(f"/allocations/{slug}/instances/")
    assert answer.status_code == 404
    shown = answer.content.decode()
    for words in ("no allocation of yours at this address", "signed in as somebody else", "data-switch"):
        assert words in shown, words


@pytest.mark.parametrize(
    "path",
    [
        "/allocations/bio220047-iu/instances/?status=ACTIVE&q=lab",
        "/allocations/bio220047-iu/launch/?image=x",
        "/instances/b8acaff1-9b58-41ac-a0b8-e2fe3524c19a/?tab=console",
    ],
)
def test_a_link_opened_signed_out_is_come_back_to(client: Client, allocation: Allocation, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 302
    sign_in = client.get(answer["Location"])
    assert sign_in.status_code == 200
    assert sign_in.context["next"] == path


@pytest.mark.parametrize(
    "evil", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:1"]
)
def test_but_not_to_another_site(client: Client, db: None, evil: str) -> None:
    sign_in = client.get("/accounts/login/", {"next": evil})
    assert sign_in.status_code == 200
    assert "evil" not in str(sign_in.context.get("next", ""))
    assert b"evil.example" not in sign_in.content
    assert b"javascript:1" not in sign_in.content


def test_parts_of_pages_pay_nothing_for_the_bar(
    member: User, rf: RequestFactory, django_assert_num_queries: Any
) -> None:
    request = rf.get("/")
    request.user = member
    with django_assert_num_queries(0):
        template_context.bar(request)


def test_a_hundred_and_twenty_allocations_cost_as_many_queries_as_one(
    django_assert_max_num_queries: Any,
) -> None:
    counts = []
    for number in (1, 40):
        user = make_user(f"u{number}")
        for index in range(number):
            for region in ("IU", "TACC", "ASU"):
                made = make_allocation(f"N{number:03}{index:03}", region=region)
                join(user, made, "manager")
                machine(made)
        browser = browser_of(user)
        with django_assert_max_num_queries(12) as counted:
            shown = browser.get("/home/switch/").content.decode()
        counts.append(len(counted))
        assert shown.count("<li") == 3 * number
    assert counts[0] == counts[1]
    assert "data-switch-search" in browser.get("/profile/").content.decode()
    assert Instance.objects.count() == 123
