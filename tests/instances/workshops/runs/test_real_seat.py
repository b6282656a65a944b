"""Commands, files and work at a real sshd, done by a worker's slice as it runs in production."""

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from instances.models import Instance
from instances.workshops.models import Seat
from instances.workshops.rights import Right
from instances.workshops.runs import archives, course_files, doing_run, homes, over_ssh, services, working
from instances.workshops.runs.jobs import State
from instances.workshops.runs.models import Home, Push, SeatPut, SeatRun, Work
from portal.accounts.models import User

pytestmark = pytest.mark.usefixtures("quick")


def run(seat: Seat, member: User, command: str, **more: Any) -> SeatRun:
    seat.workshop.viewer_right = Right.PLAN
    made = services.run(workshop=seat.workshop, by=member, seats=[seat], command=command, **more)
    return SeatRun.objects.get(run=made)


def until_over(kind: Any, job: Any, most: int = 40) -> Any:
    for _ in range(most):
        working.slice_of(kind)
        job.refresh_from_db()
        if job.over:
            return job
    raise AssertionError(f"{kind} does not end: {job}")


def text(job: SeatRun) -> str:
    return "".join(doing_run.output_of(job).parts())


def test_a_command_runs_as_the_learner_and_leaves_nothing_behind(
    real_seat: Seat, member: User, home: Path
) -> None:
    job = until_over("run", run(real_seat, member, "pwd; echo wrong >&2; exit 4"))
    assert (job.state, job.exit, text(job)) == (State.FAILED, 4, f"{home}\nwrong\n")
    assert (job.instance_id, job.next_at, job.taken_by) == (real_seat.instance_id, None, None)
    assert [one.name for one in (home / ".heliosphere-runs").iterdir()] == [f"{job.pk}.over"]


def test_one_that_takes_long_is_looked_after_and_its_output_seen_meanwhile(
    real_seat: Seat, member: User
) -> None:
    job = run(real_seat, member, "echo begun; sleep 1.5; echo ended")
    working.slice_of("run")
    job.refresh_from_db()
    assert (job.state, text(job)) == (State.RUNNING, "begun\n")
    assert (until_over("run", job).state, text(job)) == (State.DONE, "begun\nended\n")


def test_stopped_it_ends_in_the_seat(real_seat: Seat, member: User, home: Path) -> None:
    job = run(real_seat, member, "sleep 3; touch late")
    working.slice_of("run")
    services.stop(run=job.run, by=member)
    assert until_over("run", job).state == State.STOPPED
    assert not (home / "late").exists()


def test_too_long_it_is_ended_and_said(real_seat: Seat, member: User) -> None:
    job = until_over("run", run(real_seat, member, "sleep 60", seconds=5), most=100)
    assert (job.state, job.exit, job.problem_id) == (State.FAILED, 124, "workshops:run-too-long")


def test_hostile_output_is_text_and_bounded(real_seat: Seat, member: User) -> None:
    job = until_over("run", run(real_seat, member, r"printf '\033[2J\033]0;x\007'; yes | head -c 3000000"))
    assert job.cut and text(job).startswith("␛[2J␛]0;x␇y\n")
    assert len(text(job)) < 70_000


