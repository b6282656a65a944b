"""The overview and the forecast for programs."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from allocations.models import Allocation
from portal.accounts.models import User
from tests.allocations.overview.conftest import Made, SignedIn
from tests.cast import make_grant

pytestmark = pytest.mark.django_db


def got(client: Any, path: str) -> dict[str, Any]:
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_the_overview_has_figures_spenders_and_the_end(
    allocation: Allocation, member: User, signed_in: SignedIn, machine: Made
) -> None:
    machine(allocation, member, "node")
    found = got(signed_in(member), f"allocations/{allocation.slug}/overview")
    cpu, gpu = found["resources"]
    assert (cpu["resource"], cpu["state"], round(float(cpu["remaining"])), cpu["percent_left"]) == (
        "cpu",
        "running",
        75_000,
        75,
    )
    assert float(cpu["burn_per_hour"]) == 4 and float(gpu["burn_per_hour"]) == 0
    assert [one["name"] for one in found["spenders"]] == ["node"]
    assert found["end"]["days_left"] == 301
    assert [deed["final"] for deed in found["end"]["follows"]] == [False, False, True]


def test_the_forecast_moves_with_what_would_be_shelved(
    allocation: Allocation, member: User, signed_in: SignedIn, machine: Made
) -> None:
    allocation.grants.all().delete()
    make_grant(allocation, "cpu", awarded=1200, used=0)
    one, two = machine(allocation, member), machine(allocation, member)
    found = got(signed_in(member), f"allocations/{allocation.slug}/forecast?resource=cpu&shelve={one.pk}")
    now = timezone.now()
    out, then = (datetime.fromisoformat(found[name]) for name in ("runs_out_at", "runs_out_at_if_shelved"))
    assert abs(out - now - timedelta(hours=150)) < timedelta(minutes=5)
    assert abs(then - now - timedelta(hours=300)) < timedelta(minutes=5)
    assert float(found["saved_per_hour"]) == 4 and "If you shelve this instance" in found["if_shelved"]
    both = got(signed_in(member), f"allocations/{allocation.slug}/forecast?shelve={one.pk}&shelve={two.pk}")
    assert both["runs_out_at_if_shelved"] is None


@pytest.mark.parametrize("resource", ["lm", "storage", "nonsense"])
def test_a_resource_that_is_not_there_is_said_to_be_absent(
    allocation: Allocation, member: User, signed_in: SignedIn, resource: str
) -> None:
    make_grant(allocation, "storage")
    answer = signed_in(member).get(f"/api/v1/allocations/{allocation.slug}/forecast?resource={resource}")
    assert answer.status_code == 404 and "No such resource here" in answer.content.decode()


def test_an_allocation_without_any_award_has_an_overview(
    allocation: Allocation, member: User, signed_in: SignedIn
) -> None:
    allocation.grants.all().delete()
    found = got(signed_in(member), f"allocations/{allocation.slug}/overview")
    assert found["resources"] == [] and found["end"] is None
