"""Work, for those who run the workshop and for each learner; and the same over the API."""

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.test import AsyncClient, Client
from django.urls import reverse
from django.utils import timezone

from instances.workshops.models import Learner, Seat, Workshop
from instances.workshops.runs.jobs import State
from instances.workshops.runs.models import CommandRun, SeatRun, Work
from portal.accounts.models import User
from portal.core.models import AuditEvent
from tests.instances.workshops.room import make_learner, seat_of, sit
from tests.instances.workshops.runs.things import collected, ran

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client


@pytest.fixture
def learners(lea: User) -> Client:
    client = Client()
    client.force_login(lea)
    return client


def at(name: str, *args: Any) -> str:
    return reverse(f"runs:{name}", args=args)


def end(workshop: Workshop, state: str = Workshop.State.ENDED) -> None:
    Workshop.objects.filter(pk=workshop.pk).update(state=state, ended_at=timezone.now())


async def content(user: User, address: str) -> tuple[int, bytes, str]:
    """As a server streams it."""
    client = AsyncClient()
    await client.aforce_login(user)
    answer: Any = await client.get(address)
    if not answer.streaming:
        return answer.status_code, answer.content, ""
    body = b"".join([piece async for piece in answer.streaming_content])
    return answer.status_code, body, answer["Content-Disposition"]


@pytest.mark.django_db(transaction=True)
async def test_everybodys_work_is_one_zip_with_a_folder_each(
    workshop: Workshop, seat: Seat, other_learner: Learner, member: User
) -> None:
    from asgiref.sync import sync_to_async

    def prepared() -> None:
        Learner.objects.update(name="Ada / ../../etc")
        collected(seat_of(workshop, 1), "./a.txt", b"first")
        collected(seat_of(workshop, 2), "../../evil", b"second")

    await sync_to_async(prepared)()
    status, body, told = await content(member, at("work-archive", workshop.pk))
    assert status == 200 and "attachment" in told
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        names = [name for name in archive.namelist() if not name.endswith("/")]
        assert len(names) == 2 and names[1] == "READ ME.txt"
        assert names[0].endswith("/a.txt") and not any(".." in name.split("/") for name in archive.namelist())
        assert len({name.split("/")[0] for name in archive.namelist()}) == 3
    assert await AuditEvent.objects.filter(action="workshop.work_taken").acount() == 1


@pytest.mark.django_db(transaction=True)
async def test_a_learner_downloads_their_own_after_the_end(
    workshop: Workshop, seat: Seat, other_learner: Learner, lea: User
) -> None:
    from asgiref.sync import sync_to_async

    def prepared() -> None:
        collected(seat, "./mine.txt", b"mine")
        collected(seat_of(workshop, 2), "./other.txt", b"not mine")
        end(workshop)

    await sync_to_async(prepared)()
    status, body, _ = await content(lea, at("own-work-zip", workshop.pk))
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        assert status == 200 and [name.rpartition("/")[2] for name in names] == ["mine.txt"]
        assert archive.read(names[0]) == b"mine"


def test_while_it_goes_on_it_is_on_their_machine(learners: Client, workshop: Workshop, seat: Seat) -> None:
    collected(seat)
    assert learners.get(at("own-work-zip", workshop.pk)).status_code == 409
    assert b"on your machine" in learners.get(at("own-work", workshop.pk)).content


def test_without_any_there_is_nothing_to_download(learners: Client, workshop: Workshop, seat: Seat) -> None:
    end(workshop)
    assert learners.get(at("own-work-zip", workshop.pk)).status_code == 404
    assert b"nothing of yours" in learners.get(at("own-work", workshop.pk)).content


@pytest.mark.parametrize("state", [Workshop.State.ENDED, Workshop.State.REMOVING, Workshop.State.REMOVED])
def test_the_page_says_how_it_stands(learners: Client, workshop: Workshop, seat: Seat, state: str) -> None:
    end(workshop, state)
    row = collected(seat)
    address = at("own-work", workshop.pk)
    assert b"Download my work" in learners.get(address).content
    Work.objects.update(state=State.RUNNING, stored=None)
    assert b"on its way here" in learners.get(address).content
    Work.objects.update(
        state=State.UNREACHABLE, problem_id="workshops:seat-silent", problem_params={"seconds": 5}
    )
    assert b"tried again" in learners.get(address).content
    Work.objects.update(state=State.DONE, problem_id="", erased_at=timezone.now())
    assert b"was erased" in learners.get(address).content
    assert learners.get(address, headers={"HX-Request": "true"}).content.count(b"<html") == 0
    assert row.pk


def test_work_of_others_is_nowhere(
    learners: Client, workshop: Workshop, seat: Seat, other_learner: Learner
) -> None:
    end(workshop)
    collected(seat_of(workshop, 2))
    assert learners.get(at("own-work-zip", workshop.pk)).status_code == 404
    for address in (
        at("work", workshop.pk),
        at("work-archive", workshop.pk),
        at("work-one", workshop.pk, other_learner.pk),
    ):
        assert learners.get(address).status_code == 404


def test_who_was_removed_has_no_page(learners: Client, workshop: Workshop, seat: Seat) -> None:
    end(workshop)
    collected(seat)
    Learner.objects.update(state=Learner.State.OUT)
    assert learners.get(at("own-work", workshop.pk)).status_code == 404
    assert learners.get(at("own-work-zip", workshop.pk)).status_code == 404


