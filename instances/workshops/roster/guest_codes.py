"""Codes for people who sign in nowhere: made, used, and ended with the workshop."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from instances.workshops.models import Learner, Workshop
from instances.workshops.roster import admission, codes, links, telling
from instances.workshops.roster.models import GuestCode
from instances.workshops.roster.people import GUEST, OVER, guest_of
from instances.workshops.trail import record
from portal.accounts import hooks as accounts
from portal.accounts.models import User
from portal.cloud.config import clouds
from portal.core import bulk, events
from portal.core.errors import PortalError

MOST = 300
# A guest has their work to fetch after the end, until it is removed.
_GONE = (Workshop.State.REMOVING, Workshop.State.REMOVED, Workshop.State.CANCELLED)


@dataclass(frozen=True, slots=True)
class Made:
    """A code as it is printed, once."""

    number: int
    code: str


def offered_anywhere() -> bool:
    return any(cloud.portal.workshops.guest_codes for cloud in clouds().clouds.values())


def offered(workshop: Workshop) -> bool:
    """Whether the operator lets workshops at this cloud take guests."""
    cloud = clouds().clouds.get(workshop.allocation.cloud)
    return bool(cloud and cloud.portal.workshops.guest_codes)


def open_in(workshop: Workshop) -> bool:
    return offered(workshop) and admission.rules_of(workshop.admits).guests


@transaction.atomic
def make(*, workshop: Workshop, by: User, count: int) -> list[Made]:
    """New codes beside those there are. This answer alone has them."""
    held = telling.hold(workshop)
    if held.state in OVER:
        raise PortalError("roster:over", title=held.title)
    if not open_in(held):
        raise PortalError("roster:no-guests")
    numbers = list(held.guest_codes.values_list("number", flat=True))
    if not 1 <= count <= MOST - len(numbers):
        raise PortalError("portal:bad-input", reason=f"At most {MOST} codes in a workshop, and at least one.")
    first, now = max(numbers, default=0) + 1, timezone.now()
    made = [Made(number, codes.new()) for number in range(first, first + count)]
    bulk.insert(
        [
            GuestCode(
                workshop=held,
                number=one.number,
                digest=codes.digest("guest", one.code),
                made_at=now,
                made_by=by,
            )
            for one in made
        ]
    )
    record("roster.guest-codes", held, by=by, count=count)
    telling.changed(held)
    return [Made(one.number, codes.shown(one.code)) for one in made]


@transaction.atomic
def withdraw_unused(*, workshop: Workshop, by: User) -> int:
    """Slips that nobody has used so far are good no more."""
    free = GuestCode.objects.filter(workshop=workshop, user=None, revoked_at=None)
    count = free.update(revoked_at=timezone.now())
    if count:
        record("roster.guest-codes-withdraw", workshop, by=by, count=count)
        telling.changed(workshop)
    return count


@transaction.atomic
def come(*, given: str, asker: str, address: str) -> tuple[User, Workshop]:
    """The guest whom the code makes, or the one it made before. The caller signs them in."""
    code = _found(given, asker, address)
    workshop = code.workshop
    links.check_open(workshop)
    if not open_in(workshop):
        raise PortalError("roster:no-guests")
    if code.user is None:
        code.user = _user(code)
        code.used_at = timezone.now()
        code.save(update_fields=["user", "used_at"])
        record("roster.guest", workshop, by=None, number=code.number)
    elif not code.user.is_active:
        raise PortalError("roster:removed")
    return code.user, workshop


def _found(given: str, asker: str, address: str) -> GuestCode:
    links.check_tries(asker, address)
    code = codes.tidy(given)
    rows = GuestCode.objects.select_for_update().filter(digest=codes.digest("guest", code)) if code else None
    found = rows.first() if rows is not None else None
    if found is None or found.revoked_at is not None:
        links.count_wrong(asker, address)
        raise PortalError("roster:unknown-code")
    # Joined in Python: an outer join cannot be locked.
    found.workshop = Workshop.objects.select_related("allocation").get(pk=found.workshop_id)
    return found


def _user(code: GuestCode) -> User:
    user = User(
        username=f"guest-{code.pk.hex}",
        issuer=f"{GUEST}{code.workshop_id}",
        subject=code.pk.hex,
        display_name=f"Guest {code.number}",
        identity_provider_name="a guest code",
        is_visitor=True,
    )
    user.set_unusable_password()
    user.save()
    return user


def name_of(user: User, given: str) -> None:
    """A guest says what they are called."""
    called = " ".join("".join(letter for letter in given if letter.isprintable()).split())[:150]
    if called and guest_of(user):
        user.display_name = called
        user.save(update_fields=["display_name"])


def end(learner: Learner) -> None:
    """Somebody who was removed and is here by a code is signed out, and the code is good no more."""
    if learner.user is not None and guest_of(learner.user):
        GuestCode.objects.filter(user=learner.user, revoked_at=None).update(revoked_at=timezone.now())
        _sign_out([learner.user])


def _sign_out(users: Iterable[User]) -> None:
    for user in users:
        User.objects.filter(pk=user.pk).update(is_active=False)
        accounts.signed_out(user)
        events.publish([f"user.{user.pk}"], events.SignedOut())


@transaction.atomic
def end_gone() -> int:
    """Guests of workshops that are being removed are signed out, for good. Two queries where there are none."""
    over = GuestCode.objects.filter(workshop__state__in=_GONE)
    over.filter(revoked_at=None).update(revoked_at=timezone.now())
    users = [one.user for one in over.filter(user__is_active=True).select_related("user") if one.user]
    _sign_out(users)
    return len(users)
