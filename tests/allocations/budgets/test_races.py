"""Two at once against one budget, in threads with connections of their own; on PostgreSQL by `make test-postgres`."""

import pytest

from allocations.models import Allocation
from instances import services
from instances.models import Instance
from instances.specs import LaunchRequest
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.operations.models import Operation
from tests.allocations.budgets.rows import budget, group, limits, spent
from tests.instances.rows import machine, offer
from tests.instances.test_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
LAB = LaunchRequest(name="lab", image_id="ubuntu-new", flavor_id="2", address="none")


def refusals(found: list[object]) -> list[str]:
    return sorted(one.id for one in found if isinstance(one, PortalError))


def test_of_two_launches_that_want_the_last_of_a_budget_one_gets_it(
    allocation: Allocation, member: User
) -> None:
    offer(allocation)
    budget(allocation, member, su=100)
    spent(allocation, member, 97)  # room for one at 2 SU per hour
    found = at_once(*[lambda: services.launch(allocation=allocation, by=member, request=LAB)] * 3)
    assert refusals(found) == ["budgets:hour"] * 2
    assert Instance.objects.count() == Operation.objects.count() == 1


def test_of_two_people_of_a_group_one_gets_the_last_of_its_budget(
    allocation: Allocation, member: User, colleague: User
) -> None:
    offer(allocation)
    budget(allocation, group(allocation, "students", member, colleague), su=3)
    found = at_once(
        *(
            lambda who=who: services.launch(allocation=allocation, by=who, request=LAB)
            for who in (member, colleague)
        )
    )
    assert refusals(found) == ["budgets:hour"]
    assert Operation.objects.count() == 1


def test_a_launch_and_a_start_at_once_are_decided_one_after_the_other(
    allocation: Allocation, member: User
) -> None:
    offer(allocation)
    shelved = machine(allocation, member, status="SHELVED_OFFLOADED")
    budget(allocation, member, su=3)
    found = at_once(
        lambda: services.launch(allocation=allocation, by=member, request=LAB),
        lambda: services.act(instance=shelved, by=member, action="unshelve"),
    )
    assert refusals(found) == ["budgets:hour"]
    assert Operation.objects.count() == 1


def test_two_starts_of_two_machines_at_once_are_decided_one_after_the_other(
    allocation: Allocation, member: User
) -> None:
    first, second = (machine(allocation, member, status="SHUTOFF", name=name) for name in "ab")
    budget(allocation, member, su=3.5)  # stopped they cost 1 SU per hour each, running 2
    found = at_once(
        lambda: services.act(instance=first, by=member, action="start"),
        lambda: services.act(instance=second, by=member, action="start"),
    )
    assert refusals(found) == ["budgets:hour"]
    assert Operation.objects.count() == 1


def test_of_two_launches_that_want_the_last_place_one_gets_it(allocation: Allocation, member: User) -> None:
    offer(allocation)
    limits(allocation, max_machines=1)
    found = at_once(*[lambda: services.launch(allocation=allocation, by=member, request=LAB)] * 2)
    assert refusals(found) == ["budgets:machines"]
    assert Instance.objects.count() == 1
