"""The planner: for anybody signed in, shareable, and within an allocation compared with what is left."""

import json
from dataclasses import asdict
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from allocations.models import Allocation
from instances.models import CatalogueItem, Poll
from portal.accounts.models import User
from tests.allocations.overview.conftest import SignedIn
from tests.allocations.overview.test_page import body
from tests.instances.test_spenders import flavor

pytestmark = pytest.mark.django_db
CLASS = "mode=class&size=m3.quad&count=40&times=1&hours=3&weeks=15&spare=10"


@pytest.fixture(autouse=True)
def sizes(allocation: Allocation) -> None:
    now = timezone.now()
    Poll.objects.create(allocation=allocation, what=Poll.What.CATALOGUE, next_at=now, ok_at=now)
    for one in (flavor("m3.quad", 4), flavor("g3.medium", 8)):
        CatalogueItem.objects.create(
            allocation=allocation,
            kind="flavor",
            cloud_id=one.id,
            name=one.name,
            data=asdict(one),
            seen_at=now,
        )


def test_somebody_without_any_allocation_can_plan_and_compare_with_grants(
    newcomer: User, signed_in: SignedIn
) -> None:
    shown = body(signed_in(newcomer), f"/planner/?{CLASS}")
    assert "7,920" in shown and "403,200" in shown
    assert "Explore ACCESS" in shown and "yes, the smallest that is" in shown
    assert "as read on 1 August 2026" in shown
    assert "- 40 × m3.quad (4 vCPU), 3 hours a week for 15 weeks: 7,200 SU (CPU)" in shown


def test_an_empty_plan_is_a_form_and_nothing_else(newcomer: User, signed_in: SignedIn) -> None:
    shown = body(signed_in(newcomer), "/planner/")
    assert "Work it out" in shown and "What it costs" not in shown


def test_within_an_allocation_what_is_left_and_its_quota_stand_beside_it(
    allocation: Allocation, pi: User, signed_in: SignedIn
) -> None:
    shown = body(signed_in(pi), f"/allocations/{allocation.slug}/planner/?{CLASS}")
    assert "67,080" in shown  # 75,000 left, less 7,920
    assert '<span class="tag tag-bad">18</span>' in shown  # instances: 40 of 25, 3 in use
    assert "Allocation: BIO220047" in shown


def test_the_address_of_a_plan_opens_the_same_plan_for_somebody_else(
    allocation: Allocation, pi: User, newcomer: User, signed_in: SignedIn
) -> None:
    answer = signed_in(pi).get(f"/planner/?{CLASS}&for=Teaching")
    address = answer.context["address"]
    again = signed_in(newcomer).get(address.replace("http://testserver", ""))
    assert again.context["plan"] == answer.context["plan"]
    assert again.context["asked"] == answer.context["asked"]


def test_a_plan_within_an_allocation_is_for_its_members(
    allocation: Allocation, stranger: User, signed_in: SignedIn
) -> None:
    assert signed_in(stranger).get(f"/allocations/{allocation.slug}/planner/?{CLASS}").status_code == 404


def test_what_is_wrong_is_said_beside_its_line(newcomer: User, signed_in: SignedIn) -> None:
    shown = body(signed_in(newcomer), "/planner/?size=m3.quad&count=0&times=1&hours=1&weeks=1&spare=400")
    assert "How many: a whole number from 1 to 10,000." in shown and "0 to 100 per cent" in shown
    assert "What it costs" not in shown


def test_a_cloud_that_is_not_there_is_not_found(newcomer: User, signed_in: SignedIn) -> None:
    assert signed_in(newcomer).get("/planner/?cloud=none").status_code == 404


def test_what_is_typed_is_text(newcomer: User, signed_in: SignedIn) -> None:
    nasty = "<script>alert(1)</script>"
    shown = body(signed_in(newcomer), f"/planner/?{CLASS}&for={nasty}&size={nasty}&count={nasty}")
    assert nasty not in shown


def test_a_plan_takes_as_many_queries_however_long(
    newcomer: User, signed_in: SignedIn, django_assert_max_num_queries: Any
) -> None:
    client = signed_in(newcomer)
    lines = "&".join("size=m3.quad&count=1&times=7&hours=24&weeks=520" for _ in range(12))
    with django_assert_max_num_queries(14):
        client.get(f"/planner/?{lines}")


def test_programs_get_the_same_figures(allocation: Allocation, pi: User, signed_in: SignedIn) -> None:
    client = signed_in(pi)
    plain = client.get(f"/api/v1/planner?cloud=demo&{CLASS}").json()
    assert plain["credits"] == "7920.0" or float(plain["credits"]) == 7920
    assert [tier["fits"] for tier in plain["tiers"]] == [True, True, True, None]
    within = client.get(f"/api/v1/allocations/{allocation.slug}/planner?{CLASS}").json()
    assert float(within["needs"][0]["remaining"]) == 75_000
    assert {one["resource"]: one["lacking"] for one in within["quota"]}["instances"] == 18
    wrong = client.get("/api/v1/planner?cloud=demo&size=m3.quad&count=-1").json()
    assert wrong["lines"] == [] and json.dumps(wrong["problems"]).count("How many") == 1


@pytest.mark.parametrize("value", ["", "  ", "abc", "-5", "1e9", "100", "99999999999"])
def test_a_quota_that_is_not_more_makes_no_request(
    allocation: Allocation, member: User, signed_in: SignedIn, value: str
) -> None:
    shown = body(signed_in(member), f"/allocations/{allocation.slug}/quota/?cores={value}&why=x")
    assert "please raise the quota" not in shown
    assert "Nothing more is asked for yet" in shown


def test_a_member_gets_a_request_for_quota_that_can_be_sent(
    allocation: Allocation, member: User, signed_in: SignedIn
) -> None:
    client: Client = signed_in(member)
    assert "Nothing more" not in body(client, f"/allocations/{allocation.slug}/quota/")
    shown = body(client, f"/allocations/{allocation.slug}/quota/?cores=400&ram_mb=1600&why=A+class+of+40")
    assert "- Cores: 400 (now 150, of which 20 in use)" in shown
    assert "- RAM (GB): 1,600 (now 585, of which 75 in use)" in shown
    assert "Reason: A class of 40" in shown
    assert "mailto:help@jetstream-cloud.org" in shown and "data-copy=" in shown
