"""One action on many machines: the choice, what cannot be done, the confirmation, and the report."""

from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from instances.actions import ACTIONS, BULK_ACTIONS
from instances.models import Instance
from instances.views_bulk import MOST
from portal.accounts.models import User
from portal.operations.models import Operation
from tests.instances.rows import machine
from tests.instances.views.conftest import HTMX, Answer, signed_in, text_of


def url(lab: Instance, action: str) -> str:
    return reverse("instances:bulk", args=[lab.allocation.slug, action])


def ask(user: User, lab: Instance, action: str, **data: Any) -> Answer:
    return signed_in(user).get(url(lab, action), data, headers=HTMX)


def do(user: User, lab: Instance, action: str, **data: Any) -> Answer:
    return signed_in(user).post(url(lab, action), data, headers=HTMX)


@pytest.fixture
def three(lab: Instance, member: User, colleague: User) -> list[Instance]:
    """The member's running and stopped machine, and a colleague's."""
    stopped = machine(lab.allocation, member, name="stopped", status="SHUTOFF")
    theirs = machine(lab.allocation, colleague, name="theirs")
    return [lab, stopped, theirs]


def ids(machines: list[Instance]) -> list[str]:
    return [str(one.pk) for one in machines]


@pytest.mark.parametrize("action", BULK_ACTIONS)
def test_every_bulk_action_has_its_dialog(lab: Instance, member: User, action: str) -> None:
    answer = ask(member, lab, action, id=str(lab.pk))
    assert answer.status_code == 200
    assert ACTIONS[action].consequence in text_of(answer)


@pytest.mark.parametrize("action", [*sorted(set(ACTIONS) - set(BULK_ACTIONS)), "explode"])
def test_other_actions_are_not_done_in_bulk(lab: Instance, member: User, action: str) -> None:
    assert do(member, lab, action, id=str(lab.pk)).status_code == 404


def test_the_dialog_says_which_can_and_which_cannot_and_why(three: list[Instance], member: User) -> None:
    shown = text_of(ask(member, three[0], "stop", id=ids(three)))
    assert "Stop 1 machine" in shown
    assert "2 of those chosen cannot" in shown
    assert "stopped It is stopped; this works only when it is active." in shown
    assert "theirs It belongs to Colin, and your role lets you act on your own only." in shown
    assert "Saves 1 SU per hour in all (2 now, 1 afterwards)." in shown


def test_a_manager_acts_on_everybodys(three: list[Instance], manager: User) -> None:
    assert "Stop 2 machines" in text_of(ask(manager, three[0], "stop", id=ids(three)))


def test_the_report_tells_of_each_machine(three: list[Instance], member: User) -> None:
    answer = do(member, three[0], "stop", id=ids(three))
    shown = text_of(answer)
    assert "Stop: 1 of 3 accepted" in shown
    assert shown.count("not done") == 2
    assert shown.index("stopped") < shown.index("lab")  # what went wrong comes first
    assert [op.target_id for op in Operation.objects.all()] == [str(three[0].pk)]
    assert "bulk-done" in answer["HX-Trigger"]


def test_the_machines_of_one_click_are_one_batch(lab: Instance, member: User) -> None:
    second = machine(lab.allocation, member, name="second")
    do(member, lab, "stop", id=ids([lab, second]))
    assert Operation.objects.count() == 2
    assert len(set(Operation.objects.values_list("batch", flat=True))) == 1


@pytest.mark.parametrize("typed", ["", "1", "3", "two"])
def test_deleting_many_needs_their_number_typed(lab: Instance, member: User, typed: str) -> None:
    second = machine(lab.allocation, member, name="second")
    answer = do(member, lab, "delete", id=ids([lab, second]), confirm_count=typed)
    assert answer.status_code == 422
    assert "Type the number of machines, 2, to be sure." in text_of(answer)
    assert not Operation.objects.exists()


