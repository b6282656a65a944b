"""How much and how long, as portal.yaml's `workshops` has it for the cloud of a workshop."""

from dataclasses import dataclass
from datetime import timedelta

from instances.workshops.models import Workshop
from portal.cloud.config import clouds

_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    run_seconds: int
    push_bytes: int
    course_bytes: int
    work_bytes: int
    work_kept: timedelta
    runs_kept: timedelta


def limits_of(workshop: Workshop) -> Limits:
    found = clouds().cloud(workshop.allocation.cloud).portal.workshops
    return Limits(
        run_seconds=int(found.run_minutes * 60),
        push_bytes=int(found.push_mb * _MB),
        course_bytes=int(found.course_files_mb * _MB),
        work_bytes=int(found.work_mb * _MB),
        work_kept=timedelta(days=found.work_days),
        runs_kept=timedelta(days=found.runs_days),
    )
