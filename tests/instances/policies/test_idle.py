"""Idle: several signals, measured, for the whole time; a gap, or too few of them, is no idleness."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.policies.idle import (
    QUARTER,
    Limits,
    Quarter,
    Verdict,
    judge,
    quiet_runs,
    summary_of,
)

START = datetime(2026, 2, 10, 8, 0, tzinfo=UTC)
NOW = START + timedelta(hours=2, minutes=7)
NOTHING = {"cpu": 0.7, "network": 900.0, "disk": 4_000.0, "logins": 0.0}
LIMITS = Limits()


def quarters(number: int = 9, **changes: Any) -> list[Quarter]:
    values = {name: value for name, value in {**NOTHING, **changes}.items() if value is not None}
    return [Quarter(START + count * QUARTER, values) for count in range(number)]


def verdict(measured: list[Quarter], *, gpus: int = 0, **more: datetime | None) -> Verdict:
    summary = summary_of(measured, start=START, now=NOW)
    return judge(summary, gpus=gpus, limits=LIMITS, now=NOW, **more)


def test_all_quiet_all_the_time_is_idle() -> None:
    found = verdict(quarters())
    assert (found.state, found.reason) == ("quiet", "")
    assert {signal.name for signal in found.signals} == {"cpu", "network", "disk", "logins", "visits"}


@pytest.mark.parametrize(
    ("name", "value"), [("cpu", 5.1), ("network", 20_001.0), ("disk", 100_001.0), ("logins", 1.0)]
)
def test_one_busy_signal_in_one_quarter_is_enough_not_to_be_idle(name: str, value: float) -> None:
    measured = quarters()
    measured[3] = Quarter(measured[3].at, {**NOTHING, name: value})
    assert verdict(measured).state == "busy"


@pytest.mark.parametrize(
    ("name", "value"), [("cpu", 5.0), ("network", 20_000.0), ("disk", 100_000.0), ("logins", 0.0)]
)
def test_what_is_at_the_limit_still_counts_as_nothing(name: str, value: float) -> None:
    assert verdict(quarters(9, **{name: value})).state == "quiet"


def test_a_gpu_job_with_an_idle_cpu_is_not_idle() -> None:
    assert verdict(quarters(gpu=60.0), gpus=1).state == "busy"
    assert verdict(quarters(gpu=0.0), gpus=1).state == "quiet"


def test_a_gpu_that_nobody_measures_may_compute() -> None:
    found = verdict(quarters(), gpus=1)
    assert found.state == "unknown"
    assert "GPU" in found.reason


def test_never_by_one_signal_alone() -> None:
    alone = quarters(network=None, disk=None, logins=None)
    found = verdict(alone)
    assert found.state == "unknown"
    assert "neither network, disk nor logins" in found.reason


@pytest.mark.parametrize("kept", ["network", "disk", "logins"])
def test_the_processor_and_one_more_are_enough(kept: str) -> None:
    gone: dict[str, Any] = {name: None for name in ("network", "disk", "logins") if name != kept}
    assert verdict(quarters(9, **gone)).state == "quiet"


def test_without_the_processor_nobody_can_tell() -> None:
    assert verdict(quarters(cpu=None)).state == "unknown"


def test_an_agent_that_measured_nothing_is_no_idleness() -> None:
    found = verdict([])
    assert (found.state, found.reason) == (
        "unknown",
        "the load of its processor was not measured all the time",
    )


@pytest.mark.parametrize("hole", range(8))
def test_a_gap_anywhere_is_no_idleness(hole: int) -> None:
    measured = quarters()
    del measured[hole]
    found = verdict(measured)
    assert found.state == "unknown"
    assert "gap of 0.25 h" in found.reason


def test_the_quarter_that_still_runs_need_not_be_there_but_counts_when_busy() -> None:
    assert verdict(quarters(8)).state == "quiet"
    measured = [*quarters(8), Quarter(START + 8 * QUARTER, {**NOTHING, "cpu": 90.0})]
    assert verdict(measured).state == "busy"


def test_a_signal_measured_only_partly_does_not_count_as_quiet() -> None:
    measured = quarters(network=None, disk=None)
    measured[2] = Quarter(measured[2].at, {"cpu": 0.5})
    assert verdict(measured).state == "unknown"


def test_minutes_that_were_not_measured_make_a_quarter_worth_little() -> None:
    summary = summary_of(quarters(), start=START, now=NOW)
    thin = type(summary)(summary.quarters, summary.wanted, summary.seen, summary.readings, minutes=0.5)
    found = judge(thin, gpus=0, limits=LIMITS, now=NOW)
    assert (found.state, found.reason) == ("unknown", "only 50% of the minutes were measured")


def test_a_shell_opened_here_is_somebody() -> None:
    assert verdict(quarters(), visited_until=NOW).state == "busy"
    closed = verdict(quarters(), visited_until=NOW - timedelta(minutes=30))
    assert closed.state == "busy"
    assert "until 09:37 UTC" in closed.reason


def test_who_says_that_it_is_busy_is_believed() -> None:
    assert verdict(quarters(), busy_until=NOW + timedelta(hours=1)).state == "busy"
    assert verdict(quarters(), busy_until=NOW - timedelta(hours=1)).state == "quiet"


signal_values = st.fixed_dictionaries(
    {},
    optional={
        "cpu": st.floats(0, 100),
        "gpu": st.floats(0, 100),
        "network": st.floats(0, 1e9),
        "disk": st.floats(0, 1e9),
        "logins": st.floats(0, 20),
    },
)


@given(st.lists(signal_values, max_size=9), st.integers(0, 2))
def test_idle_is_only_what_is_measured_quiet_in_every_quarter(
    found: list[dict[str, float]], gpus: int
) -> None:
    measured = [Quarter(START + number * QUARTER, values) for number, values in enumerate(found)]
    if verdict(measured, gpus=gpus).state != "quiet":
        return
    assert len(measured) >= 8
    for one in measured:
        assert one.values["cpu"] <= LIMITS.cpu_percent
        assert all(value <= LIMITS.of(name) for name, value in one.values.items())
        assert not gpus or one.values["gpu"] <= LIMITS.gpu_percent
    always = [name for name in ("network", "disk", "logins") if all(name in one.values for one in measured)]
    assert always


@given(st.permutations(range(9)), st.integers(0, 3))
def test_the_verdict_does_not_depend_on_the_order_or_on_repetition(order: list[int], repeated: int) -> None:
    measured = quarters()
    mixed = [measured[number] for number in order]
    assert verdict(mixed).state == verdict(measured).state == "quiet"
    busy = [*mixed, Quarter(START + repeated * QUARTER, {**NOTHING, "cpu": 80.0})]
    assert verdict(busy).state == "busy"


class TestLookingBack:
    def test_quiet_quarters_in_a_row_are_a_run(self) -> None:
        measured = quarters(12)
        measured[5] = Quarter(measured[5].at, {**NOTHING, "network": 1e6})
        runs = quiet_runs(measured, [], gpus=0, limits=LIMITS)
        assert runs == [(START, START + 5 * QUARTER), (START + 6 * QUARTER, START + 12 * QUARTER)]

    def test_a_gap_and_a_visit_end_a_run(self) -> None:
        measured = quarters(8)
        del measured[3]
        visit = (START + 5 * QUARTER + timedelta(minutes=2), START + 5 * QUARTER + timedelta(minutes=3))
        runs = quiet_runs(measured, [visit], gpus=0, limits=LIMITS)
        assert runs == [
            (START, START + 3 * QUARTER),
            (START + 4 * QUARTER, START + 5 * QUARTER),
            (START + 6 * QUARTER, START + 8 * QUARTER),
        ]
