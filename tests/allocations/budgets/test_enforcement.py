"""Budgets against launches and actions, through the services that page, API, schedule and workshop all use."""

from decimal import Decimal
from typing import Any

import pytest

from allocations.budgets.models import Budget
from allocations.models import Allocation
from instances import services
from instances.models import Instance
from instances.specs import LaunchRequest
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.operations.models import Operation
from tests.allocations.budgets.rows import budget, group, spent
from tests.instances.rows import machine, offer


@pytest.fixture
def catalogue(allocation: Allocation) -> Allocation:
    offer(allocation)
    return allocation


def launch(allocation: Allocation, by: User, flavor_id: str = "2", count: int = 1) -> Operation:
    asked = LaunchRequest(name="lab", image_id="ubuntu-new", flavor_id=flavor_id, address="none", count=count)
    return services.launch(allocation=allocation, by=by, request=asked)[0]


def refusal(function: Any) -> PortalError:
    with pytest.raises(PortalError) as caught:
        function()
    assert not Operation.objects.exists()
    return caught.value


def test_a_hard_budget_lets_through_what_it_can_pay_for(catalogue: Allocation, member: User) -> None:
    budget(catalogue, member, su=100)
    spent(catalogue, member, 90)
    launch(catalogue, member)  # 2 SU per hour of 10 left
    assert Instance.objects.count() == 1


def test_a_spent_hard_budget_refuses_with_numbers_until_when_and_whom_to_ask(
    catalogue: Allocation, member: User, pi: User
) -> None:
    budget(catalogue, member, su=100)
    spent(catalogue, member, 120)
    found = refusal(lambda: launch(catalogue, member))
    assert found.id == "budgets:spent"
    text = f"{found.problem.what} {found.problem.means} {found.problem.todo}"
    for part in (
        "The budget of Bob",
        "100 SU this month",
        "120 SU are spent",
        "until 20",
        "UTC",
        "Ask Alice",
    ):
        assert part in text


def test_a_soft_budget_lets_spend_on(catalogue: Allocation, member: User) -> None:
    budget(catalogue, member, su=100, hard=False)
    spent(catalogue, member, 120)
    launch(catalogue, member)


def test_a_machine_that_could_not_run_an_hour_is_refused(catalogue: Allocation, member: User) -> None:
    budget(catalogue, member, su=100)
    spent(catalogue, member, 99)
    found = refusal(lambda: launch(catalogue, member))
    assert found.id == "budgets:hour"
    assert "has 1 of 100 SU left this month; with this, 2 SU per hour" in found.problem.what


def test_what_was_asked_for_before_counts_as_if_it_ran(catalogue: Allocation, member: User) -> None:
    budget(catalogue, member, su=100)
    spent(catalogue, member, 97)
    launch(catalogue, member)
    with pytest.raises(PortalError, match="budgets:hour"):
        launch(catalogue, member)


def test_what_others_spend_is_nothing_to_ones_own_budget(
    catalogue: Allocation, member: User, colleague: User
) -> None:
    budget(catalogue, member, su=100)
    spent(catalogue, colleague, 500)
    launch(catalogue, member)


def test_a_group_shares_one_budget(
    catalogue: Allocation, member: User, colleague: User, assistant: User
) -> None:
    budget(catalogue, group(catalogue, "students", member, colleague), su=100)
    spent(catalogue, colleague, 100)
    assert "group “students”" in refusal(lambda: launch(catalogue, member)).problem.what
    launch(catalogue, assistant)


def test_the_default_binds_each_member_for_themselves(
    catalogue: Allocation, member: User, colleague: User
) -> None:
    budget(catalogue, su=100)
    spent(catalogue, colleague, 100)
    launch(catalogue, member)
    with pytest.raises(PortalError, match="budgets:spent"):
        launch(catalogue, colleague)


def test_the_default_does_not_bind_who_manages(catalogue: Allocation, pi: User) -> None:
    budget(catalogue, su=1)
    spent(catalogue, pi, 100)
    launch(catalogue, pi)


def test_a_budget_on_the_pi_binds_the_pi(catalogue: Allocation, pi: User) -> None:
    budget(catalogue, pi, su=1)
    spent(catalogue, pi, 100)
    assert refusal(lambda: launch(catalogue, pi)).id == "budgets:spent"


def test_only_its_resource_counts_against_a_budget_of_one(catalogue: Allocation, member: User) -> None:
    budget(catalogue, member, su=50, resource="gpu")
    spent(catalogue, member, 100, resource="cpu")
    launch(catalogue, member, "20")  # a GPU at 16 SU per hour
    launch(catalogue, member, "2")
    spent(catalogue, member, 50, resource="gpu")
    launch(catalogue, member, "2")
    with pytest.raises(PortalError, match="budgets:spent"):
        launch(catalogue, member, "20")


def test_a_share_at_which_the_pi_chose_to_block_blocks(catalogue: Allocation, member: User) -> None:
    budget(catalogue, member, su=100, hard=False, at_80="block")
    spent(catalogue, member, 79)
    launch(catalogue, member)
    spent(catalogue, member, 1)
    with pytest.raises(PortalError) as caught:
        launch(catalogue, member)
    assert caught.value.id == "budgets:blocked"
    assert "From 80 % on nothing new" in caught.value.problem.what


def test_raising_the_budget_lets_spend_again_at_once(catalogue: Allocation, member: User) -> None:
    made = budget(catalogue, member, su=100)
    spent(catalogue, member, 100)
    refusal(lambda: launch(catalogue, member))
    Budget.objects.filter(pk=made.pk).update(su=Decimal(200))
    launch(catalogue, member)