@pytest.mark.parametrize(("keep", "released"), [({}, True), ({"keep": "on"}, False)])
def test_deleting_many_with_the_right_number(
    lab: Instance, member: User, keep: dict[str, str], released: bool
) -> None:
    second = machine(lab.allocation, member, name="second")
    answer = do(member, lab, "delete", id=ids([lab, second]), confirm_count="2", **keep)
    assert "Delete: 2 of 2 accepted" in text_of(answer)
    assert {op.spec["release_address"] for op in Operation.objects.all()} == {released}


def test_the_number_counts_those_that_can_be_deleted(lab: Instance, member: User) -> None:
    locked = machine(lab.allocation, member, name="locked", locked=True)
    chosen = ids([lab, locked])
    assert do(member, lab, "delete", id=chosen, confirm_count="2").status_code == 422
    assert "1 of 2 accepted" in text_of(do(member, lab, "delete", id=chosen, confirm_count="1"))
    assert Operation.objects.count() == 1


def test_everything_that_matches_can_be_chosen(lab: Instance, member: User) -> None:
    for number in range(60):
        machine(lab.allocation, member, name=f"worker-{number}")
    shown = text_of(ask(member, lab, "stop", all="1", q="worker"))
    assert "Stop 60 machines" in shown
    assert "lab" not in shown.split()


def test_the_filter_of_all_matching_counts_not_the_ticks(three: list[Instance], manager: User) -> None:
    shown = text_of(ask(manager, three[0], "start", all="1", status="stopped", id=ids(three)))
    assert "Start 1 machine" in shown
    assert "cannot" not in shown


@pytest.mark.parametrize("chosen", [[], [str(uuid4())], ["not-an-id"], ["1' OR 1=1"]])
def test_a_choice_of_nothing_is_explained(lab: Instance, member: User, chosen: list[str]) -> None:
    answer = do(member, lab, "stop", id=chosen)
    assert answer.status_code == 422
    assert answer["HX-Retarget"] == "#problems"
    assert not Operation.objects.exists()


def test_too_many_at_once_are_refused_with_the_limit(lab: Instance, member: User) -> None:
    now = timezone.now()
    Instance.objects.bulk_create(
        Instance(allocation=lab.allocation, name=f"m{n}", owner=member, created_at=now, state_since=now)
        for n in range(MOST)
    )
    answer = ask(member, lab, "stop", all="1")
    assert answer.status_code == 422
    assert f"At most {MOST} machines" in text_of(answer)


def test_machines_of_another_allocation_cannot_be_slipped_in(
    lab: Instance, member: User, other_allocation: Any
) -> None:
    foreign = machine(other_allocation, member, name="foreign")
    answer = do(member, lab, "stop", id=ids([lab, foreign]))
    assert "foreign" not in text_of(answer)
    assert Operation.objects.count() == 1


@pytest.mark.parametrize(("role", "status"), [("reader", 403), ("stranger", 404), ("newcomer", 404)])
def test_others_cannot(lab: Instance, role: str, status: int, request: pytest.FixtureRequest) -> None:
    answer = do(request.getfixturevalue(role), lab, "stop", id=str(lab.pk))
    assert answer.status_code == status
    assert not Operation.objects.exists()


def test_without_script_dialog_and_report_are_pages(lab: Instance, member: User) -> None:
    client = signed_in(member)
    dialog = client.get(url(lab, "stop"), {"id": str(lab.pk)})
    report = client.post(url(lab, "stop"), {"id": str(lab.pk)})
    assert b"<html" in dialog.content
    assert b"<html" in report.content
    assert "1 of 1 accepted" in text_of(report)


def test_the_number_of_queries_of_the_dialog_does_not_grow(
    lab: Instance, member: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(40):
        machine(lab.allocation, member, name=f"m{number}")
    client = signed_in(member)
    with django_assert_max_num_queries(14):
        client.get(url(lab, "stop"), {"all": "1"}, headers=HTMX)
