"""What people ask for, before any worker: who may, at which seats, what is kept of it, what is told."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from instances.workshops.models import Learner, Seat, Workshop
from instances.workshops.rights import Right
from instances.workshops.runs import course_files, homes, jobs, services
from instances.workshops.runs.jobs import State
from instances.workshops.runs.models import CommandRun, Home, Push, SeatPut, SeatRun, Stored
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from tests.instances.workshops.room import seat_of, sit

pytestmark = pytest.mark.django_db
SECRET = "hunter2"


@pytest.fixture
def mine(workshop: Workshop) -> Workshop:
    workshop.viewer_right = Right.PLAN
    return workshop


def refused(id: str, call: Any, **given: Any) -> PortalError:
    with pytest.raises(PortalError) as refusal:
        call(**given)
    assert refusal.value.id == id
    return refusal.value


def test_each_seat_with_a_machine_is_asked_once(
    mine: Workshop,
    member: User,
    seat: Seat,
    other_learner: Learner,
    sent: list[Any],
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        made = services.run(workshop=mine, by=member, seats=Seat.objects.filter(workshop=mine), command="ls")
    rows = SeatRun.objects.filter(run=made)
    assert [row.number for row in rows] == [1, 2] and rows[0].learner == seat.learner
    assert {row.state for row in rows} == {State.ASKED} and all(row.next_at for row in rows)
    assert sent == [("run", 2)]


def test_seats_of_another_workshop_are_none_of_this_one(
    mine: Workshop, member: User, seat: Seat, allocation: Any
) -> None:
    from tests.instances.workshops.room import make_workshop

    other = make_workshop(allocation, member, title="Another")
    strange = sit(seat_of(other))
    refused(
        "workshops:no-seats-chosen", services.run, workshop=mine, by=member, seats=[strange], command="ls"
    )


def test_a_command_with_a_secret_is_sealed_and_not_told(mine: Workshop, member: User, seat: Seat) -> None:
    made = services.run(workshop=mine, by=member, seats=[seat], command=f"TOKEN={SECRET} curl example.org")
    made.refresh_from_db()
    assert SECRET not in made.sealed_command and made.word == ""
    told = AuditEvent.objects.get(action="workshop.run")
    assert SECRET not in str(told.detail) and told.detail["seats"] == 1


def test_as_root_only_for_who_runs_it(mine: Workshop, member: User, seat: Seat) -> None:
    mine.viewer_right = Right.HELP
    refused(
        "workshops:root-needs-run",
        services.run,
        workshop=mine,
        by=member,
        seats=[seat],
        command="ls",
        as_root=True,
    )
    mine.viewer_right = None
    refused(
        "workshops:root-needs-run",
        services.run,
        workshop=mine,
        by=member,
        seats=[seat],
        command="ls",
        as_root=True,
    )
    mine.viewer_right = Right.RUN
    assert services.run(workshop=mine, by=member, seats=[seat], command="ls", as_root=True).as_root


def test_time_is_within_bounds(mine: Workshop, member: User, seat: Seat) -> None:
    for seconds, kept in ((0, 5), (60, 60), (10**9, 1800)):
        made = services.run(workshop=mine, by=member, seats=[seat], command="ls", seconds=seconds)
        assert made.seconds == kept


def test_no_command_and_no_machine_are_refused(mine: Workshop, member: User) -> None:
    refused("workshops:bad-command", services.run, workshop=mine, by=member, seats=[], command="  ")
    refused(
        "workshops:no-seats-chosen",
        services.run,
        workshop=mine,
        by=member,
        seats=[seat_of(mine)],
        command="ls",
    )
    assert not CommandRun.objects.exists()


def test_stopping_ends_what_has_not_begun_and_tells_where_it_may_have(
    mine: Workshop, member: User, seat: Seat, other_learner: Learner
) -> None:
    made = services.run(workshop=mine, by=member, seats=Seat.objects.filter(workshop=mine), command="ls")
    SeatRun.objects.filter(run=made, number=2).update(state=State.RUNNING, next_at=None)
    services.stop(run=made, by=member)
    services.stop(run=made, by=member)
    first, second = SeatRun.objects.filter(run=made)
    assert (first.state, first.next_at) == (State.STOPPED, None)
    assert second.state == State.RUNNING and second.next_at is not None
    assert AuditEvent.objects.filter(action="workshop.run_stopped").count() == 1


def test_only_seats_that_were_not_reached_are_tried_again(mine: Workshop, member: User, seat: Seat) -> None:
    made = services.run(workshop=mine, by=member, seats=[seat], command="ls")
    refused("workshops:run-over", services.again, run=made, by=member)
    SeatRun.objects.update(state=State.FAILED)
    refused("workshops:run-over", services.again, run=made, by=member)
    SeatRun.objects.update(state=State.UNREACHABLE, attempts=3, next_at=None)
    assert services.again(run=made, by=member) == 1
    job = SeatRun.objects.get()
    assert (job.state, job.attempts) == (State.ASKED, 0) and job.next_at is not None


# Claims


def due(mine: Workshop, member: User, seat: Seat) -> SeatRun:
    services.run(workshop=mine, by=member, seats=[seat], command="ls")
    return SeatRun.objects.get()


LEASE = timedelta(seconds=60)


def take() -> list[SeatRun]:
    return jobs.take(SeatRun, timezone.now(), most=10, lease=LEASE, related=())


def test_a_job_is_one_workers_until_its_claim_is_over(mine: Workshop, member: User, seat: Seat) -> None:
    due(mine, member, seat)
    [job] = take()
    assert take() == []
    SeatRun.objects.update(lease_until=timezone.now() - LEASE)
    [again] = take()
    assert not jobs.finish(job, State.DONE), "the late one stores nothing"
    assert not jobs.renew(job, LEASE) and jobs.renew(again, LEASE)
    assert jobs.finish(again, State.FAILED) and not jobs.finish(again, State.DONE)
    again.refresh_from_db()
    assert (again.state, again.taken_by, again.next_at) == (State.FAILED, None, None)
    assert take() == []


def test_what_cannot_be_reached_is_tried_three_times_what_fails_once(
    mine: Workshop, member: User, seat: Seat
) -> None:
    due(mine, member, seat)
    silent = PortalError(
        "remote:timeout", outcome="retry", name="seat", address="10.0.0.1", port=22, login="x"
    )
    for attempt in (1, 2, 3):
        [job] = take()
        jobs.failed(job, silent)
        job.refresh_from_db()
        assert job.attempts == attempt
        SeatRun.objects.exclude(next_at=None).update(next_at=timezone.now())
    assert (job.state, job.next_at, job.problem_params["port"]) == (State.UNREACHABLE, None, 22)
    services.again(run=job.run, by=member)
    [job] = take()
    jobs.failed(job, PortalError("workshops:seat-disk-full"))
    job.refresh_from_db()
    assert (job.state, job.problem_id) == (State.FAILED, "workshops:seat-disk-full")


def test_the_oldest_come_first_and_never_more_than_a_slice(
    mine: Workshop, member: User, seat: Seat, django_assert_num_queries: Any
) -> None:
    for _ in range(5):
        services.run(workshop=mine, by=member, seats=[seat], command="ls")
    ids = list(SeatRun.objects.order_by("next_at").values_list("pk", flat=True))
    with django_assert_num_queries(3):
        taken = jobs.take(SeatRun, timezone.now(), most=3, lease=LEASE, related=("run",))
    assert [job.pk for job in taken] == ids[:3]
    assert jobs.slices_now(SeatRun, timezone.now()) == 1


# Files


def file(name: str = "a.txt", content: bytes = b"hello") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def test_a_file_is_kept_sealed_until_the_seats_have_it(
    mine: Workshop, member: User, seat: Seat, work_dir: Any
) -> None:
    made = services.push(workshop=mine, by=member, seats=[seat], upload=file(), folder="~/course/")
    assert (made.name, made.folder, made.size_bytes, made.course) == ("a.txt", "course", 5, False)
    assert SeatPut.objects.get(push=made).seat == seat
    [path] = work_dir.rglob("*.sealed")
    assert b"hello" not in path.read_bytes()


@pytest.mark.parametrize(
    ("name", "folder", "unpack"),
    [("a.txt", "/etc", False), ("a.txt", "../x", False), ("-rf", "", False), ("a.txt", "", True)],
)
def test_what_must_not_get_into_a_home_is_refused_and_not_kept(
    mine: Workshop, member: User, seat: Seat, work_dir: Any, name: str, folder: str, unpack: bool
) -> None:
    refused(
        "workshops:bad-push",
        services.push,
        workshop=mine,
        by=member,
        seats=[seat],
        upload=file(name),
        folder=folder,
        unpack=unpack,
    )
    assert not Push.objects.exists() and not list(work_dir.rglob("*.sealed"))


def test_what_is_too_large_is_refused(mine: Workshop, member: User, seat: Seat, monkeypatch: Any) -> None:
    from instances.workshops.runs import limits

    small = limits.Limits(60, 4, 4, 4, LEASE, LEASE)
    monkeypatch.setattr(services, "limits_of", lambda workshop: small)
    refused("workshops:push-large", services.push, workshop=mine, by=member, seats=[seat], upload=file())


def test_a_course_file_goes_to_ready_seats_now_and_to_others_when_they_are(
    mine: Workshop, member: User, seat: Seat
) -> None:
    later = sit(seat_of(mine, 2), stage=Seat.Stage.BUILDING)
    made = course_files.add(workshop=mine, by=member, upload=file())
    assert [row.seat for row in SeatPut.objects.filter(push=made)] == [seat]
    homes.ready([later])
    assert SeatPut.objects.filter(push=made, seat=later, state=State.ASKED).exists()


def test_course_files_of_many_seats_cost_a_fixed_number_of_queries(
    mine: Workshop, member: User, allocation: Any, django_assert_num_queries: Any
) -> None:
    from tests.instances.workshops.room import make_workshop

    big = make_workshop(allocation, member, seats=20)
    seats = [sit(seat_of(big, number)) for number in range(1, 21)]
    for name in ("a", "b", "c"):
        course_files.add(workshop=big, by=member, upload=file(name))
    for count in (1, 20):
        SeatPut.objects.all().delete()
        with django_assert_num_queries(6):
            homes.ready(seats[:count])
    assert SeatPut.objects.count() == 60


def test_removed_it_goes_to_nobody_and_its_content_is_erased(
    mine: Workshop, member: User, seat: Seat
) -> None:
    made = course_files.add(workshop=mine, by=member, upload=file())
    course_files.remove(file=made, by=member)
    course_files.remove(file=made, by=member)
    assert course_files.of(mine) == [] and not SeatPut.objects.exists()
    assert Stored.objects.get().removed_at is not None
    assert AuditEvent.objects.filter(action="workshop.course_file_removed").count() == 1
    again = course_files.add(workshop=mine, by=member, upload=file())
    assert again.pk != made.pk


def test_all_course_files_together_have_a_bound(
    mine: Workshop, member: User, seat: Seat, monkeypatch: Any
) -> None:
    from instances.workshops.runs import limits

    monkeypatch.setattr(course_files, "limits_of", lambda w: limits.Limits(60, 9, 12, 4, LEASE, LEASE))
    course_files.add(workshop=mine, by=member, upload=file("a"))
    course_files.add(workshop=mine, by=member, upload=file("b"))
    refused("workshops:files-large", course_files.add, workshop=mine, by=member, upload=file("c"))
    # In the place of another there is room.
    course_files.add(workshop=mine, by=member, upload=file("b", b"other"))
    assert len(course_files.of(mine)) == 2
    monkeypatch.setattr(course_files, "MOST", 2)
    refused("workshops:files-many", course_files.add, workshop=mine, by=member, upload=file("d", b""))


def test_after_the_end_no_file_is_taken(mine: Workshop, member: User) -> None:
    mine.state = Workshop.State.ENDED
    refused("workshops:files-over", course_files.add, workshop=mine, by=member, upload=file())


# Homes


def test_a_home_is_asked_for_once_per_reset_and_what_fails_is_said(seat: Seat) -> None:
    since = timezone.now()
    assert homes.kept(seat, since) is False and homes.kept(seat, since) is False
    assert Home.objects.count() == 1
    Home.objects.update(
        state=State.UNREACHABLE, problem_id="remote:timeout", problem_params={"name": "class-1"}
    )
    refused("workshops:home-not-kept", homes.kept, seat=seat, since=since)
    later = since + timedelta(minutes=1)
    assert homes.kept(seat, later) is False
    assert [home.since for home in Home.objects.all()] == [later], "the older one is gone"
    Home.objects.update(step=Home.Step.KEPT)
    assert homes.kept(seat, later) is True


def test_what_a_course_gives_waits_for_the_home(mine: Workshop, member: User, seat: Seat) -> None:
    course_files.add(workshop=mine, by=member, upload=file())
    SeatPut.objects.all().delete()
    homes.kept(seat, timezone.now())
    Home.objects.update(step=Home.Step.KEPT, next_at=None)
    homes.ready([seat])
    home = Home.objects.get()
    assert home.step == Home.Step.BACK and home.next_at is not None
    assert not SeatPut.objects.exists()