def test_the_page_of_work_says_whose_is_here_and_why_some_is_not(
    page: Client, workshop: Workshop, seat: Seat, other_learner: Learner
) -> None:
    end(workshop)
    now = timezone.now()
    Work.objects.create(
        workshop=workshop,
        learner=other_learner,
        seat=seat_of(workshop, 2),
        state=State.UNREACHABLE,
        asked_at=now,
        ended_at=now,
        problem_id="workshops:seat-silent",
        problem_params={"seconds": 600},
    )
    collected(seat)
    text = page.get(at("work", workshop.pk)).content.decode()
    assert "1 of 2 here" in text and "said nothing for 600 seconds" in text
    assert "The work of one learner is still to be collected" in text and "Go on without" in text
    page.post(at("work-go-on", workshop.pk))
    assert "not waited for" in page.get(at("work", workshop.pk)).content.decode()


def test_collecting_now_of_all_or_of_one(
    page: Client, workshop: Workshop, seat: Seat, other_learner: Learner
) -> None:
    page.post(at("work-collect", workshop.pk), {"learner": [str(other_learner.pk), "nonsense"]})
    assert [row.learner for row in Work.objects.all()] == [other_learner]
    page.post(at("work-collect", workshop.pk))
    assert Work.objects.count() == 2


def test_what_is_collected_is_chosen_and_what_is_wrong_said(page: Client, workshop: Workshop) -> None:
    assert page.post(at("work-plan", workshop.pk), {"wanted": "on", "patterns": "a\nb"}).status_code == 302
    assert b"a\nb</textarea>" in page.get(at("work", workshop.pk)).content
    answer = page.post(at("work-plan", workshop.pk), {"wanted": "on", "patterns": "/etc"})
    assert answer.status_code == 422 and b"/etc</textarea>" in answer.content
    assert page.post(at("work-plan", workshop.pk), {"patterns": "x" * 5000}).status_code == 422


def test_as_many_queries_for_three_learners_as_for_twenty(
    page: Client, member: User, allocation: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from tests.instances.workshops.room import make_workshop

    counts = []
    for number in (3, 20):
        made = make_workshop(allocation, member, seats=number)
        for n in range(1, number + 1):
            collected(sit(seat_of(made, n), make_learner(made, None, name=f"Learner {n}")))
        page.get(at("work", made.pk))
        with CaptureQueriesContext(connection) as queries:
            page.get(at("work", made.pk))
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.django_db(transaction=True)
async def test_a_damaged_file_does_not_take_the_others_with_it(
    workshop: Workshop, seat: Seat, other_learner: Learner, member: User
) -> None:
    from asgiref.sync import sync_to_async

    from instances.workshops.runs import vault

    def prepared() -> None:
        Learner.objects.filter(pk=other_learner.pk).update(name="Otto")
        damaged = collected(seat)
        assert damaged.stored is not None
        path = vault.path_of(damaged.stored)
        path.write_bytes(path.read_bytes()[:-30])
        collected(seat_of(workshop, 2), "./fine.txt", b"fine")

    await sync_to_async(prepared)()
    status, body, _ = await content(member, at("work-archive", workshop.pk))
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert status == 200 and archive.read("Otto/fine.txt") == b"fine"
        assert b"damaged" in archive.read("READ ME.txt")


# The API


def test_the_api_runs_a_command_and_tells_what_came_of_it(
    page: Client, workshop: Workshop, seat: Seat
) -> None:
    address = f"/api/v1/workshops/{workshop.pk}/runs"
    body = json.dumps({"command": "ls", "seats": [1]})
    answer = page.post(address, body, content_type="application/json")
    assert answer.status_code == 201 and answer.json()["counts"]["going"] == 1
    run = CommandRun.objects.get()
    found = page.get(f"{address}/{run.pk}").json()
    assert found["command"] == "ls" and found["seats"][0]["state"] == "asked"
    assert page.post(f"{address}/{run.pk}/stop").json()["counts"]["stopped"] == 1
    assert [one["id"] for one in page.get(address).json()] == [str(run.pk)]
    assert SeatRun.objects.get().state == State.STOPPED


def test_the_api_refuses_what_the_pages_refuse(
    page: Client, learners: Client, workshop: Workshop, seat: Seat
) -> None:
    address = f"/api/v1/workshops/{workshop.pk}/runs"
    answer = page.post(address, json.dumps({"command": " "}), content_type="application/json")
    assert answer.status_code == 422
    for path in ("runs", "files", "work", "work/all.zip"):
        assert learners.get(f"/api/v1/workshops/{workshop.pk}/{path}").status_code == 404
    assert (
        learners.post(address, json.dumps({"command": "ls"}), content_type="application/json").status_code
        == 404
    )


def test_the_api_tells_files_and_work(page: Client, member: User, workshop: Workshop, seat: Seat) -> None:
    seat.workshop = workshop
    ran(seat, member)
    collected(seat)
    [row] = page.get(f"/api/v1/workshops/{workshop.pk}/work").json()
    assert (row["state"], row["files"]) == ("done", 1) and row["size_bytes"] > 0
    assert page.get(f"/api/v1/workshops/{workshop.pk}/files").json() == []
    answer = page.post(f"/api/v1/workshops/{workshop.pk}/work")
    assert answer.status_code == 202 and answer.json()[0]["state"] == "asked"


def test_what_was_kept_longer_than_said_is_gone_from_the_page(
    learners: Client, workshop: Workshop, seat: Seat
) -> None:
    from instances.workshops.runs import tidying

    end(workshop)
    collected(seat)
    tidying.erase_work(timezone.now() + timedelta(days=400))
    assert learners.get(at("own-work-zip", workshop.pk)).status_code == 404
    assert b"was erased" in learners.get(at("own-work", workshop.pk)).content
