"""The portal was away, and comes back: rounds of the engine by the clock, with nobody to make up for what was missed."""

import pytest

from instances.models import Instance
from instances.workshops import hooks
from instances.workshops.clock.services import set_meetings
from instances.workshops.engine import round as rounds
from instances.workshops.guests import jump
from instances.workshops.models import Seat, Workshop
from portal.accounts.models import User
from portal.operations.models import Operation
from tests.instances.rows import offer
from tests.instances.workshops.clock.conftest import (
    DAY,
    END,
    HOUR,
    MINUTE,
    START,
    STATE,
    THURSDAY,
    TUESDAY,
    Clock,
    Make,
    meets,
    phase,
)
from tests.instances.workshops.room import seat_of, sit


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No jump host, and no work to be collected: those are other parts'."""
    monkeypatch.setattr(rounds, "ensure_jump", lambda workshop: jump.READY)
    for name in ("_plans", "_before", "_away"):
        monkeypatch.setattr(hooks, name, [])


def look(workshop: Workshop, clock: Clock, at: object) -> Workshop:
    """One round at that moment."""
    clock.now = at  # type: ignore[assignment]
    Workshop.objects.filter(pk=workshop.pk).update(next_at=None, lease_until=None)
    assert rounds.make(workshop.pk)
    workshop.refresh_from_db()
    return workshop


def kinds() -> list[str]:
    return sorted(Operation.objects.values_list("kind", flat=True))


def seated(workshop: Workshop) -> None:
    for number in (1, 2, 3):
        seat = sit(seat_of(workshop, number))
        assert seat.instance is not None
        Instance.objects.filter(pk=seat.instance.pk).update(server_id=f"server-{number}", status="ACTIVE")


def test_away_for_ten_minutes_while_it_had_to_build_it_builds_late(planned: Workshop, clock: Clock) -> None:
    offer(planned.allocation)
    found = look(planned, clock, START - 5 * MINUTE)
    assert found.state == STATE.RUNNING
    look(planned, clock, START - 5 * MINUTE)
    assert kinds() == ["instance.launch"] * 3


def test_away_for_a_whole_meeting_nothing_is_built_for_it(planned: Workshop, clock: Clock) -> None:
    for at in (END - MINUTE, END + MINUTE, END + DAY):
        assert look(planned, clock, at).state in (STATE.PLANNED, STATE.RUNNING)
    assert kinds() == []


def test_away_for_all_of_it_it_ends_without_a_machine(planned: Workshop, clock: Clock) -> None:
    found = look(planned, clock, START + 30 * DAY)
    assert (found.state, found.begun_at) == (STATE.ENDED, None)
    # Nothing is to be fetched, so nothing is waited for.
    assert look(planned, clock, START + 30 * DAY).state == STATE.REMOVING
    assert kinds() in ([], ["workshop.remove"])


def test_away_in_class_nothing_is_cut_when_it_comes_back(running: Workshop, clock: Clock) -> None:
    seated(running)
    for at in (START + 10 * MINUTE, START + HOUR, END + 10 * MINUTE):
        look(running, clock, at)
    assert kinds() == []
    assert set(Seat.objects.filter(workshop=running).values_list("stage", flat=True)) == {"ready"}


def test_away_from_a_class_until_the_next_day_seats_are_put_away_once(
    running: Workshop, clock: Clock
) -> None:
    seated(running)
    for at in (END + DAY, END + DAY + MINUTE, END + DAY + 2 * MINUTE):
        assert look(running, clock, at).state == STATE.RUNNING
    assert kinds() == ["instance.shelve"] * 3


def test_away_until_after_the_last_it_ends_and_keeps_what_learners_did(
    running: Workshop, clock: Clock
) -> None:
    seated(running)
    found = look(running, clock, END + 9 * DAY)
    assert found.state == STATE.ENDED
    assert found.remove_after == END + 12 * DAY
    look(running, clock, END + 9 * DAY + MINUTE)
    assert "instance.delete" not in kinds()


def test_an_end_that_was_moved_while_it_was_away_is_the_end(make: Make, member: User, clock: Clock) -> None:
    last = make(meets(TUESDAY), state=STATE.RUNNING, begun_at=START - HOUR / 2)
    seated(last)
    clock.to(END - MINUTE)
    set_meetings(workshop=last, by=member, meetings=[meets(TUESDAY), meets(THURSDAY)])
    assert look(last, clock, END + HOUR).state == STATE.RUNNING
    assert phase(last, clock.now).want == "away"
