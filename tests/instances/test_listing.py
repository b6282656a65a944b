"""What a list's address asks for, and the machines that it shows."""

import base64
import json
import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from allocations.models import Allocation
from instances.access import instances_of
from instances.facets import CHANGING, combinations_of, facets_of
from instances.listing import PAGE_SIZE, SORTS, ListQuery, matching, page_of
from instances.models import Instance
from portal.accounts.models import User
from portal.cloud.config import clouds
from tests.instances.rows import machine

# The same in every process: names of tests are made of it.
SOME_ID = "b8acaff1-9b58-41ac-a0b8-e2fe3524c19a"


def found(allocation: Allocation, user: User, **asked: str) -> list[str]:
    query = ListQuery.read(asked)
    machines = matching(instances_of(user, allocation), query, user.pk)
    return sorted(machine.name for machine in machines)


def walked(allocation: Allocation, user: User, sort: str) -> list[Instance]:
    """Every page of the list, one after the other."""
    cloud = clouds().cloud(allocation.cloud).portal
    machines = instances_of(user, allocation)
    combinations = combinations_of(machines)
    seen: list[Instance] = []
    after = ""
    while True:
        page = page_of(machines, ListQuery.read({"sort": sort, "after": after}), cloud, combinations)
        assert not {one.pk for one in page.instances} & {one.pk for one in seen}
        seen += page.instances
        after = page.next_after
        if not after:
            return seen


def test_an_unknown_order_falls_back_to_the_newest_first() -> None:
    assert ListQuery.read({"sort": "password"}).sort == "-age"
    assert ListQuery.read({"sort": "-name"}).sort == "-name"


def test_an_address_leaves_out_what_is_empty_or_usual() -> None:
    assert ListQuery.read({"q": "", "sort": "-age"}).address() == "?"
    assert ListQuery.read({"q": "a b", "status": "stopped"}).address() == "?q=a+b&status=stopped"
    assert ListQuery.read({"q": "x", "after": "abc"}).address(after="") == "?q=x"


def test_a_second_click_on_a_column_turns_the_order_round() -> None:
    assert ListQuery.read({"sort": "name"}).sorted_by("name") == "?sort=-name"
    assert ListQuery.read({"sort": "-name"}).sorted_by("name") == "?sort=name"
    assert ListQuery.read({"sort": "name", "after": "abc"}).sorted_by("size") == "?sort=size"


def test_overlong_input_is_cut_not_refused() -> None:
    assert len(ListQuery.read({"q": "x" * 5000}).q) == 200


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("JUPY", ["jupyter hub"]),
        ("hub jupyter", ["jupyter hub"]),
        ("149.165.1", ["blast"]),
        ("10.0.0.7", ["jupyter hub"]),
        ("aaaaaaaa-1111", ["blast"]),
        ("aaaa", []),
        ("jupyter blast", []),
        ("%", []),
    ],
)
def test_search_finds_by_name_address_and_id(
    allocation: Allocation, member: User, words: str, names: list[str]
) -> None:
    machine(allocation, member, name="jupyter hub", private_address="10.0.0.7")
    machine(
        allocation, member, name="blast", public_address="149.165.1.7", server_id="aaaaaaaa-1111-2222-3333-4"
    )
    assert found(allocation, member, q=words) == names


def test_filters_narrow_together(allocation: Allocation, member: User, colleague: User) -> None:
    machine(allocation, member, name="mine", status="SHUTOFF", flavor_name="m3.tiny", image_name="U24")
    machine(allocation, colleague, name="theirs", status="STOPPED", flavor_name="m3.tiny", image_name="R9")
    machine(allocation, None, name="elsewhere", status="ACTIVE", flavor_name="m3.quad", image_name="U24")
    assert found(allocation, member, status="stopped") == ["mine", "theirs"]
    assert found(allocation, member, status="stopped", owner="me") == ["mine"]
    assert found(allocation, member, owner=str(colleague.pk)) == ["theirs"]
    assert found(allocation, member, owner="outside") == ["elsewhere"]
    assert found(allocation, member, size="m3.tiny", image="R9") == ["theirs"]
    assert found(allocation, member, others="hide") == ["mine"]


