"""What is advised, and above all what is not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.advice.rules import Machine, Measured, Size, Unused, of_machine, of_machines, of_unused

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def size(name: str, vcpus: int, ram_gb: int, **more: object) -> Size:
    found = Size(
        id=name,
        name=name,
        vcpus=vcpus,
        ram_mb=ram_gb * 1024,
        disk_gb=60,
        gpus=0,
        group="cpu",
        su_per_hour=Decimal(vcpus),
    )
    return replace(found, **more)  # type: ignore[arg-type]


SMALL, QUAD, MEDIUM, LARGE = (
    size("small", 2, 6),
    size("quad", 4, 15),
    size("medium", 8, 30),
    size("large", 16, 60),
)
SIZES = (LARGE, SMALL, MEDIUM, QUAD)
BUSY = Measured(hours=300, cpu_busiest=90, ram_most=80)
IDLE = Measured(hours=300, cpu_busiest=2, ram_most=10)


def machine(**changes: object) -> Machine:
    found = Machine(
        id="m",
        name="assembly",
        active=True,
        resting="",
        size=LARGE,
        volume_backed=False,
        su_per_hour=Decimal(16),
        su_shelved=Decimal(0),
        state_since=NOW - timedelta(days=30),
        last_used=NOW - timedelta(hours=2),
        may=frozenset({"shelve", "resize"}),
        measured=BUSY,
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def stopped(**changes: object) -> Machine:
    given = {"active": False, "resting": "stopped", "su_per_hour": Decimal(8), "may": frozenset({"shelve"})}
    return machine(**{**given, **changes})


class TestOversized:
    def test_the_cheapest_size_that_takes_its_busiest_quarter_hour_with_room_is_advised(self) -> None:
        found = of_machine(machine(measured=Measured(hours=300, cpu_busiest=15, ram_most=20)), SIZES, NOW)
        assert found is not None and found.size == QUAD
        assert (found.kind, found.action, found.su_per_week) == ("oversized", "resize", Decimal(12 * 168))
        assert "2.4 of 16 processors" in found.why and "12 of 60 GB" in found.why

    def test_memory_counts_as_much_as_processors(self) -> None:
        found = of_machine(machine(measured=Measured(hours=300, cpu_busiest=5.5, ram_most=30)), SIZES, NOW)
        assert found is not None and found.size == MEDIUM

    @pytest.mark.parametrize(
        "measured",
        [
            None,
            Measured(hours=83, cpu_busiest=6, ram_most=5),
            Measured(hours=300, cpu_busiest=None, ram_most=5),
            Measured(hours=300, cpu_busiest=6, ram_most=None),
            BUSY,
        ],
    )
    def test_not_where_too_little_is_known_or_it_is_used(self, measured: Measured | None) -> None:
        assert of_machine(machine(measured=measured), SIZES, NOW) is None

    def test_not_to_a_smaller_disk_unless_its_disk_is_a_volume(self) -> None:
        sizes = [replace(QUAD, disk_gb=20)]
        measured = Measured(hours=300, cpu_busiest=10, ram_most=10)
        assert of_machine(machine(measured=measured), sizes, NOW) is None
        assert of_machine(machine(measured=measured, volume_backed=True), sizes, NOW) is not None

    @pytest.mark.parametrize(
        "size",
        [
            replace(QUAD, group="gpu"),
            replace(QUAD, gpus=1),
            replace(QUAD, su_per_hour=None),
            replace(QUAD, su_per_hour=Decimal(16)),
        ],
    )
    def test_not_to_another_kind_of_size_or_one_that_costs_no_less(self, size: Size) -> None:
        assert of_machine(machine(measured=replace(IDLE, cpu_busiest=10)), [size], NOW) is None

    def test_not_where_its_size_or_state_allows_no_resize(self) -> None:
        quiet = replace(IDLE, cpu_busiest=10)
        assert of_machine(machine(measured=quiet, may=frozenset({"shelve"})), SIZES, NOW) is None
        assert of_machine(machine(measured=quiet, size=replace(LARGE, gpus=1)), SIZES, NOW) is None

    @given(cpu=st.floats(0, 100), ram=st.floats(0, 100))
    def test_what_is_advised_always_has_room_and_saves(self, cpu: float, ram: float) -> None:
        found = of_machine(machine(measured=Measured(hours=200, cpu_busiest=cpu, ram_most=ram)), SIZES, NOW)
        if found is not None and found.size is not None:
            assert found.size.vcpus >= cpu / 100 * 16 * 1.3 and found.size.ram_mb >= ram / 100 * 61440 * 1.2
            assert found.su_per_week is not None and found.su_per_week > 0


class TestForgotten:
    def test_nobody_came_and_nothing_ran_for_two_weeks(self) -> None:
        found = of_machine(machine(measured=IDLE, last_used=NOW - timedelta(days=20)), SIZES, NOW)
        assert found is not None
        assert (found.kind, found.action, found.su_per_week) == ("forgotten", "shelve", Decimal(16 * 168))
        assert "20 days" in found.why and "2 %" in found.why

    def test_not_while_somebody_uses_it_or_it_works(self) -> None:
        assert of_machine(machine(measured=IDLE, may=frozenset({"shelve"})), SIZES, NOW) is None
        assert of_machine(machine(measured=BUSY, last_used=NOW - timedelta(days=20)), SIZES, NOW) is None

    def test_a_gpu_at_work_with_idle_processors_is_not_forgotten(self) -> None:
        gpu = machine(size=replace(LARGE, gpus=1), last_used=NOW - timedelta(days=20), measured=IDLE)
        assert of_machine(gpu, SIZES, NOW) is None, "its GPU is not measured"
        at_work = replace(gpu, measured=replace(IDLE, gpu_busiest=97))
        assert of_machine(at_work, SIZES, NOW) is None
        assert of_machine(replace(gpu, measured=replace(IDLE, gpu_busiest=0)), SIZES, NOW) is not None

    def test_of_one_that_is_not_measured_only_a_look_is_advised_and_late(self) -> None:
        assert of_machine(machine(measured=None, last_used=NOW - timedelta(days=44)), SIZES, NOW) is None
        found = of_machine(machine(measured=None, last_used=NOW - timedelta(days=50)), SIZES, NOW)
        assert found is not None and found.action == "" and "not measured" in found.why


class TestResting:
    def test_a_stopped_machine_that_is_charged_is_better_shelved(self) -> None:
        found = of_machine(stopped(), SIZES, NOW)
        assert found is not None
        assert (found.kind, found.action, found.su_per_week) == ("resting", "shelve", Decimal(8 * 168))
        assert "at 50 % of its price" in found.why

    @pytest.mark.parametrize(
        "changes",
        [
            {"state_since": NOW - timedelta(days=2)},
            {"su_per_hour": Decimal(0)},
            {"may": frozenset()},
        ],
    )
    def test_not_at_once_nor_where_it_saves_nothing_or_cannot_be(self, changes: dict[str, object]) -> None:
        assert of_machine(stopped(**changes), SIZES, NOW) is None


class TestUnused:
    @pytest.mark.parametrize(("days", "count"), [(0, 0), (1, 1), (30, 1)])
    def test_an_address_after_a_day(self, days: int, count: int) -> None:
        thing = Unused(kind="address", id="ip", name="149.165.1.9", since=NOW - timedelta(days=days))
        assert len(of_unused([thing], NOW)) == count

    @pytest.mark.parametrize(("days", "count"), [(13, 0), (14, 1)])
    def test_a_volume_after_two_weeks_and_what_it_frees(self, days: int, count: int) -> None:
        thing = Unused(kind="volume", id="v", name="data", size_gb=200, since=NOW - timedelta(days=days))
        found = of_unused([thing], NOW)
        assert len(found) == count
        assert all(
            (one.frees, one.su_per_week, one.action) == ("200 GB", None, "delete_volume") for one in found
        )


def test_what_saves_most_comes_first_and_each_machine_once() -> None:
    cheap, dear = stopped(id="a", su_per_hour=Decimal(1)), stopped(id="b", last_used=NOW - timedelta(days=90))
    assert [one.subject_id for one in of_machines([cheap, dear], SIZES, NOW)] == ["b", "a"]
