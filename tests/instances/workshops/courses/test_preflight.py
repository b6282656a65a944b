"""What will stop a workshop, by facts alone: each finding with its numbers, and the twin that stands in nobody's way."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.workshops.courses.facts import (
    Facts,
    Holding,
    Maintenance,
    Other,
    Picture,
    Share,
    Size,
    Words,
    at_the_time,
    needs_of,
)
from instances.workshops.courses.preflight import Finding, examine

NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
MEETING = (NOW + timedelta(days=7), NOW + timedelta(days=7, hours=3))
SMALL = Size(id="2", name="m3.small", vcpus=2, ram_mb=6144, disk_gb=20)
UBUNTU = Picture(name="Ubuntu", disk_gb=10)


def facts(**changes: Any) -> Facts:
    """Forty seats and two spares in a week, with room for all of it."""
    given: dict[str, Any] = {
        "now": NOW,
        "zone": "America/Chicago",
        "seats": 40,
        "spares": 2,
        "size": SMALL,
        "image": UBUNTU,
        "read_at": NOW,
        "quota": {
            "instances": Share(3, 100),
            "cores": Share(20, 150),
            "ram_mb": Share(0, 600_000),
            "volumes": Share(1, 100),
            "volume_gb": Share(50, 5000),
            "floating_ips": Share(2, 10),
            "security_groups": Share(4, 10),
        },
        "meetings": (MEETING,),
        "opens_at": MEETING[0],
        "gone_at": MEETING[1] + timedelta(days=3),
        "lead": timedelta(minutes=10),
        "cost": Decimal(300),
        "holding": Holding(resource="cpu", remaining=Decimal(1000), ends_on=date(2027, 1, 1)),
    }
    return Facts(**{**given, **changes})


def found(id: str, **changes: Any) -> Finding | None:
    return next((one for one in examine(facts(**changes)).findings if one.id == id), None)


def other(**changes: Any) -> Other:
    given: dict[str, Any] = {
        "title": "Another",
        "machines": 20,
        "vcpus": 2,
        "ram_mb": 6144,
        "opens_at": MEETING[0],
        "gone_at": MEETING[1],
    }
    return Other(**{**given, **changes})


def test_nothing_is_said_where_nothing_stands_in_the_way() -> None:
    assert examine(facts()).findings == ()


def test_what_blocks_stands_before_what_warns() -> None:
    report = examine(facts(spares=0, seats=1000, most_seats=200))
    levels = [one.level for one in report.findings]
    assert levels == sorted(levels) and report.blocks and report.warnings


@pytest.mark.parametrize(
    ("resource", "share", "words"),
    [
        (
            "instances",
            Share(70, 100),
            "It needs 42 machines of a quota of 100 machines: 70 in use. 12 too few.",
        ),
        ("cores", Share(80, 150), "It needs 84 cores of a quota of 150 cores: 80 in use. 14 too few."),
        ("ram_mb", Share(0, 200_000), "It needs 252 GB RAM of a quota of 196 GB RAM: 0 GB in use."),
        ("floating_ips", Share(10, 10), "It needs 1 public addresses"),
        ("security_groups", Share(10, 10), "It needs 1 security groups"),
    ],
)
def test_a_quota_that_is_too_small_blocks_with_its_numbers(resource: str, share: Share, words: str) -> None:
    said = found(resource, quota={resource: share})
    assert said is not None and said.level == "block" and words in said.what
    assert found(resource, quota={resource: Share(0, share.limit)}) is None or resource == "ram_mb"


def test_it_says_how_many_machines_there_is_room_for() -> None:
    said = found("cores", quota={"cores": Share(100, 150)})
    assert said is not None and "room for 25 machines" in said.what


def test_other_workshops_at_the_same_time_are_counted_and_those_at_other_times_are_not() -> None:
    quota = {"cores": Share(20, 150)}
    assert found("cores", quota=quota) is None
    said = found("cores", quota=quota, others=(other(machines=25),))
    assert said is not None and "other workshops at that time need 50" in said.what
    later = MEETING[1] + timedelta(days=4)
    assert found("cores", quota=quota, others=(other(machines=25, opens_at=later, gone_at=later),)) is None


def test_machines_that_are_there_already_are_not_counted_twice() -> None:
    quota = {"instances": Share(45, 50)}
    assert found("instances", quota=quota) is not None
    assert found("instances", quota=quota, there=42) is None


def test_volumes_are_needed_for_disks_and_copies_only() -> None:
    none = {need.resource for need in needs_of(facts())}
    assert not none & {"volumes", "volume_gb"}
    needs = {need.resource: need for need in needs_of(facts(boot_volume_gb=30, data_volumes=1, data_gb=100))}
    assert needs["volumes"].asked == 84 and needs["volume_gb"].asked == 42 * 130
    assert found("volume_gb", boot_volume_gb=200) is not None


def test_no_address_is_needed_where_there_is_a_jump_host() -> None:
    full = {"floating_ips": Share(10, 10)}
    assert found("floating_ips", quota=full) is not None
    assert found("floating_ips", quota=full, needs_address=False) is None


def test_a_quota_without_a_limit_and_one_that_was_not_read_stop_nothing() -> None:
    assert examine(facts(quota={"cores": Share(10**6, None)})).blocks == ()
    assert examine(facts(quota={})).blocks == ()


@pytest.mark.parametrize(
    ("changes", "id"),
    [
        ({"size": None}, "size"),
        ({"image": None}, "image"),
        ({"seats": 0}, "seats"),
        ({"seats": 201}, "most"),
        ({"meetings": ()}, "dates"),
        ({"read_at": None}, "unread"),
        ({"overlapping": True}, "overlap"),
        ({"size": replace(SMALL, gone=True)}, "size-gone"),
        ({"image": replace(UBUNTU, gone=True)}, "image-gone"),
        ({"size": replace(SMALL, fits_image=False)}, "pair"),
        ({"image": replace(UBUNTU, disk_gb=60)}, "disk"),
        ({"image": replace(UBUNTU, ram_mb=8000)}, "ram"),
        ({"connected": False}, "credential"),
        ({"holding": Holding(resource="gpu", absent=True)}, "resource"),
        ({"cost": Decimal(1001)}, "units"),
        ({"budget": (Words("Budget", "It is spent.", "Ask."),)}, "budget-0"),
        ({"problems": (Words("Firewall", "None here.", "Ask."),)}, "seat-0"),
        ({"meetings": ((NOW - timedelta(hours=4), NOW - timedelta(hours=1)),)}, "past"),
    ],
)
def test_what_blocks(changes: dict[str, Any], id: str) -> None:
    said = found(id, **changes)
    assert said is not None and said.level == "block" and said.what and said.todo


def test_a_disk_as_large_as_the_image_will_do_and_so_does_a_boot_volume() -> None:
    large = replace(UBUNTU, disk_gb=60)
    assert found("disk", image=large, size=replace(SMALL, disk_gb=60)) is None
    assert found("disk", image=large, boot_volume_gb=60) is None
    assert found("disk", image=large, boot_volume_gb=59) is not None
    # A flavor with a disk of 0 takes the size of the image.
    assert found("disk", image=large, size=replace(SMALL, disk_gb=0)) is None


def test_units_promised_to_other_workshops_are_not_spent_twice() -> None:
    holding = Holding(resource="cpu", remaining=Decimal(1000), promised=Decimal(800))
    said = found("units", holding=holding)
    assert said is not None and said.level == "block"
    assert "of which other workshops need 800 SU" in said.what and "100 SU are lacking" in said.what


def test_little_left_is_a_warning() -> None:
    said = found("units", cost=Decimal(950))
    assert said is not None and said.level == "warn" and "50 SU remain" in said.what


def test_an_allocation_that_ends_before_the_last_meeting_blocks_and_soon_after_warns() -> None:
    def ends(on: date) -> Finding | None:
        return found("end", holding=Holding(resource="cpu", remaining=Decimal(1000), ends_on=on))

    before, after, far = ends(date(2026, 9, 7)), ends(date(2026, 9, 9)), ends(date(2026, 9, 30))
    assert before is not None and before.level == "block" and "1 of 1 meetings" in before.what
    assert after is not None and after.level == "warn"
    assert far is None


def test_the_day_is_that_of_the_workshops_zone() -> None:
    """A meeting that ends at 03:00 UTC ends on the evening before in Chicago."""
    late = (datetime(2026, 9, 11, 1, 0, tzinfo=UTC), datetime(2026, 9, 11, 3, 0, tzinfo=UTC))
    holding = Holding(resource="cpu", remaining=Decimal(1000), ends_on=date(2026, 9, 10))
    said = found("end", meetings=(late,), holding=holding, gone_at=late[1])
    assert said is None
    said = found("end", meetings=(late,), holding=holding, gone_at=late[1], zone="UTC")
    assert said is not None and said.level == "block"


def test_too_few_gpus_now_warn_and_do_not_block() -> None:
    gpu = replace(SMALL, gpus=1, gpu_classes=frozenset({"A100"}))
    said = found("gpus", size=gpu, gpus={"A100": {"total": 50, "used": 40}})
    assert said is not None and said.level == "warn" and "10 are free" in said.what and "42" in said.what
    assert found("gpus", size=gpu, gpus={"A100": {"total": 50, "used": 8}}) is None
    unknown = found("gpus", size=gpu)
    assert unknown is not None and "does not tell" in unknown.what


def test_starting_too_soon_is_said_with_the_time_it_takes() -> None:
    soon = (NOW + timedelta(minutes=5), NOW + timedelta(hours=2))
    said = found("soon", meetings=(soon,), lead=timedelta(minutes=25))
    assert said is not None and said.level == "warn" and "25 min" in said.what
    assert found("soon", meetings=(soon,), lead=timedelta(minutes=4)) is None
    assert found("soon", meetings=(soon,), lead=timedelta(minutes=25), planned=True) is None


def test_a_cap_below_the_cost_warns() -> None:
    assert found("cap", cap=Decimal(299)) is not None
    assert found("cap", cap=Decimal(300)) is None


def test_an_unknown_rate_warns() -> None:
    assert found("rate", priced=False, cost=None) is not None


def test_no_spare_and_announced_maintenance_warn() -> None:
    assert found("spares", spares=0) is not None
    said = found("maintenance-0", maintenance=(Maintenance("Network work", *MEETING),))
    assert said is not None and "Network work" in said.what and said.level == "warn"


def test_a_past_meeting_among_others_warns_before_it_is_planned() -> None:
    past = (NOW - timedelta(hours=4), NOW - timedelta(hours=1))
    said = found("past", meetings=(past, MEETING))
    assert said is not None and said.level == "warn" and "1 of 2" in said.what
    assert found("past", meetings=(past, MEETING), planned=True) is None


@given(
    seats=st.integers(0, 500),
    spares=st.integers(0, 50),
    there=st.integers(0, 600),
    used=st.integers(0, 500),
    limit=st.integers(0, 1000) | st.none(),
    others=st.lists(st.integers(0, 100), max_size=4),
)
def test_it_blocks_exactly_when_the_sum_is_over_the_limit(
    seats: int, spares: int, there: int, used: int, limit: int | None, others: list[int]
) -> None:
    rivals = tuple(other(machines=count) for count in others)
    looked = facts(
        seats=seats, spares=spares, there=there, quota={"instances": Share(used, limit)}, others=rivals
    )
    over = limit is not None and used + sum(others) + max(0, seats + spares - there) > limit
    said = [one for one in examine(looked).blocks if one.id == "instances"]
    assert bool(said) == over
    assert len(list(at_the_time(looked))) == len(others)
