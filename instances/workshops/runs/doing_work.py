"""A worker's part of collecting: each learner's files, as their own account packs them. What is here stays until the
newer is whole."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from instances.remote.link import Link
from instances.workshops.runs import jobs, reaching, telling, vault
from instances.workshops.runs.jobs import State
from instances.workshops.runs.limits import limits_of
from instances.workshops.runs.models import Stored, Work, WorkPlan
from instances.workshops.runs.over_ssh import Errand, in_db
from instances.workshops.runs.packing_up import Packed, pack
from portal.core.errors import PortalError

MOST = 6
RELATED = ("workshop__allocation", "workshop__owner", "workshop__work_plan", "learner", *reaching.SEAT)
# A message is delivered again meanwhile, to a worker that finds the claim renewed, and nothing to do.
SECONDS = 600.0
LEASE = timedelta(seconds=90)
# Patient: what is lost here is somebody's work.
TRIES = 6


def errand(job: Work) -> Errand:
    workshop = job.workshop
    plan: WorkPlan | None = getattr(workshop, "work_plan", None)
    patterns = list(plan.patterns) if plan else []
    most = limits_of(workshop).work_bytes
    begun = timezone.now()

    async def do(link: Link) -> None:
        packed = await pack(link, "work", patterns, most=most, renew=lambda: jobs.renew(job, LEASE))
        await in_db(_stored)(job, packed, begun)

    way = reaching.as_learner(job.seat, workshop)
    return Errand(way, "heliosphere", do, lambda error: _failed(job, error), SECONDS)


def _stored(job: Work, packed: Packed, begun: object) -> None:
    with transaction.atomic():
        done = jobs.finish(
            job,
            State.DONE,
            stored=packed.stored,
            collected_at=begun,
            files=packed.files,
            cut=packed.cut,
            partly=packed.partly,
            erased_at=None,
            instance=job.seat.instance_id if job.seat else None,
            attempts=0,
        )
        # The older one goes; or, when somebody else has collected meanwhile, this one.
        vault.remove(_before(job) if done else packed.stored)
    telling.work_changed(job.workshop_id, job.learner_id)


def _before(job: Work) -> Stored | None:
    return Stored.objects.filter(pk=job.stored_id).first() if job.stored_id else None


def _failed(job: Work, error: PortalError) -> None:
    if jobs.failed(job, error, tries=TRIES):
        telling.work_changed(job.workshop_id, job.learner_id)
