"""Acts on seats: what the dialog says beforehand, who may, and a report for each seat."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from allocations.models import Allocation
from instances.workshops.board import acting
from instances.workshops.board.acts import ACTS
from instances.workshops.engine import acts as engine
from instances.workshops.engine.acts import SeatResult
from instances.workshops.learner.models import Message
from instances.workshops.models import Learner, Seat, Workshop
from instances.workshops.runs.models import CommandRun, Push
from portal.accounts.models import User
from portal.core.errors import PortalError
from tests.instances.workshops.room import make_helper, make_learner, make_workshop, seat_of, sit

ENGINE = ("start", "stop", "shelve", "release", "reset", "swap", "replace")


class Asked(list[tuple[str, list[int], dict[str, Any]]]):
    """What the engine was asked for; `refuse` a number to have it refuse that seat."""

    refuse = 0


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    found = Asked()

    def fake(name: str) -> Any:
        def do(*, seats: list[Seat], by: User, **more: Any) -> list[SeatResult]:
            found.append((name, [seat.number for seat in seats], more))
            no = PortalError("workshops:no-spare", number=found.refuse)
            return [SeatResult(seat, no if seat.number == found.refuse else None) for seat in seats]

        return do

    for name in ENGINE[:4] + ENGINE[5:]:
        monkeypatch.setitem(acting._PLAIN, name, fake(name))
    monkeypatch.setattr(engine, "reset", fake("reset"))
    yield found


def address(workshop: Workshop, act: str) -> str:
    return reverse("board:act", args=[workshop.pk, act])


def get(user: User, workshop: Workshop, act: str, **query: Any) -> str:
    client = Client()
    client.force_login(user)
    answer = client.get(address(workshop, act), query)
    assert answer.status_code == 200, answer.content
    return answer.content.decode()


def post(user: User, workshop: Workshop, act: str, part: bool = True, **data: Any) -> Any:
    client = Client()
    client.force_login(user)
    headers = {"HX-Request": "true"} if part else {}
    answer: Any = client.post(address(workshop, act), data, headers=headers)
    return answer


def test_the_dialog_says_what_stopping_means_and_saves(seat: Seat, member: User) -> None:
    text = get(member, seat.workshop, "stop", seat=["1", "2"])

    assert "switched off" in text and "SU per hour in all" in text
    assert "1 of those chosen cannot" in text and "Its machine is not running." in text
    assert "Seat 1, Lea" in text


@pytest.mark.parametrize("act", ["reset", "swap", "replace"])
def test_what_destroys_says_what_is_lost_and_waits_for_the_count(
    act: str, seat: Seat, member: User, asked: Asked
) -> None:
    text = get(member, seat.workshop, act, seat="1")
    assert "There is no way back." in text and 'data-must-equal="1"' in text

    assert post(member, seat.workshop, act, seat="1").status_code == 422
    assert post(member, seat.workshop, act, seat="1", confirm_count="2").status_code == 422
    assert asked == []
    assert post(member, seat.workshop, act, seat="1", confirm_count="1").status_code == 200
    assert [(name, numbers) for name, numbers, _ in asked] == [(act, [1])]


def test_the_home_is_kept_only_where_that_was_said(seat: Seat, member: User, asked: Asked) -> None:
    post(member, seat.workshop, "reset", seat="1", confirm_count="1", keep_home="on")
    post(member, seat.workshop, "reset", seat="1", confirm_count="1")
    assert [more for _, _, more in asked] == [{"keep_home": True}, {"keep_home": False}]


def test_the_report_has_a_line_for_each_seat_what_failed_first(
    seat: Seat, other_learner: Learner, member: User, asked: Asked
) -> None:
    asked.refuse = 2
    answer = post(member, seat.workshop, "swap", seat=["1", "2", "3"], confirm_count="2")
    text = answer.content.decode()

    assert "1 of 3 accepted" in text
    assert text.count("not done") == 2 and text.count("accepted</span>") == 1
    assert text.index("Seat 3") < text.index("Seat 1")
    assert text.index("Seat 2") < text.index("Seat 1")
    assert "bulk-done" in answer.headers["HX-Trigger"]


def test_seats_are_chosen_by_a_word(seat: Seat, member: User, asked: Asked) -> None:
    Seat.objects.filter(pk=seat_of(seat.workshop, 2).pk).update(stage="broken")
    post(member, seat.workshop, "replace", which="broken", confirm_count="1")
    post(member, seat.workshop, "stop", which="all")
    assert [(name, numbers) for name, numbers, _ in asked] == [("replace", [2]), ("stop", [1])]


@pytest.mark.parametrize(
    "query", [{}, {"seat": "99"}, {"which": "help"}, {"which": "'; --"}, {"seat": "x" * 99}]
)
def test_nobody_chosen_is_refused(query: dict[str, Any], seat: Seat, member: User, asked: Asked) -> None:
    assert post(member, seat.workshop, "stop", **query).status_code == 422
    assert asked == []


def test_nothing_ticked_is_told_before_anything_is_asked(seat: Seat, member: User) -> None:
    text = get(member, seat.workshop, "reset")
    assert "No seat is ticked." in text
    assert 'type="submit"' not in text.partition('class="dialog-foot"')[2]


def test_a_seat_of_another_workshop_is_not_reached(
    seat: Seat, member: User, asked: Asked, allocation: Allocation
) -> None:
    other = make_workshop(allocation, member, seats=0)
    assert post(member, other, "stop", seat="1").status_code == 422
    assert asked == []


@pytest.mark.parametrize("act", sorted(ACTS))
@pytest.mark.parametrize("role", ["lea", "stranger", "colleague", "operator", "reader"])
def test_nobody_else_acts(
    act: str, role: str, seat: Seat, asked: Asked, request: pytest.FixtureRequest
) -> None:
    user = request.getfixturevalue(role)
    data: dict[str, Any] = {"seat": "1", "confirm_count": "1", "text": "x", "command": "uname"}
    assert post(user, seat.workshop, act, **data).status_code in (403, 404)
    assert asked == [] and not Message.objects.exists() and not CommandRun.objects.exists()


def test_an_assistant_acts_on_seats_and_does_not_speak_to_all(seat: Seat, helper: User, asked: Asked) -> None:
    assert post(helper, seat.workshop, "stop", seat="1").status_code == 200
    assert post(helper, seat.workshop, "say", seat="1", text="Hello").status_code == 403
    assert [name for name, _, _ in asked] == ["stop"]
    assert not Message.objects.exists()


def test_an_act_that_there_is_not_is_not_found(seat: Seat, member: User) -> None:
    assert post(member, seat.workshop, "explode", seat="1").status_code == 404


def test_a_message_goes_to_the_chosen_screens(seat: Seat, member: User) -> None:
    answer = post(member, seat.workshop, "say", seat=["1", "2"], text="Break until ten", minutes="15")

    assert answer.status_code == 204
    assert "Your message is on 1 screen" in answer.headers["HX-Trigger"]
    message = Message.objects.get()
    assert (message.text, message.to_all, message.deliveries.count()) == ("Break until ten", False, 1)


def test_a_message_to_all_is_also_for_who_comes_later(seat: Seat, member: User) -> None:
    post(member, seat.workshop, "say", which="all", text="Hello", minutes="60")
    assert Message.objects.get().to_all


def test_an_empty_message_comes_back_with_the_reason(seat: Seat, member: User) -> None:
    answer = post(member, seat.workshop, "say", seat="1", text="   ")
    assert answer.status_code == 422
    assert "The message is empty" in answer.content.decode()


def test_a_command_leads_to_the_page_of_its_output(seat: Seat, member: User) -> None:
    answer = post(member, seat.workshop, "run", seat=["1", "2"], command="uname -a", seconds="30")

    run = CommandRun.objects.get()
    assert answer.headers["HX-Redirect"] == reverse("runs:command", args=[seat.workshop_id, run.pk])
    assert run.seats.count() == 1 and not run.as_root
    plain = post(member, seat.workshop, "run", part=False, seat="1", command="uname")
    assert plain.status_code == 302


def test_root_is_for_those_who_run_it(seat: Seat, helper: User, member: User) -> None:
    make_helper(seat.workshop, None)
    assert 'name="as_root"' not in get(helper, seat.workshop, "run", seat="1")
    refused = post(helper, seat.workshop, "run", seat="1", command="id", as_root="on")
    assert refused.status_code == 403 and not CommandRun.objects.exists()
    post(member, seat.workshop, "run", seat="1", command="id", as_root="on")
    assert CommandRun.objects.get().as_root


def test_a_file_is_pushed(seat: Seat, helper: User) -> None:
    upload = SimpleUploadedFile("notes.txt", b"hello")
    answer = post(helper, seat.workshop, "push", seat="1", file=upload, folder="week1")
    push = Push.objects.get()
    assert answer.headers["HX-Redirect"] == reverse("runs:push", args=[seat.workshop_id, push.pk])


def test_without_a_file_nothing_is_pushed(seat: Seat, helper: User) -> None:
    answer = post(helper, seat.workshop, "push", seat="1")
    assert answer.status_code >= 400 and "Choose the file" in answer.content.decode()
    assert not Push.objects.exists()


def test_hostile_names_are_text_in_dialogs(workshop: Workshop, member: User) -> None:
    sit(seat_of(workshop), make_learner(workshop, None, name="<img src=x>"))
    assert "<img" not in get(member, workshop, "stop", seat="1")


@pytest.mark.parametrize("count", [1, 20, 100])
def test_the_dialog_takes_the_same_queries_for_any_number_of_seats(
    count: int, allocation: Allocation, member: User
) -> None:
    workshop = make_workshop(allocation, member, seats=count)
    for seat in Seat.objects.filter(workshop=workshop).select_related("workshop__allocation"):
        sit(seat, make_learner(workshop, name=f"Learner {seat.number}"))
    get(member, workshop, "stop", which="all")
    client = Client()
    client.force_login(member)
    client.get(address(workshop, "stop"), {"which": "all"})
    with CaptureQueriesContext(connection) as queries:
        client.get(address(workshop, "stop"), {"which": "all"}, headers={"HX-Request": "true"})
    assert len(queries) == 17, [query["sql"][:100] for query in queries]
