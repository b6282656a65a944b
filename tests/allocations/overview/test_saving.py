"""Before an end: what is one's own, and where it can be fetched or copied."""

from datetime import timedelta

import pytest
from django.utils import timezone

from allocations.models import Allocation
from allocations.overview import hooks
from portal.accounts.models import User
from tests.allocations.overview.conftest import Made, SignedIn
from tests.allocations.overview.test_page import body
from tests.cast import make_grant

pytestmark = pytest.mark.django_db


def test_ones_own_machines_and_volumes_are_listed_with_links(
    allocation: Allocation, member: User, colleague: User, signed_in: SignedIn, machine: Made
) -> None:
    volume = {"id": "v", "name": "results", "size_gb": 100, "device": "/dev/sdb", "boot": False}
    mine = machine(allocation, member, "mine", volumes=[volume])
    machine(allocation, colleague, "not-mine")
    machine(allocation, member, "deleted", deleted_at=timezone.now())
    shown = body(signed_in(member), f"/allocations/{allocation.slug}/save-my-data/")
    assert f"/instances/{mine.pk}/files/" in shown and f"/instances/{mine.pk}/actions/snapshot/" in shown
    assert "results" in shown and "100 GB, attached to mine" in shown
    assert "not-mine" not in shown and "deleted" not in shown


@pytest.mark.parametrize(
    ("status", "said"),
    [("SHELVED_OFFLOADED", "unshelve it to get at its files"), ("SHUTOFF", "start it to get")],
)
def test_a_machine_that_does_not_run_has_to_be_woken_for_its_files(
    allocation: Allocation, member: User, machine: Made, status: str, said: str
) -> None:
    machine(allocation, member, "asleep", status=status)
    (found,) = hooks.to_save(allocation, member)
    assert said in found.detail
    assert "Its files" not in [link.label for link in found.links]


def test_who_has_nothing_there_is_told_so(allocation: Allocation, reader: User, signed_in: SignedIn) -> None:
    shown = body(signed_in(reader), f"/allocations/{allocation.slug}/save-my-data/")
    assert "No instance here is yours" in shown and "/profile/export/" in shown


def test_it_warns_with_the_days_where_the_end_is_near(
    allocation: Allocation, member: User, signed_in: SignedIn
) -> None:
    allocation.grants.all().delete()
    make_grant(allocation, "cpu", ends_on=timezone.now().date() + timedelta(days=2))
    assert "3 days left" in body(signed_in(member), f"/allocations/{allocation.slug}/save-my-data/")


def test_oddities_of_the_mirror_do_not_break_it(allocation: Allocation, member: User, machine: Made) -> None:
    machine(allocation, member, "odd", volumes=[{}])
    assert [thing.name for thing in hooks.to_save(allocation, member)] == ["odd", "volume"]
