"""Rates with their days: what held, holds and will hold, and the days on which nothing does."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from allocations.reports.checks import found_in, rates_without_gaps
from allocations.reports.rate_history import Gap, gaps, histories, unpriced
from portal.accounts.models import User
from portal.cloud.schema import PortalCloud

TODAY = date(2026, 11, 21)


def cloud(*rates: dict[str, Any], groups: Sequence[dict[str, Any]] = ()) -> PortalCloud:
    return PortalCloud.model_validate(
        {
            "title": "Cloud",
            "sign_in": {"methods": ["password"]},
            "rates": list(rates),
            "flavor_groups": list(groups),
        }
    )


def rate(flavor: str, per: object, start: str | None = None, end: str | None = None) -> dict[str, Any]:
    return {
        "flavor": flavor,
        "resource": "gpu",
        "per_vcpu_hour": per,
        "valid_from": start,
        "valid_to": end,
    }


PAST = rate("g3", 4, None, "2024-07-02")
NOW = rate("g3", 2, "2024-07-02", "2027-01-01")
COMING = rate("g3", 3, "2027-01-01")


def test_each_rate_is_past_in_force_or_coming() -> None:
    [history] = histories(cloud(COMING, PAST, NOW), TODAY)
    assert [(spell.state, spell.rate.per_vcpu_hour) for spell in history.spells] == [
        ("past", Decimal(4)),
        ("now", Decimal(2)),
        ("coming", Decimal(3)),
    ]
    assert history.now is not None and history.now.last == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("today", "states"),
    [
        (date(2024, 7, 1), ["now", "coming"]),
        (date(2024, 7, 2), ["past", "now"]),
    ],
)
def test_a_rate_holds_up_to_the_day_before_the_next(today: date, states: list[str]) -> None:
    [history] = histories(cloud(PAST, rate("g3", 2, "2024-07-02")), today)
    assert [spell.state for spell in history.spells] == states


def test_what_is_to_come_is_told_in_numbers() -> None:
    [history] = histories(cloud(PAST, NOW, COMING), TODAY)
    [change] = history.changes
    assert (change.on, change.before, change.after) == (date(2027, 1, 1), Decimal(2), Decimal(3))
    assert (change.hourly_before, change.hourly_after, change.percent) == (
        Decimal(16),
        Decimal(24),
        Decimal(50),
    )
    assert change.month_after == Decimal(24) * 730


def test_what_costs_for_the_first_time_has_nothing_before() -> None:
    [history] = histories(cloud(rate("g5", "6.4", "2027-01-01")), TODAY)
    [change] = history.changes
    assert (change.before, change.percent, change.month_before) == (None, None, None)


def test_flavors_are_told_by_the_names_of_their_groups() -> None:
    groups = [
        {"name": "whole", "title": "Whole", "match": "g3.xl$", "resource": "gpu"},
        {"name": "part", "title": "Part", "match": "g3", "resource": "gpu"},
        {"name": "other", "title": "Other", "match": "m3", "resource": "cpu"},
    ]
    [history] = histories(cloud(NOW, groups=groups), TODAY)
    assert [group.title for group in history.groups] == ["Whole", "Part"]


@pytest.mark.parametrize(
    ("rates", "found"),
    [
        ([PAST, NOW, COMING], []),
        ([PAST, rate("g3", 2, "2024-07-03")], [Gap(date(2024, 7, 2), date(2024, 7, 3))]),
        ([PAST, NOW], [Gap(date(2027, 1, 1), None)]),
        ([rate("g3", 1, "2025-01-01")], []),
        # A rate for more flavors holds for these too.
        ([PAST, rate("g", 2, "2024-01-01")], []),
        ([PAST, rate(".*", 2)], []),
        ([PAST, rate("g3.large", 2)], [Gap(date(2024, 7, 2), None)]),
    ],
)
def test_days_without_a_rate_are_found(rates: list[dict[str, Any]], found: list[Gap]) -> None:
    assert gaps(cloud(*rates).rates, "g3") == found


def test_a_group_that_nobody_priced_is_found_unless_nothing_is_priced() -> None:
    groups = [
        {"name": "gpu", "title": "GPU", "match": "g3.xl$", "resource": "gpu"},
        {"name": "cpu", "title": "CPU", "match": "m3", "resource": "cpu"},
    ]
    assert [group.name for group in unpriced(cloud(NOW, groups=groups))] == ["cpu"]
    assert unpriced(cloud(groups=groups)) == []


def test_the_check_names_cloud_flavors_and_days() -> None:
    bad = cloud(PAST, rate("g3", 2, "2024-08-01", "2026-12-01"))
    messages = list(found_in("js2", bad, TODAY))
    assert [message.id for message in messages] == ["reports.W001", "reports.W002"]
    assert "from 2024-07-02 to 2024-07-31" in messages[0].msg and "js2" in messages[0].msg
    assert "from 2026-12-01 on" in messages[1].msg


def test_an_end_that_is_far_away_is_not_yet_told() -> None:
    assert list(found_in("js2", cloud(PAST, rate("g3", 2, "2024-07-02", "2027-06-01")), TODAY)) == []


def test_the_configuration_in_use_has_no_gaps() -> None:
    assert rates_without_gaps(None) == []


def test_everybody_signed_in_reads_the_rates(newcomer: User) -> None:
    client = Client()
    client.force_login(newcomer)
    page = client.get("/rates/").content.decode()
    assert "In force" in page and "Past" in page and "until further notice" in page
    assert "What part of the rate a state costs" in page
    found = client.get("/api/v1/rates").json()
    assert {one["state"] for one in found} == {"now", "past"}
    assert Client().get("/rates/").status_code == 302


def test_a_change_to_come_is_on_the_page(newcomer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    from allocations.reports import views_operator
    from portal.cloud.config import clouds

    known = clouds().clouds["demo"]
    changed = known.portal.model_copy(
        update={"rates": cloud(rate("m3", 1, None, "2199-01-01"), rate("m3", 2, "2199-01-01")).rates}
    )
    monkeypatch.setattr(views_operator, "histories", lambda _, today: histories(changed, today))
    client = Client()
    client.force_login(newcomer)
    page = " ".join(client.get("/rates/").content.decode().split())
    assert "From 1 January 2199" in page and "2 instead of 1 SU per vCPU-hour (+100 %)" in page
    assert "costs 16 SU per hour instead of 8" in page
