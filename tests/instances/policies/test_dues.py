"""What rules want of a machine now, and what comes next: decided from what is handed over, without a query."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from instances.models import Instance
from instances.policies.dues import Due, Times, coming, doable, due_now, is_away, is_possible
from instances.policies.effective import Effective, Held, end_of
from instances.policies.models import Policy, Standing
from instances.policies.rules import KINDS, AnyRules, IdleRules, LeaseRules
from instances.policies.shown import lines
from tests.instances.policies.conftest import NOON, office_hours

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
EVENING = datetime.fromisoformat("2026-02-10T19:00-06:00")
MORNING = datetime.fromisoformat("2026-02-11T08:00-06:00")


def held(*, status: str = "ACTIVE", owner: int = 7, since: datetime | None = None, **rules: AnyRules) -> Held:
    """A month-old machine with these rules of its own; `standing` is added by `on`."""
    instance = Instance(
        name="lab", status=status, owner_id=owner, created_at=NOON - 30 * DAY, state_since=NOON - 20 * DAY
    )
    begun = since or NOON - 10 * DAY
    kinds: dict[str, Effective] = {
        kind: Effective(kind, rules[kind], "machine", Policy(kind=kind, since=begun, set_at=begun))
        if kind in rules
        else Effective(kind, None, "none")
        for kind in KINDS
    }
    return Held(instance, kinds, Standing(instance=instance))


def on(found: Held, **standing: Any) -> Held:
    for name, value in standing.items():
        setattr(found.standing, name, value)
    return found


def now_due(found: Held, now: datetime) -> list[Due]:
    return due_now(found, Times(now))


def next_of(found: Held, now: datetime) -> list[tuple[str, str, datetime]]:
    return [(due.kind, due.action, due.at) for due in coming(found, Times(now))]


class TestSchedule:
    def test_within_hours_their_end_comes_next(self) -> None:
        found = held(schedule=office_hours())
        assert now_due(found, NOON) == []
        assert next_of(found, NOON) == [("schedule", "shelve", EVENING)]

    def test_all_night_its_end_is_due(self) -> None:
        found = held(schedule=office_hours())
        for moment in (EVENING, EVENING + HOUR, MORNING - MINUTE):
            assert now_due(found, moment) == [Due("schedule", EVENING, "shelve")]

    def test_what_it_put_away_comes_back(self) -> None:
        found = on(held(schedule=office_hours(), status="SHELVED_OFFLOADED"), put_away_at=EVENING)
        assert next_of(found, EVENING + HOUR) == [("schedule", "unshelve", MORNING)]
        assert now_due(found, MORNING + MINUTE) == [Due("schedule", MORNING, "unshelve")]

    def test_what_it_did_not_put_away_does_not(self) -> None:
        found = held(schedule=office_hours(), status="SHELVED_OFFLOADED")
        assert now_due(found, MORNING + MINUTE) == []
        assert next_of(found, EVENING + HOUR) == []

    def test_a_night_kept_running_ends_when_it_was_to_end(self) -> None:
        found = on(held(schedule=office_hours()), keep_until=EVENING + 3 * HOUR)
        assert now_due(found, EVENING + HOUR) == []
        assert next_of(found, EVENING + HOUR) == [("schedule", "shelve", EVENING + 3 * HOUR)]
        assert now_due(found, EVENING + 4 * HOUR) == [Due("schedule", EVENING + 3 * HOUR, "shelve")]

    def test_kept_running_until_hours_begin_it_ends_the_next_evening(self) -> None:
        found = on(held(schedule=office_hours()), keep_until=MORNING)
        assert now_due(found, MORNING - MINUTE) == []
        assert next_of(found, EVENING + HOUR) == [("schedule", "shelve", EVENING + DAY)]

    def test_what_was_before_the_rules_or_the_machine_is_none_of_its_business(self) -> None:
        assert now_due(held(schedule=office_hours(), since=EVENING + MINUTE), EVENING + HOUR) == []
        young = held(schedule=office_hours())
        young.instance.created_at = EVENING + MINUTE
        assert now_due(young, EVENING + HOUR) == []


class TestLease:
    def test_it_is_due_from_its_end_on_once_a_day(self) -> None:
        found = held(lease=LeaseRules(until=NOON))
        assert now_due(found, NOON - MINUTE) == []
        assert now_due(found, NOON + HOUR) == [Due("lease", NOON, "shelve")]
        assert now_due(found, NOON + 50 * HOUR) == [Due("lease", NOON + 2 * DAY, "shelve")]

    def test_extended_it_ends_later(self) -> None:
        found = on(held(lease=LeaseRules(until=NOON)), lease_until=NOON + 14 * DAY)
        assert now_due(found, NOON + HOUR) == []
        assert next_of(found, NOON) == [("lease", "shelve", NOON + 14 * DAY)]

    @pytest.mark.parametrize(("owner", "action"), [(7, "delete"), (8, "shelve")])
    def test_deleting_is_for_the_owner_who_chose_it(self, owner: int, action: str) -> None:
        rules = LeaseRules(until=NOON, action="delete", delete_by=7)
        warned = {"lease_warned": f"1@{NOON.isoformat()}", "lease_warned_at": NOON - DAY}
        found = on(held(lease=rules, owner=owner), **warned)
        assert [due.action for due in now_due(found, NOON + MINUTE)] == [action]

    def test_a_warning_that_came_late_puts_deleting_off(self) -> None:
        rules = LeaseRules(until=NOON, action="delete", delete_by=7)
        found = on(held(lease=rules), lease_warned=f"1@{NOON.isoformat()}", lease_warned_at=NOON - 2 * HOUR)
        assert now_due(found, NOON + HOUR) == []
        assert [due.at for due in now_due(found, NOON + 23 * HOUR)] == [NOON + 22 * HOUR]

    def test_the_warning_of_another_end_is_no_warning_of_this_one(self) -> None:
        rules = LeaseRules(until=NOON, action="delete", delete_by=7)
        other = f"1@{(NOON - DAY).isoformat()}"
        found = on(held(lease=rules), lease_warned=other, lease_warned_at=NOON - 5 * DAY)
        assert now_due(found, NOON + HOUR) == []

    def test_who_chose_an_end_within_the_day_needs_no_warning(self) -> None:
        rules = LeaseRules(until=NOON, action="delete", delete_by=7)
        found = held(lease=rules, since=NOON - 3 * HOUR)
        assert [due.action for due in now_due(found, NOON + MINUTE)] == ["delete"]

    def test_days_count_from_the_machine_or_from_the_rules_whichever_is_later(self) -> None:
        rules = LeaseRules(days=7)
        assert end_of(rules, NOON, NOON - 30 * DAY) == NOON + 7 * DAY
        assert end_of(rules, NOON - 30 * DAY, NOON) == NOON + 7 * DAY


class TestIdle:
    def judged(self, **standing: Any) -> Held:
        given = {"verdict": {"state": "quiet"}, "judged_at": NOON, "idle_due_at": NOON, **standing}
        return on(held(idle=IdleRules(action="stop")), **given)

    def test_after_the_countdown_it_is_due(self) -> None:
        assert now_due(self.judged(), NOON) == [Due("idle", NOON, "stop")]
        assert now_due(self.judged(), NOON - MINUTE) == []

    @pytest.mark.parametrize(
        "standing",
        [
            {"idle_due_at": None},
            {"verdict": {"state": "busy"}},
            {"verdict": {"state": "unknown"}},
            {"verdict": {}},
            {"judged_at": None},
            {"judged_at": NOON - 16 * MINUTE},
            {"busy_until": NOON + MINUTE},
        ],
    )
    def test_and_not_on_anything_less(self, standing: dict[str, Any]) -> None:
        assert now_due(self.judged(**standing), NOON) == []


def test_the_soonest_comes_first() -> None:
    found = held(schedule=office_hours(), lease=LeaseRules(until=EVENING - HOUR))
    assert [kind for kind, _, _ in next_of(found, NOON)] == ["lease", "schedule"]


@pytest.mark.parametrize(
    ("wanted", "vetoes", "found"),
    [
        ("suspend", [], "suspend"),
        ("suspend", ["suspend"], "stop"),
        ("suspend", ["resume"], "stop"),
        ("suspend", ["suspend", "stop"], "shelve"),
        ("stop", ["stop"], "shelve"),
        ("stop", ["stop", "shelve"], ""),
        ("shelve", ["shelve"], ""),
        ("shelve", ["unshelve"], ""),
    ],
)
def test_what_a_size_forbids_is_done_in_a_way_that_saves_as_much(
    wanted: str, vetoes: list[str], found: str
) -> None:
    assert doable(wanted, frozenset(vetoes)) == found


@pytest.mark.parametrize(
    ("status", "action", "away"),
    [
        ("SHELVED_OFFLOADED", "stop", True),
        ("SHUTOFF", "shelve", False),
        ("SHUTOFF", "suspend", True),
        ("SUSPENDED", "stop", False),
        ("ACTIVE", "suspend", False),
    ],
)
def test_what_is_put_away_further_is_away(status: str, action: str, away: bool) -> None:
    assert is_away(Instance(status=status), action) is away


@pytest.mark.parametrize(
    ("status", "action", "possible"),
    [
        ("ERROR", "shelve", False),
        ("ERROR", "delete", True),
        ("SHUTOFF", "unshelve", True),
        ("ACTIVE", "start", False),
    ],
)
def test_nothing_is_announced_that_its_state_does_not_let_happen(
    status: str, action: str, possible: bool
) -> None:
    assert is_possible(status, action) is possible


class TestSentences:
    """How each stands, in words."""

    def said(self, found: Held, now: datetime, kind: str) -> str:
        line = next(one for one in lines(found, now, office_zone()) if one.kind == kind)
        return f"{line.rule} {line.now}".strip()

    def test_a_schedule_says_what_comes_next(self) -> None:
        daily = office_hours(week=[{"start": 480, "end": 1140}] * 7)
        assert self.said(held(schedule=daily), NOON, "schedule") == (
            "Shelved daily at 19:00 (America/Chicago), back at 8:00; next: shelved today 19:00."
        )

    def test_what_is_kept_running_says_until_when(self) -> None:
        found = on(held(schedule=office_hours()), keep_until=EVENING + 3 * HOUR)
        assert "Kept running until today 22:00." in self.said(found, EVENING, "schedule")

    def test_a_lease_that_is_over_says_so(self) -> None:
        found = held(lease=LeaseRules(until=NOON - HOUR))
        assert "Its lease is over: it is put away again each day." in self.said(found, NOON, "lease")

    def test_a_lease_in_other_hands_says_that_it_shelves(self) -> None:
        found = held(lease=LeaseRules(until=NOON + DAY, action="delete", delete_by=1), owner=2)
        assert "so it is shelved instead" in self.said(found, NOON, "lease")

    def test_an_idle_machine_counts_down(self) -> None:
        found = on(
            held(idle=IdleRules()),
            verdict={"state": "quiet"},
            judged_at=NOON,
            idle_due_at=NOON + 43 * MINUTE,
        )
        assert "Idle: shelved in 43 min." in self.said(found, NOON, "idle")

    @pytest.mark.parametrize(
        ("standing", "words"),
        [
            ({}, "Not looked at yet."),
            ({"verdict": {"state": "busy", "reason": "Network: at most 90 kB/s"}}, "In use: Network"),
            ({"verdict": {"state": "unknown", "reason": "a gap"}}, "Cannot tell, and does nothing: a gap."),
            ({"busy_until": NOON + HOUR}, "Marked as busy for 1 h more."),
        ],
    )
    def test_otherwise_it_says_why_not(self, standing: dict[str, Any], words: str) -> None:
        assert words in self.said(on(held(idle=IdleRules()), **standing), NOON, "idle")


def office_zone() -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo("America/Chicago")