def test_a_budget_that_does_not_hold_today_says_nothing(catalogue: Allocation, member: User) -> None:
    budget(catalogue, member, su=0, valid_to="2020-01-01")
    launch(catalogue, member)


@pytest.mark.parametrize(
    ("action", "status"),
    [
        ("start", "SHUTOFF"),
        ("unshelve", "SHELVED_OFFLOADED"),
        ("resume", "SUSPENDED"),
        ("hard_reboot", "SHUTOFF"),
    ],
)
def test_what_makes_a_machine_cost_more_is_refused_when_the_owners_budget_is_spent(
    catalogue: Allocation, member: User, pi: User, action: str, status: str
) -> None:
    lab = machine(catalogue, member, status=status)
    budget(catalogue, member, su=10)
    spent(catalogue, member, 10)
    # Whoever asks: it is spent from the owner's budget.
    assert refusal(lambda: services.act(instance=lab, by=pi, action=action)).id == "budgets:spent"
    [tried] = (
        services.act_many(instances=[lab], by=member, action=action) if action != "hard_reboot" else [None]
    )
    assert tried is None or (tried.problem and tried.problem.id == "budgets:spent")


@pytest.mark.parametrize("action", ["stop", "shelve", "reboot", "hard_reboot", "lock"])
def test_what_costs_no_more_is_never_refused(catalogue: Allocation, member: User, action: str) -> None:
    lab = machine(catalogue, member)
    budget(catalogue, member, su=0)
    services.act(instance=lab, by=member, action=action)


def test_a_larger_size_is_refused_and_a_smaller_one_is_not(catalogue: Allocation, member: User) -> None:
    lab = machine(catalogue, member, flavor_name="m3.small", vcpus=2)
    budget(catalogue, member, su=0)
    found = refusal(lambda: services.act(instance=lab, by=member, action="resize", params={"flavor_id": "4"}))
    assert found.id == "budgets:spent"
    services.act(instance=lab, by=member, action="resize", params={"flavor_id": "1"})


def test_a_start_that_was_asked_for_counts_for_the_next(catalogue: Allocation, member: User) -> None:
    first, second = (machine(catalogue, member, status="SHELVED_OFFLOADED", name=name) for name in "ab")
    budget(catalogue, member, su=3)
    services.act(instance=first, by=member, action="unshelve")
    with pytest.raises(PortalError, match="budgets:hour"):
        services.act(instance=second, by=member, action="unshelve")


def test_a_resize_that_was_asked_for_counts_for_the_next(catalogue: Allocation, member: User) -> None:
    first, second = (machine(catalogue, member, name=name) for name in "ab")
    budget(catalogue, member, su=7)
    services.act(
        instance=first, by=member, action="resize", params={"flavor_id": "4"}
    )  # 4 and 2 SU per hour now
    with pytest.raises(PortalError, match="budgets:hour"):
        services.act(instance=second, by=member, action="resize", params={"flavor_id": "4"})


def test_a_machine_has_a_budget_of_its_own(catalogue: Allocation, member: User) -> None:
    lab = machine(catalogue, member, status="SHUTOFF")
    other = machine(catalogue, member, status="SHUTOFF", name="other")
    budget(catalogue, str(lab.pk), su=10)
    spent(catalogue, member, 10, machine_id=str(lab.pk))
    found = refusal(lambda: services.act(instance=lab, by=member, action="start"))
    assert "The budget of the machine lab" in found.problem.what
    services.act(instance=other, by=member, action="start")


def test_a_machine_of_nobody_in_the_portal_has_only_its_own_budget(catalogue: Allocation, pi: User) -> None:
    lab = machine(catalogue, None, status="SHUTOFF", creator_name="eve")
    budget(catalogue, su=0)
    services.act(instance=lab, by=pi, action="start")


def test_without_budgets_nothing_is_asked_of_the_ledger(
    catalogue: Allocation, member: User, django_assert_num_queries: Any
) -> None:
    from django.utils import timezone

    from allocations.budgets import enforcement

    wanted = enforcement.Wanted(
        flavor_name="m3.small", vcpus=2, gpus=0, su_per_hour=Decimal(2), resource="cpu"
    )
    with django_assert_num_queries(2):
        assert enforcement.check(allocation=catalogue, person=member, wanted=wanted, now=timezone.now()) == []


@pytest.mark.parametrize("number", [1, 20, 500])
def test_queries_do_not_grow_with_budgets_and_machines(
    catalogue: Allocation, member: User, number: int, django_assert_num_queries: Any
) -> None:
    from django.utils import timezone

    from allocations.budgets import enforcement
    from portal.core import bulk

    row = machine(catalogue, member)
    template = budget(catalogue, str(row.pk), su=10_000)
    bulk.insert(
        [
            Budget(
                allocation=catalogue,
                subject="machine",
                machine_id=f"m-{n}",
                subject_key=f"machine:m-{n}",
                su=5,
            )
            for n in range(number - 1)
        ]
    )
    budget(catalogue, member, su=10_000)
    assert template.pk
    wanted = enforcement.Wanted(
        flavor_name="m3.small",
        vcpus=2,
        gpus=0,
        su_per_hour=Decimal(2),
        resource="cpu",
        machine_id=str(row.pk),
    )
    with django_assert_num_queries(QUERIES):
        assert enforcement.check(allocation=catalogue, person=member, wanted=wanted, now=timezone.now()) == []


QUERIES = 16