@pytest.mark.parametrize("owner", ["nobody", "-1", "٣", "9" * 40])
def test_an_owner_that_is_no_number_owns_nothing(allocation: Allocation, member: User, owner: str) -> None:
    machine(allocation, member)
    assert found(allocation, member, owner=owner) == []


def test_what_is_changing_is_one_choice_whatever_its_status(allocation: Allocation, member: User) -> None:
    machine(allocation, member, name="building", status="BUILD")
    machine(allocation, member, name="stopping", status="ACTIVE", task_state="powering-off")
    machine(allocation, member, name="quiet", status="ACTIVE")
    assert found(allocation, member, status=CHANGING) == ["building", "stopping"]
    assert found(allocation, member, status="active") == ["quiet"]


def test_a_status_without_a_word_of_ours_can_be_filtered_by(allocation: Allocation, member: User) -> None:
    machine(allocation, member, name="odd", status="VENDOR_STATE")
    assert found(allocation, member, status="vendor_state") == ["odd"]


@pytest.mark.parametrize("order", SORTS)
@pytest.mark.parametrize("way", ["", "-"])
def test_paging_shows_each_machine_once_in_order(
    allocation: Allocation, member: User, colleague: User, order: str, way: str
) -> None:
    chance = random.Random(7)
    now = timezone.now()
    # Few different values, so that pages begin and end among equals.
    made = [
        Instance(
            allocation=allocation,
            name=chance.choice(["a", "B", "c"]),
            owner=chance.choice([member, colleague, None]),
            creator_name="somebody",
            status=chance.choice(["ACTIVE", "SHUTOFF"]),
            flavor_name=chance.choice(["m3.tiny", "m3.quad", "p3.odd"]),
            vcpus=chance.choice([1, 4]),
            image_name=chance.choice(["U24", "r9"]),
            public_address=chance.choice(["", "149.165.1.1"]),
            created_at=now - timedelta(hours=chance.randint(1, 3)),
            state_since=now,
        )
        for _ in range(2 * PAGE_SIZE + 11)
    ]
    Instance.objects.bulk_create(made)
    seen = walked(allocation, member, f"{way}{order}")
    assert len(seen) == len({one.pk for one in seen}) == len(made)
    keys = [(getattr(one, "sort_key"), one.pk) for one in seen]  # noqa: B009 (an annotation)
    assert keys == sorted(keys, reverse=way == "-")


def test_the_order_by_cost_follows_rate_size_and_status(allocation: Allocation, member: User) -> None:
    machine(allocation, member, name="big", flavor_name="m3.quad", vcpus=4)
    machine(allocation, member, name="big stopped", flavor_name="m3.quad", vcpus=4, status="SHUTOFF")
    machine(allocation, member, name="gpu", flavor_name="g3.medium", vcpus=8)
    machine(allocation, member, name="unpriced", flavor_name="p3.odd", vcpus=99)
    names = [one.name for one in walked(allocation, member, "-cost")]
    assert names == ["gpu", "big", "big stopped", "unpriced"]


@pytest.mark.parametrize("after", ["x", "bm9wZQ", "W10", "WzEsMiwzXQ", "e30", "%00", "WyJ4IiwiPyJd"])
@pytest.mark.parametrize("sort", ["-age", "size", "cost"])
def test_a_place_that_is_none_begins_at_the_first_page(
    allocation: Allocation, member: User, after: str, sort: str
) -> None:
    machine(allocation, member)
    cloud = clouds().cloud(allocation.cloud).portal
    machines = instances_of(member, allocation)
    query = ListQuery.read({"after": after, "sort": sort})
    assert len(page_of(machines, query, cloud, combinations_of(machines)).instances) == 1


def facets(allocation: Allocation, user: User) -> dict[str, Any]:
    shown = facets_of(combinations_of(instances_of(user, allocation)), user.pk)
    return {
        name: [(choice.value, choice.label, choice.count) for choice in getattr(shown, name)]
        for name in ("statuses", "owners", "sizes", "images")
    } | {"total": shown.total}


def test_facets_count_what_there_is(allocation: Allocation, member: User, colleague: User) -> None:
    machine(allocation, colleague, status="SHUTOFF", image_name="U24")
    machine(allocation, member, status="STOPPED", image_name="U24")
    machine(allocation, None, status="ACTIVE", task_state="rebooting", flavor_name="")
    shown = facets(allocation, member)
    assert shown["total"] == 3
    assert shown["statuses"] == [(CHANGING, "Changing now", 1), ("stopped", "Stopped", 2)]
    assert shown["owners"] == [
        ("me", "Me", 1),
        (str(colleague.pk), "Colin", 1),
        ("outside", "Outside the portal", 1),
    ]
    assert shown["images"] == [("U24", "U24", 2)]
    assert shown["sizes"] == [("m3.small", "m3.small", 2)]


