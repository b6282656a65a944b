"""What a machine costs, by the rates that were in force."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocations.rates import charges, midnight, resource_of, su_per_hour
from portal.cloud.config import clouds
from portal.cloud.schema import PortalCloud

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def jetstream2() -> PortalCloud:
    """The demo's configuration states Jetstream2's facts."""
    return clouds().cloud("demo").portal


@pytest.mark.parametrize(
    ("flavor", "vcpus", "expected"),
    [
        ("m3.tiny", 1, 1),
        ("m3.quad", 4, 4),
        ("m3.2xl", 64, 64),
        ("r3.large", 64, 128),
        ("g3.medium", 8, 16),
        ("g3.xl", 32, 64),
    ],
)
def test_an_active_machine_costs_its_vcpus_times_the_rate(
    jetstream2: PortalCloud, flavor: str, vcpus: int, expected: int
) -> None:
    assert su_per_hour(flavor, vcpus, "ACTIVE", NOW, jetstream2) == expected


def test_rates_with_a_fraction_are_exact(jetstream2: PortalCloud) -> None:
    assert su_per_hour("g5.xl", 3, "ACTIVE", NOW, jetstream2) == Decimal("19.2")


@pytest.mark.parametrize(
    ("status", "fraction"),
    [
        ("ACTIVE", "1"),
        ("SUSPENDED", "0.75"),
        ("PAUSED", "0.75"),
        ("SHUTOFF", "0.5"),
        ("SHELVED_OFFLOADED", "0"),
        ("ERROR", "0"),
        ("BUILD", "0"),
        ("VERIFY_RESIZE", "1"),
        ("A_STATUS_OF_TOMORROW", "1"),
    ],
)
def test_each_status_costs_its_part(jetstream2: PortalCloud, status: str, fraction: str) -> None:
    assert su_per_hour("m3.quad", 4, status, NOW, jetstream2) == 4 * Decimal(fraction)


def test_gpus_cost_four_until_the_day_before_and_two_from_2_july_2024(jetstream2: PortalCloud) -> None:
    before = datetime(2024, 7, 1, 23, 59, 59, tzinfo=UTC)
    assert su_per_hour("g3.xl", 32, "ACTIVE", before, jetstream2) == 128
    assert su_per_hour("g3.xl", 32, "ACTIVE", before + timedelta(seconds=1), jetstream2) == 64


def test_an_unknown_flavor_has_no_rate_and_no_resource(jetstream2: PortalCloud) -> None:
    assert su_per_hour("p3.special", 8, "ACTIVE", NOW, jetstream2) is None
    assert resource_of("p3.special", NOW, jetstream2) is None


def test_the_resource_is_the_one_that_the_rate_charges(jetstream2: PortalCloud) -> None:
    assert [resource_of(name, NOW, jetstream2) for name in ("m3.tiny", "r3.xl", "g3.large")] == [
        "cpu",
        "lm",
        "gpu",
    ]


def test_before_its_rate_began_a_flavor_still_has_the_resource_of_its_group(jetstream2: PortalCloud) -> None:
    early = datetime(2025, 1, 1, tzinfo=UTC)
    assert su_per_hour("g5.xl", 8, "ACTIVE", early, jetstream2) is None
    assert resource_of("g5.xl", early, jetstream2) == "gpu"


def test_a_stretch_over_a_change_of_rate_is_two_charges(jetstream2: PortalCloud) -> None:
    start = datetime(2024, 7, 1, 23, tzinfo=UTC)
    midnight = datetime(2024, 7, 2, tzinfo=UTC)
    found = charges("g3.xl", 32, "ACTIVE", start, start + timedelta(hours=2), jetstream2)
    assert [(charge.starts_at, charge.ends_at, charge.su) for charge in found] == [
        (start, midnight, Decimal(128)),
        (midnight, midnight + timedelta(hours=1), Decimal(64)),
    ]


def test_a_stretch_is_cut_at_each_midnight_of_utc(jetstream2: PortalCloud) -> None:
    found = charges("m3.quad", 4, "ACTIVE", NOW, NOW + timedelta(days=3), jetstream2)
    assert sum(charge.su for charge in found) == 4 * 72
    assert len({charge.starts_at.date() for charge in found}) == len(found) == 4
    assert all(charge.ends_at <= midnight(charge.starts_at) + timedelta(days=1) for charge in found)


def test_time_without_a_rate_is_not_charged(jetstream2: PortalCloud) -> None:
    assert charges("p3.special", 8, "ACTIVE", NOW, NOW + timedelta(hours=5), jetstream2) == []
    assert charges("m3.quad", 4, "ACTIVE", NOW, NOW, jetstream2) == []


@given(
    offset=st.integers(-6 * 86400, 6 * 86400),
    seconds=st.integers(1, 5 * 86400),
    cut=st.floats(0, 1),
)
def test_a_stretch_costs_the_same_whole_or_in_two(offset: int, seconds: int, cut: float) -> None:
    rates = clouds().cloud("demo").portal
    start = datetime(2024, 7, 2, tzinfo=UTC) + timedelta(seconds=offset)
    end = start + timedelta(seconds=seconds)
    middle = start + timedelta(seconds=int(seconds * cut))
    whole = charges("g3.medium", 8, "SUSPENDED", start, end, rates)
    parts = [
        *charges("g3.medium", 8, "SUSPENDED", start, middle, rates),
        *charges("g3.medium", 8, "SUSPENDED", middle, end, rates),
    ]
    assert sum((c.su for c in whole), Decimal(0)) == sum((c.su for c in parts), Decimal(0))
