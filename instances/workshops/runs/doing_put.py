"""A worker's part of files for seats: streamed to each as the learner's own account, which puts them in place."""

from datetime import timedelta
from functools import cache

from django.utils import timezone

from instances.remote.link import Link
from instances.workshops.runs import jobs, reaching, telling, vault
from instances.workshops.runs.guest_side import command, counted, last_word, one_line
from instances.workshops.runs.jobs import State
from instances.workshops.runs.models import Push, SeatPut
from instances.workshops.runs.over_ssh import Errand, in_db, told
from portal.core.errors import PortalError

MOST = 12
RELATED = ("push__workshop", "push__stored", "push__by", *reaching.SEAT)
SECONDS = 180.0
LEASE = timedelta(seconds=240)
# A line for each of so many files, and the last word.
_MOST_ANSWER = 64 * 1024
_WORDS = {"full": "workshops:seat-disk-full", "refused": "workshops:not-in-home", "cut": "workshops:put-cut"}


class Contents:
    """What this slice gives out, read once: most of its seats get the same."""

    def __init__(self) -> None:
        self.of = cache(self._read)

    @staticmethod
    def _read(push: Push) -> bytes | PortalError:
        try:
            return b"".join(vault.content(push.stored))
        except PortalError as error:
            return error


def errand(job: SeatPut, contents: Contents) -> Errand:
    push, seat = job.push, job.seat
    content = contents.of(push)
    way = content if isinstance(content, PortalError) else reaching.as_learner(seat, push.workshop)

    async def do(link: Link) -> None:
        assert isinstance(content, bytes)
        moment = f"{timezone.now():%Y%m%d-%H%M%S}"
        asked = command("put", push.folder, f"{job.pk.hex}.{job.taken_by}", moment)
        ran = await told(link, asked, _pieces(content), most=_MOST_ANSWER)
        await in_db(_heard)(job, ran.out)

    person = push.by.username if push.by else "heliosphere"
    return Errand(way, person, do, lambda error: _failed(job, error), SECONDS)


def _pieces(content: bytes, size: int = 128 * 1024) -> "list[bytes]":
    return [content[at : at + size] for at in range(0, len(content), size)]


def _heard(job: SeatPut, answer: bytes) -> None:
    word = last_word(answer, "helio-put")
    if word != "done":
        kind = _WORDS.get(word, "workshops:seat-refused")
        folder = job.push.folder or "the home"
        raise PortalError(
            kind, outcome="retry" if word == "cut" else "refused", folder=folder, said=one_line(answer)
        )
    changes = {
        "said": counted(answer),
        "edition": job.push.edition,
        "instance": job.seat.instance_id,
        "started_at": job.started_at or timezone.now(),
    }
    # Replaced while it was on its way: this edition is there, and the newer one is due.
    newer = Push.objects.filter(pk=job.push_id).exclude(edition=job.push.edition).exists()
    stored = jobs.later(job, 0, **changes) if newer else jobs.finish(job, State.DONE, **changes)
    if stored:
        telling.runs_changed(job.push.workshop_id, job.push_id)


def _failed(job: SeatPut, error: PortalError) -> None:
    if jobs.failed(job, error):
        telling.runs_changed(job.push.workshop_id, job.push_id)
