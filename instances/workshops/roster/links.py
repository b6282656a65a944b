"""The link of a class: made, shown, renewed, withdrawn; and found by the code in it."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from instances.workshops.engine import seating
from instances.workshops.models import Workshop
from instances.workshops.roster import codes, telling
from instances.workshops.roster.models import JoinLink
from instances.workshops.roster.people import OVER
from instances.workshops.trail import record
from portal.accounts.models import User
from portal.core import limits
from portal.core.errors import PortalError
from portal.core.seal import seal, unseal

LARGEST_CAP = 5000
# Wrong codes in ten minutes: of one person or browser, and of all that come from one address (a whole class does).
_EACH, _ADDRESS, _SECONDS = 10, 200, 600


@dataclass(frozen=True, slots=True)
class Shown:
    """A link as it is put on a slide. `short`: the address at which the code is typed."""

    link: JoinLink
    code: str
    address: str
    short: str


@transaction.atomic
def make(*, workshop: Workshop, by: User, cap: int | None = None) -> JoinLink:
    """A new one; the one before it, if any, is good no more."""
    held = telling.hold(workshop)
    if held.state in OVER:
        raise PortalError("roster:over", title=held.title)
    if cap is not None and not 1 <= cap <= LARGEST_CAP:
        raise PortalError("portal:bad-input", reason=f"A link gives 1 to {LARGEST_CAP} seats.")
    now = timezone.now()
    renewed = JoinLink.objects.filter(workshop=held, revoked_at=None).update(revoked_at=now)
    code = codes.new()
    made = JoinLink.objects.create(
        workshop=held,
        digest=codes.digest("link", code),
        sealed_code=seal(code),
        cap=cap,
        made_at=now,
        made_by=by,
    )
    record("roster.link-renew" if renewed else "roster.link-make", held, by=by, cap=cap or "as many as seats")
    telling.changed(held)
    return made


@transaction.atomic
def revoke(*, workshop: Workshop, by: User) -> bool:
    """From now on nobody comes in by it; who came stays."""
    ended = JoinLink.objects.filter(workshop=workshop, revoked_at=None).update(revoked_at=timezone.now())
    if ended:
        record("roster.link-revoke", workshop, by=by)
        telling.changed(workshop)
    return bool(ended)


@transaction.atomic
def set_cap(*, workshop: Workshop, by: User, cap: int | None) -> None:
    if cap is not None and not 1 <= cap <= LARGEST_CAP:
        raise PortalError("portal:bad-input", reason=f"A link gives 1 to {LARGEST_CAP} seats.")
    if JoinLink.objects.filter(workshop=workshop, revoked_at=None).update(cap=cap):
        record("roster.link-cap", workshop, by=by, cap=cap or "as many as seats")
        seating.promote(workshop)
        telling.changed(workshop)
        telling.line_moved(workshop)


def live(workshop: Workshop) -> JoinLink | None:
    if workshop.state in OVER:
        return None
    return JoinLink.objects.filter(workshop=workshop, revoked_at=None).select_related("made_by").first()


def shown(link: JoinLink) -> Shown:
    """For those who run the workshop: its code is a bearer's secret."""
    code = codes.shown(unseal(link.sealed_code))
    host = urlsplit(settings.SITE_URL).netloc
    address = settings.SITE_URL + reverse("roster:by-link", args=[code])
    return Shown(link, code, address, f"{host}{reverse('roster:join')}")


def find(given: str, *, asker: str, address: str) -> JoinLink:
    """The link with that code. Wrong ones are counted, and whoever tried too many is told nothing for a while."""
    check_tries(asker, address)
    code = codes.tidy(given)
    links = JoinLink.objects.select_related("workshop")
    found = links.filter(digest=codes.digest("link", code)).first() if code else None
    if found is None:
        count_wrong(asker, address)
        raise PortalError("roster:unknown-code")
    check(found)
    return found


def check(link: JoinLink) -> None:
    """Whether it is good now."""
    check_open(link.workshop)
    if link.revoked_at is not None:
        raise PortalError("roster:revoked")


def check_open(workshop: Workshop) -> None:
    """Whether people join it at this time."""
    if workshop.state in OVER:
        raise PortalError("roster:over", title=workshop.title)
    if workshop.state == Workshop.State.DRAFT:
        raise PortalError("roster:not-yet")


def check_tries(asker: str, address: str) -> None:
    for name, most in _counted(asker, address):
        if limits.spent(name, most=most, seconds=_SECONDS):
            raise PortalError("portal:too-many", outcome="retry", retry_after=_SECONDS / 2, seconds=_SECONDS)


def count_wrong(asker: str, address: str) -> None:
    for name, most in _counted(asker, address):
        limits.allow(name, most=most, seconds=_SECONDS)


def _counted(asker: str, address: str) -> list[tuple[str, int]]:
    return [(f"roster:wrong:{asker}", _EACH), (f"roster:wrong-from:{address}", _ADDRESS)]
