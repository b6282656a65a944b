"""What a machine was and when, from Nova's record and what was seen of it."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from instances.meter_history import Done, Life, Seen, Stretch, history, last_change

BORN = datetime(2026, 3, 1, 9, tzinfo=UTC)
UNTIL = BORN + timedelta(hours=100)


def at(hours: float) -> datetime:
    return BORN + timedelta(hours=hours)


def did(action: str, hours: float, took: float = 0, *, failed: bool = False) -> Done:
    return Done(action, at(hours), at(hours + took), failed)


def saw(status: str, hours: float, flavor: str = "m3.quad", vcpus: int = 4) -> Seen:
    return Seen(at(hours), status, flavor, vcpus)


def made(*done: Done) -> list[Done]:
    return [did("create", 0, 0.1), *done]


def life(
    seen: list[Seen], done: list[Done], ended: datetime | None = None, launched: datetime | None = None
) -> Life:
    return Life(created=BORN, launched=launched, ended=ended, seen=seen, done=done)


def told(found: list[Stretch]) -> list[tuple[str, float]]:
    """Status, and hours since birth from which it was so."""
    return [(each.status, (each.starts_at - BORN) / timedelta(hours=1)) for each in found]


def test_the_record_alone_tells_the_whole_life() -> None:
    record = made(did("stop", 10), did("start", 20), did("shelve", 30, 0.5), did("unshelve", 40))
    found = history(life([saw("ACTIVE", 41)], record), UNTIL)
    assert told(found) == [
        ("BUILD", 0),
        ("ACTIVE", 0.1),
        ("SHUTOFF", 10),
        ("ACTIVE", 20),
        ("SHELVED", 30.5),
        ("ACTIVE", 40),
    ]
    assert found[-1].ends_at == UNTIL


def test_stretches_follow_one_another() -> None:
    record = made(did("suspend", 5), did("resume", 6), did("pause", 7), did("unpause", 8))
    found = history(life([saw("ACTIVE", 9)], record), UNTIL)
    assert all(one.ends_at == two.starts_at for one, two in pairwise(found))


def test_the_launch_is_when_the_server_says_where_that_is_within_its_making() -> None:
    inside = life([saw("ACTIVE", 1)], made(), launched=at(0.05))
    assert told(history(inside, UNTIL))[1] == ("ACTIVE", 0.05)
    # Nova writes the launch anew when it resizes or rebuilds.
    anew = life([saw("ACTIVE", 51)], made(did("rebuild", 50, 1)), launched=at(51))
    assert told(history(anew, UNTIL))[1] == ("ACTIVE", 0.1)


def test_what_was_seen_late_is_dated_by_the_record() -> None:
    """A worker was down for a day: the machine was stopped at once, and seen stopped a day later."""
    found = history(life([saw("ACTIVE", 0.2), saw("SHUTOFF", 34)], made(did("stop", 10))), UNTIL)
    assert told(found)[-1] == ("SHUTOFF", 10)


def test_what_came_and_went_unseen_is_told_by_the_record() -> None:
    found = history(life([saw("ACTIVE", 0.2)], made(did("stop", 10), did("start", 12))), UNTIL)
    assert told(found)[1:] == [("ACTIVE", 0.1), ("SHUTOFF", 10), ("ACTIVE", 12)]


def test_what_the_record_does_not_tell_is_dated_by_what_was_seen() -> None:
    """A host that failed leaves no action."""
    found = history(life([saw("ACTIVE", 0.2), saw("ERROR", 20)], made()), UNTIL)
    assert told(found)[-1] == ("ERROR", 20)


def test_an_action_that_failed_changed_nothing() -> None:
    found = history(life([saw("ACTIVE", 0.2)], made(did("shelve", 10, 1, failed=True))), UNTIL)
    assert told(found) == [("BUILD", 0), ("ACTIVE", 0.1)]


def test_a_machine_that_was_never_made_has_not_run() -> None:
    record = [did("create", 0, 0.1, failed=True)]
    assert told(history(life([saw("ERROR", 0.1)], record), UNTIL)) == [("BUILD", 0), ("ERROR", 0.1)]


def test_a_resize_is_dated_by_the_record_and_sized_by_what_was_seen() -> None:
    record = made(did("resize", 10, 0.25), did("confirmResize", 12))
    seen = [saw("ACTIVE", 0.2), saw("VERIFY_RESIZE", 11, "m3.large", 16), saw("ACTIVE", 13, "m3.large", 16)]
    found = history(life(seen, record), UNTIL)
    assert [(each.status, each.vcpus) for each in found] == [
        ("BUILD", 4),
        ("ACTIVE", 4),
        ("RESIZE", 4),
        ("VERIFY_RESIZE", 16),
        ("ACTIVE", 16),
    ]
    assert found[3].starts_at == at(10.25)
    assert found[4].starts_at == at(12)


def test_a_stopped_machine_is_stopped_after_its_resize() -> None:
    record = made(did("stop", 5), did("resize", 10, 0.25), did("revertResize", 12, 0.25))
    found = history(life([saw("SHUTOFF", 6)], record), UNTIL)
    assert told(found)[2:] == [
        ("SHUTOFF", 5),
        ("RESIZE", 10),
        ("VERIFY_RESIZE", 10.25),
        ("REVERT_RESIZE", 12),
        ("SHUTOFF", 12.25),
    ]


def test_a_rebuild_leaves_a_machine_as_it_was() -> None:
    found = history(life([saw("SHUTOFF", 6)], made(did("stop", 5), did("rebuild", 10, 1))), UNTIL)
    assert told(found)[-2:] == [("REBUILD", 10), ("SHUTOFF", 11)]


def test_a_size_that_nobody_saw_is_the_nearest_that_somebody_did() -> None:
    """Resized before the portal met it: there is no telling from what."""
    record = made(did("resize", 10, 0.25), did("confirmResize", 12))
    found = history(life([saw("ACTIVE", 50, "m3.large", 16)], record), UNTIL)
    assert {each.vcpus for each in found} == {16}


def test_nothing_is_after_the_end() -> None:
    assert history(life([saw("ACTIVE", 0.2)], made(), ended=at(5)), UNTIL)[-1].ends_at == at(5)
    # Deleted, as the record says, before the portal noticed.
    found = history(life([saw("ACTIVE", 0.2)], made(did("delete", 3)), ended=at(5)), UNTIL)
    assert (found[-1].status, found[-1].ends_at) == ("ACTIVE", at(3))


def test_without_a_record_it_is_known_from_the_first_sight_on() -> None:
    found = history(life([saw("SHUTOFF", 30)], []), UNTIL)
    assert told(found) == [("SHUTOFF", 30)]
    assert history(life([saw("SHUTOFF", 30)], []), at(20)) == []


def test_what_does_not_change_a_state_is_passed_over() -> None:
    noise = [did("lock", 3), did("attach_volume", 4), did("reboot", 5), did("live-migration", 6)]
    assert told(history(life([saw("ACTIVE", 1)], made(*noise)), UNTIL)) == [("BUILD", 0), ("ACTIVE", 0.1)]
    assert last_change(life([saw("ACTIVE", 1)], [did("stop", 2), *noise])) == at(2)
    assert last_change(life([saw("ACTIVE", 1)], noise)) is None


ACTIONS = (
    "stop",
    "start",
    "pause",
    "shelve",
    "unshelve",
    "resize",
    "confirmResize",
    "rebuild",
    "lock",
    "delete",
)
STATUSES = ("ACTIVE", "SHUTOFF", "SHELVED", "ERROR", "VERIFY_RESIZE")
records = st.lists(
    st.builds(did, st.sampled_from(ACTIONS), st.floats(1, 90), st.floats(0, 1), failed=st.booleans()),
    max_size=8,
    unique_by=(lambda done: done.started, lambda done: done.finished),
)
sightings = st.lists(
    st.builds(
        lambda status, hours, size: saw(status, hours, f"m3.{size}", size),
        st.sampled_from(STATUSES),
        st.floats(0.2, 99),
        st.integers(1, 3),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda each: each.at,
)


@given(record=records, seen=sightings, seed=st.integers())
def test_the_order_in_which_it_was_learnt_makes_no_difference(
    record: list[Done], seen: list[Seen], seed: int
) -> None:
    facts = life(seen, made(*record))
    other_record, other_seen = made(*record), list(seen)
    Random(seed).shuffle(other_record)
    Random(seed + 1).shuffle(other_seen)
    assert history(facts, UNTIL) == history(life(other_seen, other_record), UNTIL)
    # Nor how often.
    assert history(facts, UNTIL) == history(life(seen * 2, other_record), UNTIL)


@given(record=records, seen=sightings, hours=st.floats(0.5, 99))
def test_what_is_asked_for_earlier_is_the_beginning_of_what_is_asked_for_later(
    record: list[Done], seen: list[Seen], hours: float
) -> None:
    facts = life(seen, made(*record))
    early, late = history(facts, at(hours)), history(facts, UNTIL)
    cut = [
        Stretch(each.starts_at, min(each.ends_at, at(hours)), each.status, each.flavor_name, each.vcpus)
        for each in late
        if each.starts_at < at(hours)
    ]
    assert early == cut


@given(record=records, seen=sightings)
def test_there_is_no_gap_and_no_overlap(record: list[Done], seen: list[Seen]) -> None:
    found = history(life(seen, made(*record)), UNTIL)
    deleted = any(done.action == "delete" and not done.failed for done in record)
    assert found[0].starts_at == BORN
    assert all(each.starts_at < each.ends_at for each in found)
    assert deleted or all(one.ends_at == two.starts_at for one, two in pairwise(found))
