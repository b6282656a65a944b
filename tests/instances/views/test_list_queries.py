"""The list costs the database the same for one machine and for five hundred, and the cloud nothing."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from allocations.models import Allocation
from instances.listing import PAGE_SIZE
from instances.models import Instance, Poll
from portal.accounts.models import User
from portal.operations.models import Operation
from tests.instances.views.conftest import names_in, signed_in


def fill(allocation: Allocation, owners: list[User], count: int) -> None:
    now = timezone.now()
    made = [
        Instance(
            allocation=allocation,
            name=f"m{number}",
            owner=owners[number % len(owners)],
            status=("ACTIVE", "SHUTOFF", "BUILD")[number % 3],
            flavor_name="m3.small",
            vcpus=2,
            created_at=now,
            state_since=now,
        )
        for number in range(count)
    ]
    Instance.objects.bulk_create(made)
    Operation.objects.bulk_create(
        Operation(
            kind="instance.stop",
            label="Stop",
            by=owners[0],
            target_type="instance",
            target_id=str(one.pk),
            state="waiting",
            run_after=now,
            deadline_at=now,
            created_at=now,
        )
        for one in made[::2]
    )


def asked(user: User, address: str) -> tuple[int, int]:
    """How many queries a page takes, and how many machines it shows."""
    client = signed_in(user)
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address)
    return len(queries), len(names_in(answer))


@pytest.mark.parametrize("query", ["", "?q=m&status=active&sort=-cost", "?sort=owner"])
def test_the_number_of_queries_does_not_grow(
    allocation: Allocation, member: User, colleague: User, read: Poll, query: str
) -> None:
    address = reverse("instances:list", args=[allocation.slug]) + query
    taken = []
    for more in (1, 19, 480):
        fill(allocation, [member, colleague], more)
        taken.append(asked(member, address))
    assert {queries for queries, _ in taken} == {taken[0][0]}, taken
    assert taken[-1][1] == PAGE_SIZE
    assert taken[0][0] <= 14


def test_a_page_of_fifty_is_light(allocation: Allocation, member: User, read: Poll) -> None:
    fill(allocation, [member], 60)
    content = signed_in(member).get(reverse("instances:list", args=[allocation.slug])).content
    rows = re.findall(rb"<tr id=.*?</tr>", content, re.DOTALL)
    assert len(rows) == PAGE_SIZE
    assert len(content) < 160_000
