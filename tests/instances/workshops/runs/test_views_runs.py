"""Pages of commands and files: what is shown, to whom, and that what machines print is only text."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from instances.workshops.models import Learner, Seat, Workshop
from instances.workshops.runs.jobs import State
from instances.workshops.runs.models import CommandRun, Push, SeatPut, SeatRun
from portal.accounts.models import User
from tests.instances.workshops.room import make_workshop, seat_of, sit
from tests.instances.workshops.runs.things import over, ran

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client


def at(name: str, *args: Any) -> str:
    return reverse(f"runs:{name}", args=args)


def test_a_command_is_asked_for_and_leads_to_its_page(
    page: Client, workshop: Workshop, seat: Seat, other_learner: Learner
) -> None:
    answer = page.post(at("list", workshop.pk), {"command": "ls\r\n", "seats": "2", "seconds": "60"})
    run = CommandRun.objects.get()
    assert answer.status_code == 302 and answer["Location"] == at("command", workshop.pk, run.pk)
    assert [job.number for job in run.seats.all()] == [2] and run.seconds == 60
    assert b"<pre" in page.get(answer["Location"]).content


@pytest.mark.parametrize("seats", ["x", "1-", "1-99999", "1,,a"])
def test_numbers_that_are_none_are_refused_with_what_was_typed(
    page: Client, workshop: Workshop, seat: Seat, seats: str
) -> None:
    answer = page.post(at("list", workshop.pk), {"command": "ls -la", "seats": seats})
    assert answer.status_code == 422 and b"ls -la" in answer.content and not CommandRun.objects.exists()


def test_a_refusal_is_said_on_the_page(page: Client, workshop: Workshop, seat: Seat) -> None:
    answer = page.post(at("list", workshop.pk), {"command": "ls", "seats": "3"})
    assert answer.status_code == 409 and b"no seat to do that at" in answer.content


def test_an_assistant_runs_commands_but_none_as_root(workshop: Workshop, seat: Seat, helper: User) -> None:
    client = Client()
    client.force_login(helper)
    assert b"as_root" not in client.get(at("list", workshop.pk)).content
    assert client.post(at("list", workshop.pk), {"command": "ls", "as_root": "on"}).status_code == 403
    assert client.post(at("list", workshop.pk), {"command": "ls"}).status_code == 302


def test_what_a_machine_prints_is_text(page: Client, seat: Seat, member: User) -> None:
    hostile = b"<script>alert(1)</script>\x1b]0;owned\x07\xe2\x80\xae<img src=x onerror=y>\n"
    run = ran(seat, member, command="<b>bold</b>", output=hostile, exit=1)
    job = SeatRun.objects.get(run=run)
    for address in (
        at("command", seat.workshop_id, run.pk),
        at("output", seat.workshop_id, run.pk, job.pk),
    ):
        text = page.get(address).content.decode()
        assert "<script>alert" not in text and "<img src=x" not in text and "<b>bold" not in text
        assert "&lt;script&gt;alert(1)" in text and "\x1b" not in text and "\u202e" not in text


def test_those_that_failed_come_first_with_what_to_do(
    page: Client, member: User, workshop: Workshop, seat: Seat, other_learner: Learner
) -> None:
    seat.workshop = workshop
    run = ran(seat, member)
    bad = SeatRun.objects.create(run=run, seat=seat_of(workshop, 2), number=2, asked_at=run.asked_at)
    over(bad, b"no such file\n", exit=3)
    SeatRun.objects.create(
        run=run,
        seat=seat_of(workshop, 3),
        number=3,
        asked_at=run.asked_at,
        state=State.UNREACHABLE,
        problem_id="workshops:seat-silent",
        problem_params={"seconds": 45},
    )
    text = page.get(at("command", workshop.pk, run.pk)).content.decode()
    assert text.index("Seat 2") < text.index("Seat 3") < text.index("Seat 1")
    assert "exit 3" in text and "1 of 3 done, 1 failed, 1 not reached" in text
    assert "Try the 1 not reached again" in text and "said nothing for 45 seconds" in text


def test_the_newest_command_comes_first(page: Client, member: User, seat: Seat) -> None:
    for word in ("first", "second"):
        ran(seat, member, command=f"{word} x")
    text = page.get(at("list", seat.workshop_id)).content.decode()
    assert text.index("second …") < text.index("first …")
    words = [one["word"] for one in page.get(f"/api/v1/workshops/{seat.workshop_id}/runs").json()]
    assert words == ["second", "first"]


def test_stop_and_again_lead_back(page: Client, member: User, seat: Seat) -> None:
    run = ran(seat, member)
    SeatRun.objects.update(state=State.UNREACHABLE)
    address = at("command", seat.workshop_id, run.pk)
    assert page.post(at("again", seat.workshop_id, run.pk))["Location"] == address
    assert SeatRun.objects.get().state == State.ASKED
    assert page.post(at("stop", seat.workshop_id, run.pk))["Location"] == address
    assert SeatRun.objects.get().state == State.STOPPED
    assert page.post(at("again", seat.workshop_id, run.pk)).status_code == 409


def test_a_command_of_another_workshop_is_not_there(
    page: Client, member: User, seat: Seat, allocation: Any
) -> None:
    run = ran(seat, member)
    other = make_workshop(allocation, member)
    assert page.get(at("command", other.pk, run.pk)).status_code == 404
    job = SeatRun.objects.get()
    assert page.get(at("output", other.pk, run.pk, job.pk)).status_code == 404
    assert page.post(at("stop", other.pk, run.pk)).status_code == 404


def test_as_many_queries_for_one_seat_as_for_many(
    page: Client, member: User, allocation: Any, django_assert_num_queries: Any
) -> None:
    big = make_workshop(allocation, member, seats=20)
    seats = [sit(seat_of(big, number)) for number in range(1, 21)]
    first = ran(seats[0], member)
    second = ran(seats[0], member)
    for seat in seats[1:]:
        over(
            SeatRun.objects.create(run=second, seat=seat, number=seat.number, asked_at=second.asked_at),
            b"x" * 5000,
        )
    page.get(at("command", big.pk, first.pk))
    counts = []
    for run in (first, second):
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as queries:
            page.get(at("command", big.pk, run.pk))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_htmx_gets_the_part(page: Client, member: User, seat: Seat) -> None:
    run = ran(seat, member)
    for address in (at("list", seat.workshop_id), at("command", seat.workshop_id, run.pk)):
        part = page.get(address, headers={"HX-Request": "true"}).content
        assert b"<html" not in part and b"<html" in page.get(address).content


def test_a_course_file_is_added_replaced_and_removed(page: Client, workshop: Workshop, seat: Seat) -> None:
    for content in (b"one", b"two"):
        upload = SimpleUploadedFile("plan.txt", content)
        answer = page.post(at("files", workshop.pk), {"file": upload, "folder": "course"})
        assert answer.status_code == 302
    file = Push.objects.get()
    text = page.get(at("files", workshop.pk)).content.decode()
    assert "plan.txt" in text and "edition 2" in text and "~/course" in text and "0 seats have it" in text
    SeatPut.objects.update(state=State.DONE, instance=seat.instance, edition=2, next_at=None)
    assert "1 seat has it" in page.get(at("files", workshop.pk)).content.decode()
    assert b"Seat 1" in page.get(at("push", workshop.pk, file.pk)).content
    assert page.post(at("file-remove", workshop.pk, file.pk)).status_code == 302
    assert page.get(at("push", workshop.pk, file.pk)).status_code == 404


def test_a_file_that_is_refused_is_said_with_what_was_typed(page: Client, workshop: Workshop) -> None:
    upload = SimpleUploadedFile("plan.txt", b"1")
    answer = page.post(at("files", workshop.pk), {"file": upload, "folder": "../up"})
    assert (
        answer.status_code == 422 and b"lead out of the home" in answer.content and b"../up" in answer.content
    )
    assert page.post(at("files", workshop.pk), {}).status_code == 422


def test_an_assistant_sees_files_and_changes_none(workshop: Workshop, helper: User) -> None:
    client = Client()
    client.force_login(helper)
    assert b"Add or replace" not in client.get(at("files", workshop.pk)).content
    upload = SimpleUploadedFile("plan.txt", b"1")
    assert client.post(at("files", workshop.pk), {"file": upload}).status_code == 403
    assert not Push.objects.exists()


def test_where_it_did_not_come_it_is_tried_again(page: Client, workshop: Workshop, seat: Seat) -> None:
    page.post(at("files", workshop.pk), {"file": SimpleUploadedFile("plan.txt", b"1")})
    file = Push.objects.get()
    SeatPut.objects.update(state=State.FAILED, problem_id="workshops:seat-disk-full", next_at=None)
    assert "disk is full" in page.get(at("push", workshop.pk, file.pk)).content.decode()
    assert page.post(at("push-again", workshop.pk, file.pk)).status_code == 302
    assert SeatPut.objects.get().next_at is not None