def test_each_facet_finds_as_many_as_it_says(allocation: Allocation, member: User, colleague: User) -> None:
    for status in ("ACTIVE", "SHUTOFF", "BUILD", "ERROR", "SHELVED", "SHELVED_OFFLOADED", "VENDOR"):
        machine(allocation, member, status=status)
        machine(allocation, colleague, status=status, task_state="deleting")
    shown = facets(allocation, member)
    for value, _, count in shown["statuses"]:
        assert len(found(allocation, member, status=value)) == count
    assert sum(count for _, _, count in shown["statuses"]) == 14


def test_cost_is_compared_as_a_number_across_pages(allocation: Allocation, member: User) -> None:
    for number in range(PAGE_SIZE + 5):
        machine(allocation, member, name=f"m{number}", flavor_name="m3.x", vcpus=number + 1)
    costs = [Decimal(str(getattr(one, "sort_key"))) for one in walked(allocation, member, "cost")]  # noqa: B009
    assert costs == sorted(costs)
    assert len(costs) == PAGE_SIZE + 5


def place(*parts: Any) -> str:
    """The address of a page as `page_of` makes it, with anything in it."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("sort", "after"),
    [
        ("name", place("lab", "no machine's id")),
        ("name", place("lab", None)),
        ("name", place("a\0b", SOME_ID)),
        ("age", place("2026-01-01T00:00:00", SOME_ID)),
        ("age", place("0001-01-01T00:00:00+14:00", SOME_ID)),
        ("age", place("9999-12-31T23:59:59-14:00", SOME_ID)),
        ("size", place(10**30, SOME_ID)),
        ("size", place(1e400, SOME_ID)),
        ("cost", place("NaN", SOME_ID)),
        ("cost", place("1e999999", SOME_ID)),
        ("name", "=" * 40),
        ("name", base64.urlsafe_b64encode(b"[" * 1400).decode()),
        ("name", "é"),
    ],
)
def test_a_place_that_was_made_up_shows_the_first_page(
    allocation: Allocation, member: User, sort: str, after: str
) -> None:
    machine(allocation, member)
    machines = instances_of(member, allocation)
    cloud = clouds().cloud(allocation.cloud).portal
    page = page_of(machines, ListQuery.read({"sort": sort, "after": after}), cloud, combinations_of(machines))
    assert [one.name for one in page.instances] == ["lab"]


@pytest.mark.parametrize("letter", ["n", " ", "é", "🧬"])
def test_paging_goes_on_after_names_as_long_as_clouds_allow(
    allocation: Allocation, member: User, letter: str
) -> None:
    now = timezone.now()
    Instance.objects.bulk_create(
        Instance(
            allocation=allocation,
            name=f"{letter * 250}{number:03}",
            status="ACTIVE",
            created_at=now,
            state_since=now,
        )
        for number in range(PAGE_SIZE + 5)
    )
    seen = walked(allocation, member, "name")
    assert len({one.pk for one in seen}) == PAGE_SIZE + 5


@pytest.mark.parametrize("field", ["q", "status", "owner", "size", "image"])
def test_what_no_database_can_compare_is_left_out(allocation: Allocation, member: User, field: str) -> None:
    """PostgreSQL refuses a text with a zero byte."""
    assert getattr(ListQuery.read({field: " a\0b\nc "}), field) == "ab c"


def test_owners_to_choose_from_are_those_who_have_machines(
    allocation: Allocation, member: User, colleague: User
) -> None:
    machine(allocation, colleague)
    machine(allocation, None)
    combinations = combinations_of(instances_of(member, allocation))
    names = [(choice.label, choice.count) for choice in facets_of(combinations, member.pk).owners]
    assert names == [(str(colleague), 1), ("Outside the portal", 1)]
    mine = [(choice.label, choice.count) for choice in facets_of(combinations, colleague.pk).owners]
    assert mine == [("Me", 1), ("Outside the portal", 1)]
