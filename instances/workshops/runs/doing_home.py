"""A worker's part of homes that outlive their machine: saved before it is set up anew, put back afterwards."""

from datetime import timedelta

from django.utils import timezone

from instances.remote.link import Link
from instances.workshops.runs import course_files, jobs, reaching, vault
from instances.workshops.runs.guest_side import command, last_word, one_line
from instances.workshops.runs.jobs import State
from instances.workshops.runs.limits import limits_of
from instances.workshops.runs.models import Home
from instances.workshops.runs.over_ssh import Errand, in_db, told
from instances.workshops.runs.packing_up import Packed, pack
from portal.core.errors import PortalError

MOST = 6
RELATED = ("stored", "seat__workshop__allocation", "seat__instance__allocation")
SECONDS = 600.0
LEASE = timedelta(seconds=90)
Step = Home.Step


def errand(job: Home) -> Errand:
    workshop = job.seat.workshop
    most = limits_of(workshop).work_bytes

    async def save(link: Link) -> None:
        packed = await pack(link, "home", [], most=most, renew=lambda: jobs.renew(job, LEASE))
        await in_db(_saved)(job, packed, most)

    async def put_back(link: Link) -> None:
        content = await in_db(vault.content)(job.stored)
        ran = await told(link, command("unpack"), content)
        await in_db(_put_back)(job, ran.out)

    way = reaching.as_learner(job.seat, workshop)
    do = save if job.step == Step.SAVE else put_back
    return Errand(way, "heliosphere", do, lambda error: _failed(job, error), SECONDS)


def _saved(job: Home, packed: Packed, most: int) -> None:
    """Half a home is none: who resets would lose the other half."""
    if packed.cut or packed.partly:
        vault.remove(packed.stored)
        size = f"They are larger than the {most / 2**20:.0f} MB that are kept."
        words = size if packed.cut else "Some of them cannot be read by the learner's own account."
        raise PortalError("workshops:home-not-kept", why=words)
    kept = {"step": Step.KEPT, "stored": packed.stored, "state": State.ASKED, "attempts": 0}
    if not jobs.store(job, next_at=None, problem_id="", problem_params={}, **kept):
        vault.remove(packed.stored)


def _put_back(job: Home, answer: bytes) -> None:
    word = last_word(answer, "helio-home")
    if word == "full":
        raise PortalError("workshops:seat-disk-full")
    if word != "done":
        raise PortalError("workshops:seat-refused", outcome="retry", said=one_line(answer))
    if jobs.finish(job, State.DONE, started_at=timezone.now()):
        vault.remove(job.stored)
        course_files.give([job.seat], anew=True)


def _failed(job: Home, error: PortalError) -> None:
    """What was saved is kept: it can be put back by hand, and course files do not wait for it."""
    jobs.failed(job, error)
    job.refresh_from_db(fields=["state"])
    if job.step == Step.BACK and job.over:
        course_files.give([job.seat], anew=True)
