"""The page of an allocation: for whoever may see it, whatever is known or not known of it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from allocations.models import Allocation, Grant
from portal.accounts.models import User
from tests.allocations.overview.conftest import Made, SignedIn, spend
from tests.cast import join, make_allocation, make_grant

pytestmark = pytest.mark.django_db


def body(client: Client, path: str, **headers: Any) -> str:
    answer = client.get(path, **headers)
    assert answer.status_code == 200, answer.content[:500]
    return " ".join(answer.content.decode().split())


def make_allocation_of(user: User) -> Allocation:
    made = make_allocation("MINE01")
    join(user, made, "pi")
    return made


def page(client: Client, allocation: Allocation, query: str = "") -> str:
    return body(client, f"/allocations/{allocation.slug}/{query}")


def test_it_shows_what_was_awarded_used_and_left_with_the_age_of_the_figure(
    allocation: Allocation, pi: User, signed_in: SignedIn
) -> None:
    shown = page(signed_in(pi), allocation)
    assert "Genome assembly of prairie grasses" in shown
    assert "100,000" in shown and "25,000" in shown and "75,000" in shown
    assert "75 % left" in shown and "2 h ago" in shown


def test_what_was_metered_since_the_figure_is_told_apart_from_it(
    allocation: Allocation, pi: User, signed_in: SignedIn
) -> None:
    now = timezone.now()
    spend(
        allocation,
        0,
        40,
        starts_at=now - timedelta(hours=1),
        ends_at=now - timedelta(minutes=5),
        day=now.date(),
    )
    assert "74,960" in page(signed_in(pi), allocation)


def test_it_says_when_it_runs_out_and_what_shelving_would_change(
    allocation: Allocation, pi: User, member: User, signed_in: SignedIn, machine: Made
) -> None:
    one, _ = machine(allocation, member, "big", vcpus=64), machine(allocation, pi, "small")
    client = signed_in(pi)
    shown = page(client, allocation)
    assert "At today&#x27;s burn of 68 SU per hour the CPU service units run out on" in shown
    assert "If you shelve" not in shown
    ticked = body(client, f"/allocations/{allocation.slug}/overview/forecast/?resource=cpu&shelve={one.pk}")
    assert "If you shelve this instance, 4 SU per hour go on: they last until the period ends" in ticked
    assert "<html" not in ticked
    # Without script the page itself answers the same form.
    assert "If you shelve this instance" in page(client, allocation, f"?resource=cpu&shelve={one.pk}")


def test_a_machine_of_another_allocation_cannot_be_ticked(
    allocation: Allocation, other_allocation: Allocation, pi: User, signed_in: SignedIn, machine: Made
) -> None:
    machine(allocation, pi)
    foreign = machine(other_allocation, name="foreign")
    shown = page(signed_in(pi), allocation, f"?resource=cpu&shelve={foreign.pk}&shelve=nonsense")
    assert "If you shelve" not in shown and "foreign" not in shown


def test_all_regions_of_the_project_burn_the_same_grant(
    allocation: Allocation, pi: User, signed_in: SignedIn, machine: Made
) -> None:
    elsewhere = make_allocation(region="TACC", slug="bio-tacc")
    machine(elsewhere, pi, "far-away")
    shown = page(signed_in(pi), allocation)
    assert "At today&#x27;s burn of 4 SU per hour" in shown
    assert "in another region" in shown


def test_without_accounting_it_says_so_and_still_shows_what_is_spent(
    pi: User, signed_in: SignedIn, machine: Made
) -> None:
    bare = make_allocation("LAB001", offers={"accounting": {"state": "absent"}}, accounting_read_at=None)
    join(pi, bare, "pi")
    machine(bare, pi)
    shown = page(signed_in(pi), bare)
    assert "this cloud has no accounting service" in shown
    assert "spend 4 SU/hour now" in shown
    assert "No award is known" in shown


@pytest.mark.parametrize(
    ("grant", "said"),
    [
        ({"starts_in": 5, "ends_in": 100}, "not begun"),
        ({"starts_in": -100, "ends_in": -5}, "ended"),
        ({"used": 200_000}, "overspent"),
        ({"used": 100_000}, "used up"),
        ({"active": False}, "inactive at the provider"),
        ({"used": None}, "not told"),
    ],
)
def test_each_state_of_a_period_is_shown(
    pi: User, signed_in: SignedIn, machine: Made, grant: dict[str, Any], said: str
) -> None:
    one = make_allocation("ONE001")
    join(pi, one, "pi")
    today = timezone.now().date()
    starts, ends = grant.pop("starts_in", -10), grant.pop("ends_in", 100)
    days = {"starts_on": today + timedelta(days=starts), "ends_on": today + timedelta(days=ends)}
    make_grant(one, "cpu", **{**grant, **days})
    machine(one, pi)
    assert said in page(signed_in(pi), one)


def test_several_periods_are_listed_and_the_one_of_today_counts(
    allocation: Allocation, pi: User, signed_in: SignedIn
) -> None:
    today = timezone.now().date()
    make_grant(
        allocation,
        "cpu",
        awarded=7,
        used=6,
        starts_on=today - timedelta(days=430),
        ends_on=today - timedelta(days=66),
        active=False,
    )
    shown = page(signed_in(pi), allocation)
    assert "All periods (3)" in shown and "75,000" in shown


def test_what_could_not_be_read_says_since_when(
    allocation: Allocation, pi: User, signed_in: SignedIn
) -> None:
    since = timezone.now() - timedelta(hours=3)
    Allocation.objects.filter(pk=allocation.pk).update(
        read_error_id="allocations:nobody-connected", read_error_since=since
    )
    shown = page(signed_in(pi), allocation)
    assert f"Not read since {since:%Y-%m-%d %H:%M} UTC" in shown and "Nobody is connected" in shown


def test_a_cloud_that_left_the_configuration_still_has_a_page(pi: User, signed_in: SignedIn) -> None:
    gone = make_allocation("GONE01", cloud="gone")
    join(pi, gone, "pi")
    make_grant(gone, "cpu")
    shown = page(signed_in(pi), gone)
    assert "The operator has not told the portal what is done after the end" in shown


def test_the_end_is_counted_down_with_the_operators_days(pi: User, signed_in: SignedIn) -> None:
    soon = make_allocation("SOON01")
    join(pi, soon, "pi")
    today = timezone.now().date()
    make_grant(soon, "cpu", ends_on=today + timedelta(days=8))
    shown = page(signed_in(pi), soon)
    last = today + timedelta(days=8)
    assert "9 days left: this allocation ends on" in shown
    for days, words in ((1, "nobody can use it"), (11, "are shelved"), (31, "Nothing brings them back")):
        on = last + timedelta(days=days)
        assert f"{on.day} {on:%B %Y}: " in shown and words in shown


def test_an_end_that_is_far_is_no_warning(allocation: Allocation, pi: User, signed_in: SignedIn) -> None:
    shown = page(signed_in(pi), allocation)
    assert "countdown" not in shown and "301 days left" in shown


def test_members_see_each_other_spend_only_where_the_pi_lets_them(
    allocation: Allocation, pi: User, member: User, colleague: User, signed_in: SignedIn, machine: Made
) -> None:
    machine(allocation, member), machine(allocation, colleague), machine(allocation, pi)
    people = "Who spends now"
    open_page = page(signed_in(member), allocation).split(people)[1]
    assert "Colin" in open_page and "all others together" not in open_page
    Allocation.objects.filter(pk=allocation.pk).update(spending_shown=False)
    closed = page(signed_in(member), allocation).split(people)[1]
    assert "Colin" not in closed and "all others together" in closed and "Bob" in closed
    assert "Colin" in page(signed_in(pi), allocation).split(people)[1]


def test_strangers_and_former_members_do_not_learn_that_it_is_there(
    allocation: Allocation, stranger: User, former_member: User, signed_in: SignedIn
) -> None:
    for person in (stranger, former_member):
        for part in (
            "",
            "overview/figures/",
            "overview/forecast/",
            "quota/",
            "planner/",
            "save-my-data/",
            "trail/",
        ):
            assert signed_in(person).get(f"/allocations/{allocation.slug}/{part}").status_code == 404


def test_the_live_parts_are_parts(allocation: Allocation, pi: User, signed_in: SignedIn) -> None:
    client = signed_in(pi)
    upper = body(client, f"/allocations/{allocation.slug}/overview/figures/")
    lower = body(client, f"/allocations/{allocation.slug}/overview/figures/?part=rest")
    assert upper.startswith('<div id="figures"') and "Service units" in upper and "Quota" not in upper
    assert lower.startswith('<div id="rest"') and "Quota" in lower
    assert "allocation:changed from:body" in upper and "instances:changed from:body" in lower


def test_what_people_and_clouds_write_is_text(pi: User, signed_in: SignedIn, machine: Made) -> None:
    nasty = "<script>alert(1)</script>"
    bad = make_allocation("BAD001", title=nasty, abstract=nasty, pi_name=nasty)
    join(pi, bad, "pi")
    make_grant(bad, "cpu")
    machine(bad, pi, nasty)
    assert nasty not in page(signed_in(pi), bad)


@pytest.mark.parametrize("what", ["machines", "days", "people"])
def test_any_number_takes_as_many_queries(pi: User, signed_in: SignedIn, machine: Made, what: str) -> None:
    counts = []
    for number in (1, 20, 200):
        one = make_allocation(f"Q{what[:1]}{number:04}")
        join(pi, one, "pi")
        make_grant(one, "cpu", starts_on=timezone.now().date() - timedelta(days=300))
        for place in range(number):
            if what == "days":
                spend(one, place, 1)
            else:
                machine(one, pi if what == "machines" else None, creator_name=f"p{place}")
        if what == "days":
            machine(one, pi)
        client = signed_in(pi)
        page(client, one)
        with CaptureQueriesContext(
            connection,
        ) as counted:
            page(client, one)
        counts.append(len(counted))
    assert max(counts) == min(counts) <= 40, counts


def test_machines_without_a_rate_are_said_to_be_charged_for_nothing(
    allocation: Allocation, pi: User, signed_in: SignedIn, machine: Made
) -> None:
    (
        machine(allocation, pi, flavor="p3.odd"),
        machine(allocation, pi, flavor="p3.odd"),
        machine(allocation, pi),
    )
    shown = page(signed_in(pi), allocation)
    assert "gives no rate for the size: 2 × p3.odd." in shown
    assert "gives no rate" not in page(signed_in(pi), make_allocation_of(pi))


def test_the_tabs_of_resources_do_not_take_the_ticks_of_another_along(
    allocation: Allocation, pi: User, signed_in: SignedIn, machine: Made
) -> None:
    machine(allocation, pi)
    shown = page(signed_in(pi), allocation, "?resource=cpu")
    tab = shown.split('?resource=gpu#forecast"')[1].split(">")[0]
    assert 'hx-include="unset"' in tab


def test_storage_that_is_all_in_use_is_no_alarm(pi: User, signed_in: SignedIn) -> None:
    one = make_allocation("DISK01")
    join(pi, one, "pi")
    Grant.objects.all().delete()
    make_grant(one, "storage", awarded=1000, used=1000)
    shown = page(signed_in(pi), one)
    assert "all in use" in shown and "used up" not in shown
    assert "Nothing that was awarded here burns by the hour" in shown


def test_the_table_has_the_same_figures_as_the_chart(
    allocation: Allocation, pi: User, signed_in: SignedIn, machine: Made
) -> None:
    for ago in (1, 2, 3):
        spend(allocation, ago, 100 * ago)
    machine(allocation, pi)
    shown = page(signed_in(pi), allocation, "?resource=cpu")
    table = shown.split("The last days as a table")[1]
    yesterday = timezone.now().date() - timedelta(days=1)
    assert f'{yesterday:%Y-%m-%d}</th><td class="num">100</td>' in table
    assert Decimal(75_000) > 0 and "75,100" in table
