"""What holds whatever the rules: savings, strictness, and running on in time."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from instances.models import Instance
from instances.policies.dues import Times, coming, due_now
from instances.policies.effective import Effective, Held
from instances.policies.models import Policy, Standing
from instances.policies.rules import KINDS, DayHours, LeaseRules, ScheduleRules
from instances.policies.saving import Charged, closed, look_back
from instances.policies.schedule import on_at
from instances.policies.stricter import looser

START = datetime(2026, 2, 9, tzinfo=UTC)
WEEK, HOUR = timedelta(days=7), timedelta(hours=1)
FRACTIONS = {
    "ACTIVE": Decimal(1),
    "SUSPENDED": Decimal("0.75"),
    "SHUTOFF": Decimal("0.5"),
    "SHELVED_OFFLOADED": Decimal(0),
}
day_hours = st.none() | st.builds(DayHours, start=st.integers(0, 1439), end=st.integers(0, 1440))
schedules = st.builds(
    ScheduleRules,
    zone=st.sampled_from(["UTC", "America/Chicago", "Asia/Kolkata", "Australia/Lord_Howe"]),
    week=st.lists(day_hours, min_size=7, max_size=7).filter(any).map(tuple),
    action=st.sampled_from(["shelve", "stop", "suspend"]),
    again=st.booleans(),
)


@st.composite
def ledgers(draw: st.DrawFn) -> list[Charged]:
    """A week without a hole, in stretches of some status each."""
    cuts = sorted(draw(st.sets(st.integers(1, 7 * 24 * 4 - 1), max_size=12)))
    edges = [0, *cuts, 7 * 24 * 4]
    found = []
    for begin, end in pairwise(edges):
        status = draw(st.sampled_from(sorted(FRACTIONS)))
        su = FRACTIONS[status] * Decimal(end - begin) / 4 * 2
        found.append(Charged(START + begin * HOUR / 4, START + end * HOUR / 4, status, su))
    return found


def fraction(status: str) -> Decimal:
    return FRACTIONS[status]


@given(ledgers(), schedules)
@settings(max_examples=120)
def test_no_more_is_saved_than_was_spent_and_never_less_than_nothing(
    charges: list[Charged], rules: ScheduleRules
) -> None:
    span = (START, START + WEEK)
    found = look_back(charges, closed(rules, *span), rules.action, fraction, span)
    assert 0 <= found.saved <= found.spent == sum((one.su for one in charges), Decimal(0))
    assert all(not on_at(rules.hours, deed.at) for deed in found.deeds)


@given(ledgers(), schedules, st.integers(2, 5))
@settings(max_examples=60)
def test_however_the_ledger_is_cut_as_much_is_saved(
    charges: list[Charged], rules: ScheduleRules, parts: int
) -> None:
    span = (START, START + WEEK)
    away = closed(rules, *span)
    cut = [
        Charged(one.start + part * step, one.start + (part + 1) * step, one.status, one.su / parts)
        for one in charges
        for step in [(one.end - one.start) / parts]
        for part in range(parts)
    ]
    whole = look_back(charges, away, rules.action, fraction, span).saved
    assert abs(look_back(cut[::-1], away, rules.action, fraction, span).saved - whole) < Decimal("0.001")


@given(schedules)
@settings(max_examples=60)
def test_rules_are_never_looser_than_themselves(rules: ScheduleRules) -> None:
    assert looser(rules, rules, START) == ""


@given(schedules, schedules, st.lists(st.integers(0, 365 * 24 * 60 - 1), min_size=20, max_size=20))
@settings(max_examples=60)
def test_what_is_not_looser_runs_only_when_the_default_does(
    own: ScheduleRules, default: ScheduleRules, minutes: list[int]
) -> None:
    if looser(own, default, START):
        return
    for minute in minutes:
        moment = START + timedelta(minutes=minute)
        assert on_at(default.hours, moment) or not on_at(own.hours, moment)


def machine_under(rules: ScheduleRules, status: str) -> Held:
    begun = START - timedelta(days=60)
    instance = Instance(name="lab", status=status, created_at=begun, state_since=begun)
    kinds = {kind: Effective(kind, None, "none") for kind in KINDS}
    policy = Policy(kind="schedule", since=begun, set_at=begun)
    held = {**kinds, "schedule": Effective("schedule", rules, "machine", policy)}
    return Held(instance, {str(kind): one for kind, one in held.items()}, Standing(instance=instance))


@given(schedules, st.integers(0, 60 * 24 * 14))
@settings(max_examples=120)
def test_what_is_announced_is_what_is_then_due(rules: ScheduleRules, minute: int) -> None:
    now = START + timedelta(minutes=minute)
    found = machine_under(rules, "ACTIVE")
    for due in coming(found, Times(now)):
        assert due.at > now
        assert due in due_now(found, Times(due.at))


@given(schedules, st.integers(0, 60 * 24 * 14))
@settings(max_examples=120)
def test_a_running_machine_is_due_only_outside_its_hours(rules: ScheduleRules, minute: int) -> None:
    now = START + timedelta(minutes=minute)
    due = due_now(machine_under(rules, "ACTIVE"), Times(now))
    assert bool(due) is (not on_at(rules.hours, now))
    assert all(one.at <= now and one.action == rules.action for one in due)


@given(st.integers(0, 60 * 24 * 30))
def test_a_lease_asks_once_a_day_and_always_for_the_same_moment_within_it(minute: int) -> None:
    end = START + timedelta(days=1)
    now = START + timedelta(minutes=minute)
    begun = START - timedelta(days=60)
    instance = Instance(name="lab", status="ACTIVE", created_at=begun, state_since=begun)
    policy = Policy(kind="lease", since=begun, set_at=begun)
    kinds = {str(kind): Effective(kind, None, "none") for kind in KINDS}
    kinds["lease"] = Effective("lease", LeaseRules(until=end), "machine", policy)
    found = due_now(Held(instance, kinds, Standing(instance=instance)), Times(now))
    if now < end:
        assert found == []
        return
    (due,) = found
    assert timedelta(0) <= now - due.at < timedelta(days=1)
    assert (due.at - end) % timedelta(days=1) == timedelta(0)
