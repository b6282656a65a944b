"""What those who run a workshop are told; each of it once, whoever looks how often."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.urls import reverse

from instances.policies.words import clock
from instances.workshops.clock.cap_rules import Verdict
from instances.workshops.clock.people import runners
from instances.workshops.clock.window import zone_of
from instances.workshops.models import Meeting, Workshop
from portal.accounts.models import User
from portal.notices import services as notices
from portal.notices.services import LevelName

KIND = "workshop.run"
# So long somebody may wait for what is collected before those who run it are told that the removal waits.
PATIENCE = timedelta(hours=6)


def ended(workshop: Workshop, *, begun: bool) -> None:
    """The last tail is over, or all of it was missed."""
    if not begun:
        _tell(
            workshop,
            "missed",
            f"{workshop.title} did not take place",
            "Its last meeting is over, and no seat was built for it: the portal was away at that time, or held it back. "
            "Nothing was spent on seats. Clone the workshop to hold it on other days.",
            level="danger",
        )
        return
    kept = f" until {when(workshop, workshop.remove_after)}" if workshop.remove_after else ""
    _tell(
        workshop,
        f"ended:{_stamp(workshop.closes_at)}",
        f"{workshop.title} has ended",
        f"Its seats are put away and kept{kept}; learners can fetch their work until then. After that everything that was "
        "made for it is deleted. The report says who was there and what it cost.",
        url=reverse("after:report", args=[workshop.pk]),
        level="success",
    )


def waits(workshop: Workshop, waited: Sequence[str], since: datetime, now: datetime) -> None:
    """Its time is over, and something has to be done before the seats are deleted. Told once it takes long."""
    if now - since < PATIENCE:
        return
    _tell(
        workshop,
        f"waits:{_stamp(since)}",
        f"The seats of {workshop.title} wait to be deleted",
        f"{' '.join(waited)} Until that is done they are kept, and cost what machines that are put away cost.",
        url=reverse("after:left", args=[workshop.pk]),
        level="warning",
    )


def removed(workshop: Workshop) -> None:
    """Nothing is left at the cloud, and that was counted."""
    _tell(
        workshop,
        "removed",
        f"Everything of {workshop.title} is removed",
        "The cloud was asked what is left of it: nothing. What was counted, when, and what had been made is on its page.",
        url=reverse("after:left", args=[workshop.pk]),
        level="success",
    )


def cap_near(workshop: Workshop, found: Verdict) -> None:
    if found.reached_at is not None:
        pace = f" As its machines run now, the cap is reached at {when(workshop, found.reached_at)}."
    else:
        pace = ""
    _tell(
        workshop,
        _cap_event(found),
        f"{workshop.title} has spent {found.percent} % of its cap",
        f"{_su(found.spent)} of {_su(found.cap)} SU are spent.{pace} A meeting that runs is never cut by the cap; the "
        "meeting after it is not built until somebody says that it may go on.",
        level="warning",
    )


def cap_reached(workshop: Workshop, found: Verdict) -> None:
    now = (
        "The meeting goes on as planned. End it, or say that the workshop may go on beyond its cap"
        if found.until is not None
        else "The next meeting is not built until somebody says that the workshop may go on beyond its cap"
    )
    _tell(
        workshop,
        _cap_event(found),
        f"{workshop.title} has reached its cap",
        f"{_su(found.spent)} of {_su(found.cap)} SU are spent. {now}: it is one click on its page.",
        level="danger",
    )


def cap_key(workshop: Workshop, found: Verdict) -> str:
    """Under which those who were told of this count as told: once per cap, so that a raised one is told of again."""
    return _key(workshop, _cap_event(found))


def soon(workshop: Workshop, meeting: Meeting, lines: Sequence[str], *, trouble: bool) -> None:
    """A day before a meeting: how many come, what it costs, what is in the way."""
    _tell(
        workshop,
        _soon(meeting),
        f"{workshop.title} meets at {when(workshop, meeting.starts_at)}",
        "\n".join(lines),
        level="warning" if trouble else "info",
    )


def soon_key(workshop: Workshop, meeting: Meeting) -> str:
    return _key(workshop, _soon(meeting))


def not_ready_key(workshop: Workshop, meeting: Meeting) -> str:
    return _key(workshop, _not_ready(meeting))


def not_ready(workshop: Workshop, meeting: Meeting, ready: int, reasons: Sequence[str]) -> None:
    """The meeting is about to begin with fewer seats than were asked for."""
    why = " ".join(reasons) if reasons else "They are still being built."
    _tell(
        workshop,
        _not_ready(meeting),
        f"{ready} of {workshop.seats} seats of {workshop.title} are ready",
        f"The meeting begins at {when(workshop, meeting.starts_at)}. {why} The portal goes on trying, and seats that come "
        "up later are given to those who wait.",
        level="danger",
    )


def left_without_owner(workshop: Workshop, who: User, people: Iterable[User]) -> None:
    """Its owner is no member any more: it belongs to those who manage."""
    _tell(
        workshop,
        f"owner-left:{who.pk}",
        f"{workshop.title} has lost its instructor",
        f"{who} is no member of the allocation any more. The workshop belongs to those who manage the allocation now, its "
        "machines and times stay as they are. Hand it to somebody who runs it, or cancel it.",
        level="warning",
        to=people,
    )


def handed(workshop: Workshop, by: User, to: User) -> None:
    _tell(
        workshop,
        f"handed:{to.pk}:{workshop.version}",
        f"{workshop.title} is yours now",
        f"{by} handed this workshop to you: its seats are built in your name, and you plan, run and end it.",
        to=[to],
    )


def when(workshop: Workshop, at: datetime | None) -> str:
    """With day and zone: people read it far away, and later."""
    return clock(at, zone_of(workshop.time_zone)) if at is not None else "—"


def _tell(
    workshop: Workshop,
    event: str,
    title: str,
    text: str,
    *,
    url: str = "",
    level: LevelName = "info",
    to: Iterable[User] | None = None,
) -> None:
    notices.tell(
        KIND,
        to=runners(workshop) if to is None else to,
        key=_key(workshop, event),
        title=title,
        text=text,
        url=url or reverse("workshops:detail", args=[workshop.pk]),
        level=level,
        scope=f"allocation.{workshop.allocation_id}",
    )


def _key(workshop: Workshop, event: str) -> str:
    return f"workshop:{workshop.pk}:{event}"


def _soon(meeting: Meeting) -> str:
    return f"soon:{_stamp(meeting.starts_at)}"


def _not_ready(meeting: Meeting) -> str:
    return f"not-ready:{_stamp(meeting.starts_at)}"


def _cap_event(found: Verdict) -> str:
    return f"cap-{found.state}:{found.cap or 0:.2f}"


def _stamp(at: datetime | None) -> str:
    return f"{at:%Y%m%dT%H%M%S}" if at is not None else ""


def _su(su: Decimal | None) -> str:
    return f"{su or 0:,.0f}"
