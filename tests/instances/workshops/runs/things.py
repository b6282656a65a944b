"""A command, a course file and some work at a seat, as they are when workers have done their part."""

import io
import tarfile
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from instances.workshops.models import Seat
from instances.workshops.rights import Right
from instances.workshops.runs import course_files, doing_run, services, vault
from instances.workshops.runs.jobs import State
from instances.workshops.runs.models import CommandRun, SeatRun, Work
from instances.workshops.runs.output import Output
from portal.accounts.models import User


def ran(
    seat: Seat, by: User, command: str = "uptime", output: bytes = b"up 3 days\n", exit: int = 0
) -> CommandRun:
    seat.workshop.viewer_right = Right.PLAN
    made = services.run(workshop=seat.workshop, by=by, seats=[seat], command=command)
    over(SeatRun.objects.get(run=made), output, exit)
    return made


def over(job: SeatRun, output: bytes, exit: int = 0) -> None:
    SeatRun.objects.filter(pk=job.pk).update(
        state=State.DONE if exit == 0 else State.FAILED,
        exit=exit,
        sealed_output=doing_run.sealed(Output(output)),
        next_at=None,
        started_at=job.asked_at,
        ended_at=timezone.now(),
    )


def collected(seat: Seat, name: str = "./notes.txt", content: bytes = b"what I learnt") -> Work:
    assert seat.learner is not None
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    stored = vault.keep([packed.getvalue()])
    now = timezone.now()
    return Work.objects.create(
        workshop=seat.workshop,
        learner=seat.learner,
        seat=seat,
        stored=stored,
        state=State.DONE,
        files=1,
        asked_at=now,
        ended_at=now,
        collected_at=now,
    )


def things_of(seat: Seat, by: User) -> dict[str, Any]:
    """By the names of the parameters of URLs."""
    run = ran(seat, by)
    collected(seat)
    file = course_files.add(workshop=seat.workshop, by=by, upload=SimpleUploadedFile("plan.txt", b"plan"))
    return {"run_id": run.pk, "seat_run_id": SeatRun.objects.get(run=run).pk, "push_id": file.pk}
