"""Looking back at a week: what would have been done, and what that would have saved, by the ledger's own figures."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from allocations.models import Allocation, LedgerEntry
from instances.models import Instance
from instances.policies.dryrun import dry_run
from instances.policies.effective import held
from instances.policies.models import Policy
from instances.policies.rules import AnyRules, DayHours, IdleRules, LeaseRules, ScheduleRules
from instances.policies.saving import Charged, Looked, look_back
from portal.accounts.models import User
from tests.instances.policies.conftest import NOON, office_hours
from tests.instances.policies.test_judging import measured
from tests.instances.rows import machine as make_machine

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 2, 9, tzinfo=UTC)
FRACTIONS = {
    "ACTIVE": Decimal(1),
    "SUSPENDED": Decimal("0.75"),
    "SHUTOFF": Decimal("0.5"),
    "SHELVED_OFFLOADED": Decimal(0),
}


def charged(begin: float, end: float, status: str = "ACTIVE", su: float = 0) -> Charged:
    per_hour = FRACTIONS[status] * 2
    return Charged(
        START + begin * HOUR,
        START + end * HOUR,
        status,
        Decimal(str(su)) or per_hour * Decimal(str(end - begin)),
    )


def looked(charges: list[Charged], *away: tuple[float, float], action: str = "shelve") -> Looked:
    spans = [(START + begin * HOUR, START + end * HOUR) for begin, end in away]
    return look_back(charges, spans, action, lambda status: FRACTIONS[status], (START, START + 7 * DAY))


class TestSaving:
    def test_what_ran_while_it_would_have_been_away(self) -> None:
        found = looked([charged(0, 168)], (19, 32), (43, 56))
        assert (found.spent, found.saved, len(found.deeds)) == (Decimal(336), Decimal(52), 2)

    @pytest.mark.parametrize(("action", "saved"), [("shelve", 26), ("stop", 13), ("suspend", Decimal("6.5"))])
    def test_each_way_to_put_it_away_saves_what_it_saves(self, action: str, saved: Decimal) -> None:
        assert looked([charged(0, 168)], (19, 32), action=action).saved == saved

    def test_what_did_not_run_then_would_not_have_been_touched(self) -> None:
        found = looked([charged(0, 10), charged(20, 168)], (19, 32))
        assert found.saved == 0 and not found.deeds

    def test_a_machine_that_was_stopped_halfway_saves_each_part_at_its_price(self) -> None:
        found = looked([charged(0, 24), charged(24, 168, "SHUTOFF")], (19, 32))
        assert found.saved == Decimal(10) + Decimal(8)

    def test_how_the_ledger_is_cut_makes_no_difference(self) -> None:
        whole = looked([charged(0, 168)], (19.5, 32.25), (60, 70))
        cut = [charged(hour, hour + 1) for hour in range(168)]
        assert looked(cut[::-1], (19.5, 32.25), (60, 70)).saved == whole.saved


def entry(machine: Instance, start: datetime, end: datetime, status: str = "ACTIVE") -> None:
    hours = Decimal((end - start) // timedelta(seconds=1)) / 3600
    LedgerEntry.objects.create(
        key=f"{machine.pk}:{start.isoformat()}",
        allocation=machine.allocation,
        resource="cpu",
        instance_id=str(machine.pk),
        instance_name=machine.name,
        flavor_name="m3.small",
        status=status,
        starts_at=start,
        ends_at=end,
        su=hours * 2,
    )


def a_week(machine: Instance) -> None:
    Instance.objects.filter(pk=machine.pk).update(charged_until=NOON)
    for number in range(7):
        entry(machine, NOON - (number + 1) * DAY, NOON - number * DAY)


def run(machine: Instance, rules: AnyRules) -> Looked:
    these = list(held([Instance.objects.select_related("allocation").get(pk=machine.pk)]).values())
    return dry_run(these, rules, NOON)[0].looked


class TestWeek:
    def test_office_hours(self, machine: Instance) -> None:
        """Four nights of thirteen hours and one weekend of sixty-one, at two SUs an hour."""
        a_week(machine)
        found = run(machine, office_hours())
        assert found.spent == 336
        assert len(found.deeds) == 5
        assert found.saved == (4 * 13 + 61) * 2

    def test_always_open_saves_nothing(self, machine: Instance) -> None:
        a_week(machine)
        day = DayHours(start=0, end=1440)
        assert run(machine, ScheduleRules(week=(day,) * 7)).saved == 0

    def test_the_idle_rule_after_its_hours_and_its_warning(self, machine: Instance) -> None:
        a_week(machine)
        night = NOON - DAY
        measured(machine, night - 2 * HOUR, night, cpu=60.0)
        measured(machine, night, night + 10 * HOUR)
        measured(machine, night + 10 * HOUR, night + 12 * HOUR, logins=1.0)
        found = run(machine, IdleRules(hours=4, warn_minutes=60))
        assert [(deed.at, deed.until) for deed in found.deeds] == [(night + 5 * HOUR, night + 10 * HOUR)]
        assert found.saved == 10

    def test_where_too_little_was_measured_it_says_so(self, machine: Instance) -> None:
        a_week(machine)
        found = run(machine, IdleRules())
        assert (found.deeds, found.note) == ((), "Too little was measured on it to tell when it was idle.")

    def test_a_lease_is_not_looked_back_at(self, machine: Instance) -> None:
        assert dry_run([], LeaseRules(days=3), NOON) == []

    @pytest.mark.parametrize("rules", [office_hours(), IdleRules()])
    def test_the_same_queries_for_any_number(
        self, allocation: Allocation, member: User, rules: AnyRules, give: Callable[..., Policy]
    ) -> None:
        counts = set()
        for number in (1, 10):
            for count in range(Instance.objects.count(), number):
                a_week(make_machine(allocation, member, name=f"m{count}"))
            these = list(held(list(Instance.objects.select_related("allocation"))).values())
            with CaptureQueriesContext(connection) as asked:
                assert len(dry_run(these, rules, NOON)) == number
            counts.add(len(asked))
        assert len(counts) == 1