@pytest.mark.parametrize("died", ["begun", "answered", "stored"])
def test_a_worker_that_dies_in_it_is_followed_by_one_that_does_it_once(
    real_seat: Seat, member: User, home: Path, died: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the answer came, after it came and before it was stored, and before the seat was told to forget."""
    job = run(real_seat, member, "echo x >>count")
    with monkeypatch.context() as broken:
        if died == "stored":
            broken.setattr(doing_run, "_finished", _then_dies(doing_run._finished))
        else:
            broken.setattr(doing_run, "_begins" if died == "begun" else "_heard", _dies)
        with pytest.raises(KeyError):
            working.slice_of("run")
    # Its claim is over.
    SeatRun.objects.update(lease_until=timezone.now())
    assert until_over("run", job).state == State.DONE
    assert (home / "count").read_text() == "x\n"


def _dies(*given: Any) -> Any:
    raise KeyError("the worker dies here")


def _then_dies(function: Any) -> Any:
    def call(*given: Any) -> Any:
        function(*given)
        raise KeyError("the worker dies here")

    return call


def test_a_late_worker_does_not_begin_it_anew(real_seat: Seat, member: User, home: Path) -> None:
    """It had claimed the job, stood still, and goes on when another has done all of it."""
    job = run(real_seat, member, "echo x >>count")
    late = working._claimed("run")
    SeatRun.objects.update(lease_until=timezone.now())
    assert until_over("run", job).state == State.DONE
    over_ssh.run_all(late)
    assert (home / "count").read_text() == "x\n"
    job.refresh_from_db()
    assert job.state == State.DONE


def test_a_file_lies_in_the_home(real_seat: Seat, member: User, home: Path) -> None:
    upload = SimpleUploadedFile("plan.ipynb", b"{}" * 500_000)
    made = services.push(
        workshop=real_seat.workshop, by=member, seats=[real_seat], upload=upload, folder="course"
    )
    job = until_over("put", SeatPut.objects.get(push=made))
    assert (job.state, job.said["made"]) == (State.DONE, 1)
    assert (home / "course/plan.ipynb").read_bytes() == b"{}" * 500_000


def test_a_link_of_the_learners_leads_a_file_nowhere_that_they_may_not_write(
    real_seat: Seat, member: User, home: Path, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    target.write_text("untouched")
    (home / "plan.txt").symlink_to(target)
    upload = SimpleUploadedFile("plan.txt", b"new")
    made = services.push(workshop=real_seat.workshop, by=member, seats=[real_seat], upload=upload)
    assert until_over("put", SeatPut.objects.get(push=made)).state == State.DONE
    assert target.read_text() == "untouched" and (home / "plan.txt").read_text() == "new"


def zipped(**files: bytes) -> SimpleUploadedFile:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return SimpleUploadedFile("course.zip", out.getvalue())


def test_course_files_come_when_a_seat_is_ready_and_again_to_another_machine(
    real_seat: Seat, member: User, home: Path
) -> None:
    upload = zipped(**{"data/a.csv": b"1,2", "readme": b"hello"})
    file = course_files.add(workshop=real_seat.workshop, by=member, upload=upload, unpack=True)
    job = until_over("put", SeatPut.objects.get(push=file))
    assert (home / "data/a.csv").read_bytes() == b"1,2"
    homes.ready([real_seat])
    job.refresh_from_db()
    assert not job.over, "the same machine may have been set up afresh"
    assert until_over("put", job).said == {"made": 0, "same": 2, "kept": 0}
    newer = course_files.add(
        workshop=real_seat.workshop, by=member, upload=zipped(readme=b"newer"), unpack=True
    )
    assert (newer.pk, newer.edition, Push.objects.count()) == (file.pk, 2, 1)
    assert until_over("put", job).said["kept"] == 1
    assert (home / "readme").read_text() == "newer"


def test_work_is_collected_and_taken_along(real_seat: Seat, member: User, home: Path) -> None:
    (home / "n").mkdir()
    (home / "n/1.ipynb").write_bytes(os.urandom(1_500_000))
    (home / "link").symlink_to("/etc/passwd")
    [job] = services.collect(workshop=real_seat.workshop, by=member)
    until_over("work", job)
    assert (job.state, job.files, job.cut, job.partly) == (State.DONE, 1, False, False)
    with zipfile.ZipFile(io.BytesIO(b"".join(archives.of_all([job])))) as archive:
        assert archive.testzip() is None
        names = [one for one in archive.namelist() if not one.endswith("/")]
        assert names == [f"{job.learner.name}/n/1.ipynb", "READ ME.txt"]
        assert archive.read(names[0]) == (home / "n/1.ipynb").read_bytes()
        assert b"1 links" in archive.read("READ ME.txt")


def test_collected_again_the_newer_takes_the_place_of_the_older(
    real_seat: Seat, member: User, home: Path
) -> None:
    (home / "a").write_text("first")
    [job] = services.collect(workshop=real_seat.workshop, by=member)
    first = until_over("work", job).stored
    (home / "a").write_text("second")
    services.collect(workshop=real_seat.workshop, by=member, seats=[real_seat])
    until_over("work", job)
    first.refresh_from_db()
    assert first.removed_at is not None and Work.objects.count() == 1
    with zipfile.ZipFile(io.BytesIO(b"".join(archives.of_one(job, "Work")))) as archive:
        assert archive.read("Work/a") == b"second"


def test_more_than_is_kept_is_cut_between_two_files_and_said(
    real_seat: Seat, member: User, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abcdef":
        (home / name).write_bytes(os.urandom(100_000))
    from instances.workshops.runs import doing_work, limits

    small = limits.limits_of(real_seat.workshop)
    monkeypatch.setattr(
        doing_work, "limits_of", lambda w: limits.Limits(0, 0, 0, 350_000, small.work_kept, small.runs_kept)
    )
    [job] = services.collect(workshop=real_seat.workshop, by=member)
    until_over("work", job)
    assert (job.state, job.cut, job.files) == (State.DONE, True, 3)
    with zipfile.ZipFile(io.BytesIO(b"".join(archives.of_one(job, "W")))) as archive:
        assert archive.testzip() is None
        assert b"more than the portal keeps" in archive.read("READ ME.txt")


def test_a_home_is_kept_and_put_back(real_seat: Seat, home: Path) -> None:
    (home / "mine").write_text("precious")
    since = timezone.now()
    assert homes.kept(real_seat, since) is False
    working.slice_of("home")
    assert homes.kept(real_seat, since) is True
    (home / "mine").unlink()
    homes.ready([real_seat])
    until_over("home", Home.objects.get())
    assert (home / "mine").read_text() == "precious"
    assert not (home / ".heliosphere-whole").exists()


def test_a_seat_that_is_off_is_not_reached_and_can_be_tried_again(
    real_seat: Seat, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    Instance.objects.update(status="SHELVED_OFFLOADED")
    job = run(real_seat, member, "true")
    for _ in range(3):
        working.slice_of("run")
        SeatRun.objects.exclude(next_at=None).update(next_at=timezone.now())
    job.refresh_from_db()
    assert (job.state, job.problem_id, job.attempts) == (State.UNREACHABLE, "remote:not-running", 3)
    Instance.objects.update(status="ACTIVE")
    assert services.again(run=job.run, by=member) == 1
    assert until_over("run", job).state == State.DONE
    assert job.problem_id == ""
