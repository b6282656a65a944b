"""The acts that carry something: words for screens, a command, a file. Each ends at a page or in a sentence."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from instances.workshops.learner import messages
from instances.workshops.models import Seat, Workshop
from instances.workshops.runs import services as runs
from portal.accounts.models import User
from portal.core.errors import PortalError

# How long a message stands, and in words.
MINUTES = ((5, "5 minutes"), (15, "15 minutes"), (60, "an hour"), (480, "8 hours"))


@dataclass(frozen=True, slots=True)
class Spoken:
    """Where it goes on, and what is said."""

    url: str
    words: str


Does = Callable[[HttpRequest, Workshop, list[Seat], User], Spoken]


def say(request: HttpRequest, workshop: Workshop, seats: list[Seat], by: User) -> Spoken:
    text, minutes = request.POST.get("text", ""), _number(request, "minutes", 15)
    # To everybody is also to who joins while it stands.
    everybody = request.POST.get("which") == "all"
    messages.say(workshop=workshop, by=by, seats=None if everybody else seats, text=text, minutes=minutes)
    shown = "everybody's screen" if everybody else f"{len(seats)} screen{'' if len(seats) == 1 else 's'}"
    return Spoken(reverse("board:board", args=[workshop.pk]), f"Your message is on {shown}")


def run(request: HttpRequest, workshop: Workshop, seats: list[Seat], by: User) -> Spoken:
    made = runs.run(
        workshop=workshop,
        by=by,
        seats=seats,
        command=request.POST.get("command", ""),
        as_root=request.POST.get("as_root") == "on",
        seconds=_number(request, "seconds", 120),
    )
    return Spoken(reverse("runs:command", args=[workshop.pk, made.pk]), "The command runs")


def push(request: HttpRequest, workshop: Workshop, seats: list[Seat], by: User) -> Spoken:
    upload = request.FILES.get("file")
    if upload is None:
        raise PortalError("portal:bad-input", reason="Choose the file that is to be pushed.")
    made = runs.push(
        workshop=workshop, by=by, seats=seats, upload=upload, folder=request.POST.get("folder", "")
    )
    return Spoken(reverse("runs:push", args=[workshop.pk, made.pk]), "The file is on its way")


DOES: dict[str, Does] = {"say": say, "run": run, "push": push}


def _number(request: HttpRequest, name: str, otherwise: int) -> int:
    given = request.POST.get(name, "").strip()
    return int(given[:6]) if given.isascii() and given.isdigit() else otherwise
