"""Things that happen at the same moment, in threads with connections of their own."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from allocations.models import Allocation
from instances import services
from instances.mirror.apply import apply
from instances.models import Instance
from instances.specs import LaunchRequest
from instances.steps.link import link_server
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.operations.models import Operation
from tests.instances.rows import machine, offer
from tests.instances.servers import server

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*functions: Callable[[], Any]) -> list[Any]:
    """What each gave, or the error that it ended with; all begin together."""
    gate = threading.Barrier(len(functions))
    found: list[Any] = [None] * len(functions)

    def run(number: int, function: Callable[[], Any]) -> None:
        try:
            gate.wait(10)
            found[number] = function()
        except PortalError as error:
            found[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def test_the_launch_and_two_readings_write_one_row_for_a_server(allocation: Allocation, member: User) -> None:
    offer(allocation)
    request = LaunchRequest(name="lab", image_id="ubuntu-new", flavor_id="2", address="none")
    for _ in range(3):
        [op] = services.launch(allocation=allocation, by=member, request=request)
        row = Instance.objects.get(pk=op.target_id)
        made = server(tags=(f"op:{op.pk}",))

        def read(made: Any = made) -> None:
            apply(allocation, [made], began=timezone.now())

        def link(row: Instance = row, made: Any = made) -> None:
            link_server(row, made.id)

        at_once(read, link, read)
        read()
        assert [found.pk for found in Instance.objects.filter(server_id=made.id)] == [row.pk]


def test_a_server_made_elsewhere_is_written_once_by_readings_at_once(allocation: Allocation) -> None:
    made = server()
    at_once(*[lambda: apply(allocation, [made], began=timezone.now())] * 4)
    assert Instance.objects.filter(server_id=made.id).count() == 1


def test_of_two_launches_that_want_the_last_room_one_gets_it(allocation: Allocation, member: User) -> None:
    offer(allocation)
    Allocation.objects.update(quota={"cores": {"used": 148, "limit": 150}})
    request = LaunchRequest(name="lab", image_id="ubuntu-new", flavor_id="2", address="none")
    found = at_once(
        *[lambda: services.launch(allocation=allocation, by=member, request=request)] * 3,
    )
    refusals = [one.id for one in found if isinstance(one, PortalError)]
    assert refusals == ["instances:quota"] * 2
    assert Operation.objects.count() == 1


def test_of_two_people_who_act_at_once_one_is_told_of_the_other(
    allocation: Allocation, member: User, pi: User
) -> None:
    lab = machine(allocation, member)
    found = at_once(
        lambda: services.act(instance=lab, by=member, action="stop"),
        lambda: services.act(instance=lab, by=pi, action="reboot"),
    )
    assert [one.id for one in found if isinstance(one, PortalError)] == ["instances:busy"]
    assert Operation.objects.count() == 1


def test_a_button_pressed_twice_at_once_is_one_launch(allocation: Allocation, member: User) -> None:
    offer(allocation)
    request = LaunchRequest(name="lab", image_id="ubuntu-new", flavor_id="2", address="none")
    found = at_once(
        *[
            lambda: (
                services.launch(allocation=allocation, by=member, request=request, idempotency_key="form-1")[
                    0
                ].pk
            )
        ]
        * 3
    )
    assert len(set(found)) == 1
    assert Instance.objects.count() == 1
