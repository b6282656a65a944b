"""Who did what: all of it for who manages the allocation, one's own and what holds for everybody for the others."""

from typing import Any

import pytest

from allocations.models import Allocation
from allocations.overview.trail import PAGE, trail
from allocations.overview.trail_words import KINDS, said, told
from portal.accounts.models import User
from portal.core.audit import record
from tests.allocations.overview.conftest import Made, SignedIn
from tests.allocations.overview.test_page import body

pytestmark = pytest.mark.django_db


def did(by: User | None, allocation: Allocation, action: str, of: Any = None, **detail: Any) -> None:
    record(
        action,
        by=by,
        scope=f"allocation.{allocation.pk}",
        target_type="user" if isinstance(of, User) else "allocation" if of is None else "instance",
        target_id=of.pk if of is not None else allocation.pk,
        target_name=str(of or allocation.project_name),
        **detail,
    )


def actions(allocation: Allocation, viewer: User, **asked: Any) -> list[str]:
    from allocations.access import allocation_for
    from allocations.roles import Need

    seen = allocation_for(viewer, allocation.slug, Need.SEE)
    return [entry.action for entry in trail(seen, viewer, **asked).entries]


@pytest.fixture
def history(allocation: Allocation, pi: User, member: User, colleague: User, machine: Made) -> Allocation:
    node = machine(allocation, member, "blast-node")
    did(pi, allocation, "membership.change", member, before="member", role="ta")
    did(pi, allocation, "membership.end", colleague, role="member")
    did(pi, allocation, "instance.stop", node)
    did(pi, allocation, "budget.change")
    did(colleague, allocation, "remote.opened", machine(allocation, colleague, "other-node"))
    return allocation


def test_who_manages_it_sees_all_newest_first(history: Allocation, pi: User, operator: User) -> None:
    everything = ["remote.opened", "budget.change", "instance.stop", "membership.end", "membership.change"]
    assert actions(history, pi) == everything == actions(history, operator)


def test_a_member_sees_what_concerns_them(history: Allocation, member: User, colleague: User) -> None:
    assert actions(history, member) == ["budget.change", "instance.stop", "membership.change"]
    assert actions(history, colleague) == ["remote.opened", "budget.change", "membership.end"]


def test_other_allocations_are_not_in_it(history: Allocation, other_allocation: Allocation, pi: User) -> None:
    did(pi, other_allocation, "budget.create")
    assert "budget.create" not in actions(history, pi)


def test_it_is_filtered_by_kind_and_by_name(history: Allocation, pi: User) -> None:
    assert actions(history, pi, kind="people") == ["membership.end", "membership.change"]
    assert actions(history, pi, kind="spending") == ["budget.change"]
    assert actions(history, pi, person="colin") == ["remote.opened", "membership.end"]
    assert actions(history, pi, kind="machines", person="BLAST") == ["instance.stop"]
    assert len(actions(history, pi, kind="nonsense")) == 5


@pytest.mark.parametrize("after", ["", "0", "-1", "abc", "9" * 30, "1e5", "٣"])
def test_what_is_no_place_does_not_break_it(history: Allocation, pi: User, after: str) -> None:
    assert actions(history, pi, after=after) in ([], actions(history, pi))


def test_pages_follow_each_other_without_gap_or_repetition(
    allocation: Allocation, pi: User, signed_in: SignedIn, django_assert_max_num_queries: Any
) -> None:
    for number in range(PAGE * 2 + 3):
        did(pi, allocation, f"budget.n{number}")
    seen: list[str] = []
    client, after = signed_in(pi), ""
    for _ in range(3):
        with django_assert_max_num_queries(14):
            found = client.get(f"/allocations/{allocation.slug}/trail/?after={after}").context["trail"]
        seen += [entry.action for entry in found.entries]
        after = found.after
    assert seen == [f"budget.n{number}" for number in range(PAGE * 2 + 2, -1, -1)] and after == ""


def test_the_page_says_what_changed_from_what_to_what(
    history: Allocation, pi: User, signed_in: SignedIn
) -> None:
    did(pi, history, "policy.set", before={"idle": "4 h", "on": True}, after={"idle": "8 h", "on": True})
    shown = body(signed_in(pi), f"/allocations/{history.slug}/trail/")
    assert "idle: 4 h → 8 h" in shown and "on: yes" not in shown
    assert "by Alice" in shown


def test_other_pages_take_the_newest_as_a_part(
    history: Allocation, member: User, signed_in: SignedIn
) -> None:
    part = body(signed_in(member), f"/allocations/{history.slug}/trail/?few=1")
    assert part.startswith('<ul class="trail">') and part.count("<li>") == 3
    whole = body(signed_in(member), f"/allocations/{history.slug}/trail/", headers={"HX-Request": "true"})
    assert whole.startswith('<div id="trail">')


def test_what_is_written_into_it_is_text(allocation: Allocation, pi: User, signed_in: SignedIn) -> None:
    nasty = "<script>alert(1)</script>"
    did(pi, allocation, "budget.change", note=nasty, nested={"a": nasty})
    assert nasty not in body(signed_in(pi), f"/allocations/{allocation.slug}/trail/?person={nasty[:1]}")
    assert nasty not in body(signed_in(pi), f"/allocations/{allocation.slug}/trail/")


def test_programs_read_the_same(history: Allocation, member: User, signed_in: SignedIn) -> None:
    found = signed_in(member).get(f"/api/v1/allocations/{history.slug}/trail?kind=people").json()
    assert [entry["action"] for entry in found["entries"]] == ["membership.change"]
    assert found["entries"][0]["detail"]["role"] == "ta" and found["after"] == ""


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("membership.add", "became a member"),
        ("some_thing.done_twice", "some thing: done twice"),
        ("alone", "alone"),
    ],
)
def test_an_action_that_nobody_worded_can_be_read(action: str, words: str) -> None:
    assert said(action) == words


def test_details_are_short_and_empty_ones_left_out() -> None:
    found = dict(
        told({"empty": "", "none": None, "zero": 0, "long": "x" * 500, "before": None, "after": "ta"})
    )
    assert found["changed"] == "ta" and found["zero"] == "0"
    assert len(found["long"]) == 200 and "empty" not in found and "none" not in found


def test_no_kind_is_empty() -> None:
    assert all(beginnings for _, beginnings in KINDS.values())
