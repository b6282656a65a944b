"""What other parts are told, and what follows a new key."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocations.models import Allocation
from instances.workshops import hooks
from instances.workshops.clock.window import Times
from instances.workshops.courses import changing, resealing, services, templating
from instances.workshops.courses.coming import coming
from instances.workshops.courses.wanted import Wanted
from instances.workshops.models import Workshop
from portal.accounts.models import User
from portal.core.resealing import Tally
from portal.core.seal import seal, unseal

NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_what_blocks_a_planned_one_is_told_to_the_clock(draft: Workshop, member: User) -> None:
    services.plan(workshop=draft, by=member, known=True)
    assert hooks.in_the_way(draft) == []
    Allocation.objects.update(quota={"cores": {"used": 10, "limit": 10}})
    draft.refresh_from_db()
    assert any("Not enough cores" in text for text in hooks.in_the_way(draft))
    draft.owner = None
    assert not any("Not enough cores" in text for text in hooks.in_the_way(draft))


def test_scripts_and_keys_of_shares_move_to_the_newest_key(draft: Workshop, member: User) -> None:
    change = Wanted.model_validate({"boot_script": "#!/bin/sh\necho hi\n"})
    services.change(workshop=draft, by=member, wanted=change)
    draft.refresh_from_db()
    version = templating.save_as(workshop=draft, by=member, title="Course")
    key = seal("hush")
    share = {
        "kind": "share",
        "folder": "s",
        "protocol": "cephfs",
        "hosts": "h",
        "path": "/p",
        "sealed_key": key,
    }
    Workshop.objects.filter(pk=draft.pk).update(data=[share])
    tally = Tally()
    resealing.reseal_scripts(tally)
    resealing.reseal_data(tally)
    before = draft.sealed_boot_script
    draft.refresh_from_db()
    version.refresh_from_db()
    assert (tally.moved, tally.unopened) == (3, 0) and draft.sealed_boot_script != before
    assert unseal(draft.data[0]["sealed_key"]) == "hush" and "echo hi" in unseal(version.sealed_boot_script)
    Workshop.objects.filter(pk=draft.pk).update(data=[{**share, "sealed_key": "not ours"}])
    resealing.reseal_data(tally)
    assert tally.unopened == 1


def test_what_happens_next_is_in_order_and_ends_with_the_removal() -> None:
    meetings = tuple((NOW + timedelta(days=day), NOW + timedelta(days=day) + 3 * HOUR) for day in (1, 8))
    times = Times(meetings, 15, 15, "shelve")
    removal = meetings[-1][1] + timedelta(days=3)

    def said(now: datetime, most: int = 20) -> list[str]:
        found = coming(times, now, build_seconds=60, waves=1, machines=4, remove_after=removal, most=most)
        assert [one.at for one in found] == sorted(one.at for one in found)
        return [one.words for one in found]

    words = said(NOW)
    assert words[0] == "4 machines begin to be built" and "Meeting 1 of 2 begins" in words
    assert "The machines are shelved until the next meeting" in words
    assert "4 machines are brought back" in words
    assert words[-1] == "Everything made for it is removed, and counted"
    assert said(meetings[0][0] + HOUR)[0] == "Meeting 1 of 2 ends"
    assert len(said(NOW, most=2)) == 2 and said(removal + HOUR) == []


@pytest.mark.parametrize(
    ("machines", "words"), [(1, "The machine begins to be built"), (2, "2 machines begin")]
)
def test_one_machine_is_said_as_one(machines: int, words: str) -> None:
    times = Times(((NOW + timedelta(days=1), NOW + timedelta(days=1) + HOUR),))
    found = coming(times, NOW, build_seconds=60, waves=1, machines=machines, remove_after=None)
    assert found[0].words.startswith(words)


@given(
    state=st.sampled_from(Workshop.State.values),
    fields=st.sets(st.sampled_from(["title", "flavor_id", "seats"])),
)
def test_a_refusal_is_said_exactly_where_something_is_too_late(state: str, fields: set[str]) -> None:
    late = fields - changing.may_change(state)
    assert bool(changing.refusal(state, fields)) == bool(late)
