"""Commands, files and work for programs, over the same services as the pages."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Field, Router, Schema, Status

from instances.workshops.access import workshop_for
from instances.workshops.models import Seat
from instances.workshops.rights import Right
from instances.workshops.runs import collecting, doing_run, services, shown, views_own, views_work
from instances.workshops.runs.access_parts import run_of
from instances.workshops.runs.models import CommandRun, SeatRun
from instances.workshops.runs.shown_files import files_of
from portal.accounts.views_profile import person

router = Router(tags=["workshops"])


class SeatRunOut(Schema):
    """`state`: asked, running, done, failed, unreachable or stopped. `output`: text, control characters made visible."""

    seat: int
    learner: str
    state: str
    exit: int | None
    output: list[str]
    cut: bool
    problem: str


class RunOut(Schema):
    id: UUID
    word: str
    as_root: bool
    seconds: int
    asked_at: datetime
    stopped_at: datetime | None
    counts: dict[str, int]


class RunDetailOut(RunOut):
    command: str
    seats: list[SeatRunOut]


class RunIn(Schema):
    """`seats`: their numbers; none: all that are ready."""

    command: str
    seats: list[int] = Field(default_factory=list, max_length=1000)
    as_root: bool = False
    seconds: int = services.USUAL_SECONDS


class FileOut(Schema):
    id: UUID
    name: str
    folder: str
    unpack: bool
    size_bytes: int
    have: int
    missing: int


class WorkOut(Schema):
    learner: UUID
    name: str
    state: str
    collected_at: datetime | None
    size_bytes: int
    files: int
    cut: bool
    problem: str


@router.get("/workshops/{uuid:workshop_id}/runs", response=list[RunOut], url_name="list_workshop_runs")
def list_workshop_runs(request: HttpRequest, workshop_id: UUID) -> Any:
    workshop = workshop_for(request.user, workshop_id, Right.HELP)
    rows = CommandRun.objects.filter(workshop=workshop).annotate(**shown.counted())
    rows = rows.order_by("-asked_at", "-id")
    return [_run(run, shown.counts_of(run)) for run in rows[: shown.MOST_LISTED]]


@router.post("/workshops/{uuid:workshop_id}/runs", response={201: RunOut}, url_name="run_in_seats")
def run_in_seats(request: HttpRequest, workshop_id: UUID, wanted: RunIn) -> Any:
    workshop = workshop_for(request.user, workshop_id, Right.HELP)
    seats = Seat.objects.filter(workshop=workshop, stage=Seat.Stage.READY, spare=False)
    if wanted.seats:
        seats = seats.filter(number__in=wanted.seats)
    made = services.run(
        workshop=workshop,
        by=person(request),
        seats=seats,
        command=wanted.command,
        as_root=wanted.as_root,
        seconds=wanted.seconds,
    )
    return Status(201, _run(made, shown.tally(SeatRun.objects.filter(run=made))))


@router.get(
    "/workshops/{uuid:workshop_id}/runs/{uuid:run_id}", response=RunDetailOut, url_name="get_workshop_run"
)
def get_workshop_run(request: HttpRequest, workshop_id: UUID, run_id: UUID) -> Any:
    run = run_of(workshop_for(request.user, workshop_id, Right.HELP), run_id)
    jobs = list(SeatRun.objects.filter(run=run).select_related("learner"))
    seats = [_seat(job) for job in jobs]
    return _run(run, shown.tally(jobs)) | {"command": shown.command_of(run), "seats": seats}


@router.post(
    "/workshops/{uuid:workshop_id}/runs/{uuid:run_id}/stop", response=RunOut, url_name="stop_workshop_run"
)
def stop_workshop_run(request: HttpRequest, workshop_id: UUID, run_id: UUID) -> Any:
    run = run_of(workshop_for(request.user, workshop_id, Right.HELP), run_id)
    services.stop(run=run, by=person(request))
    run.refresh_from_db(fields=["stopped_at"])
    return _run(run, shown.tally(SeatRun.objects.filter(run=run)))


@router.get("/workshops/{uuid:workshop_id}/files", response=list[FileOut], url_name="list_workshop_files")
def list_workshop_files(request: HttpRequest, workshop_id: UUID) -> Any:
    workshop = workshop_for(request.user, workshop_id, Right.HELP)
    return [
        {
            "id": row.push.pk,
            "name": row.push.name,
            "folder": row.push.folder,
            "unpack": row.push.unpack,
            "size_bytes": row.push.size_bytes,
            "have": row.have,
            "missing": row.missing,
        }
        for row in files_of(workshop)
    ]


@router.get("/workshops/{uuid:workshop_id}/work", response=list[WorkOut], url_name="list_workshop_work")
def list_workshop_work(request: HttpRequest, workshop_id: UUID) -> Any:
    return [_work(row) for row in shown.work_rows(workshop_for(request.user, workshop_id, Right.RUN))]


@router.post(
    "/workshops/{uuid:workshop_id}/work", response={202: list[WorkOut]}, url_name="collect_workshop_work"
)
def collect_workshop_work(request: HttpRequest, workshop_id: UUID) -> Any:
    """Have everybody's work collected now."""
    workshop = workshop_for(request.user, workshop_id, Right.RUN)
    collecting.collect(workshop=workshop, by=person(request))
    return Status(202, [_work(row) for row in shown.work_rows(workshop)])


@router.get("/workshops/{uuid:workshop_id}/work/all.zip", url_name="get_workshop_archive")
def get_workshop_archive(request: HttpRequest, workshop_id: UUID) -> HttpResponseBase:
    """Everybody's work as a ZIP, with a folder for each."""
    return views_work.archive(request, workshop_id)


@router.get("/workshops/{uuid:workshop_id}/my-work.zip", url_name="get_own_work")
def get_own_work(request: HttpRequest, workshop_id: UUID) -> HttpResponseBase:
    """One's own work, after the end."""
    return views_own.download(request, workshop_id)


def _run(run: CommandRun, counts: shown.Counts) -> dict[str, Any]:
    names = ("all", "done", "failed", "missed", "stopped", "going")
    return {
        "id": run.pk,
        "word": run.word,
        "as_root": run.as_root,
        "seconds": run.seconds,
        "asked_at": run.asked_at,
        "stopped_at": run.stopped_at,
        "counts": {name: getattr(counts, name) for name in names},
    }


def _seat(job: SeatRun) -> dict[str, Any]:
    problem = shown.problem_of(job)
    return {
        "seat": job.number,
        "learner": job.learner.name if job.learner else "",
        "state": job.state,
        "exit": job.exit,
        "output": doing_run.output_of(job).parts(),
        "cut": job.cut,
        "problem": problem.title if problem else "",
    }


def _work(row: shown.WorkRow) -> dict[str, Any]:
    work = row.row
    return {
        "learner": row.learner.pk,
        "name": row.learner.name,
        "state": work.state if work else "",
        "collected_at": work.collected_at if work else None,
        "size_bytes": work.stored.size_bytes if work and work.stored and row.here else 0,
        "files": work.files if work else 0,
        "cut": bool(work and work.cut),
        "problem": row.problem.title if row.problem else "",
    }
