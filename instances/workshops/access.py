"""The only door to workshops, their seats and learners: fetching one is checking the right to it.

Those who run it come in by a `Right`; a learner by their own seat, while the workshop is open. Nobody learns that there
is a workshop, a seat or a learner that is none of their business.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from allocations.access import Person, allocation_for, allocations_of
from allocations.models import Allocation
from allocations.roles import Need, allows, having
from instances.access import uuid_of
from instances.hooks_seats import Place
from instances.workshops.models import Helper, HelpRequest, Learner, Seat, Workshop
from instances.workshops.rights import WORDS, Right, right_of
from portal.accounts.models import User
from portal.core.errors import PortalError

State = Workshop.State
_UNKNOWN = "workshops:unknown"


def plannable(user: Person, slug: str) -> Allocation:
    """The allocation, for one who may make a workshop in it."""
    return allocation_for(user, slug, Need.LAUNCH)


def workshop_for(user: Person, id: UUID | str, right: Right) -> Workshop:
    """The workshop with its allocation and `viewer_right`; `workshops:unknown` for strangers and learners."""
    found = _workshop(user, id)
    held = found.viewer_right = right_in(user, found)
    if held is None:
        raise PortalError(_UNKNOWN)
    if held < right:
        raise PortalError("portal:forbidden", need=WORDS[right])
    return found


def right_in(user: Person, workshop: Workshop) -> Right | None:
    """Two queries. None: none."""
    if not isinstance(user, User):
        return None
    seen = allocations_of(user).filter(pk=workshop.allocation_id).first()
    role = (seen.viewer_role if seen else "") or ""
    helper = workshop.helpers.filter(user=user).values_list("role", flat=True).first()
    return right_of(
        owns=workshop.owner_id == user.pk and allows(role, Need.ACT),
        manages=allows(role, Need.MANAGE),
        helper=helper or "",
        operator=user.is_operator,
    )


def workshops_run_by(user: Person) -> QuerySet[Workshop]:
    """Those that the person runs or helps at, newest first. No operator sees all by this."""
    if not isinstance(user, User):
        return Workshop.objects.none()
    live = Q(allocation__memberships__user=user, allocation__memberships__ended_at=None)
    managed = live & Q(allocation__memberships__role__in=having(Need.MANAGE))
    own = live & Q(owner=user, allocation__memberships__role__in=having(Need.ACT))
    held = Workshop.objects.filter(managed | own | Q(helpers__user=user)).values("pk")
    return Workshop.objects.filter(pk__in=held).select_related("allocation", "owner")


def workshops_in(user: Person, allocation: Allocation) -> QuerySet[Workshop]:
    """Those of an allocation that came through its door, which the person may see."""
    if isinstance(user, User) and user.is_operator:
        return Workshop.objects.filter(allocation=allocation).select_related("allocation", "owner")
    return workshops_run_by(user).filter(allocation=allocation)


def seat_for(user: Person, id: UUID | str, right: Right) -> Seat:
    """A seat of a workshop that the person runs; `workshops:unknown` for everybody else, its learner too."""
    _signed_in(user)
    found = _SEATS.filter(pk=uuid_of(id)).first()
    if found is None:
        raise PortalError(_UNKNOWN)
    found.workshop = workshop_for(user, found.workshop_id, right)
    return found


def learner_for(user: Person, id: UUID | str, right: Right) -> Learner:
    """One of the roster, for those who run the workshop."""
    _signed_in(user)
    found = Learner.objects.filter(pk=uuid_of(id)).first()
    if found is None:
        raise PortalError(_UNKNOWN)
    found.workshop = workshop_for(user, found.workshop_id, right)
    return found


def call_for(user: Person, id: UUID | str, right: Right) -> HelpRequest:
    """A call for help, for those who run the workshop. How its learner sees it is `taking_part`."""
    _signed_in(user)
    found = HelpRequest.objects.select_related("learner", "claimed_by").filter(pk=uuid_of(id)).first()
    if found is None:
        raise PortalError(_UNKNOWN)
    found.workshop = workshop_for(user, found.workshop_id, right)
    return found


def taking_part(user: Person, workshop_id: UUID | str) -> Learner:
    """The person's own part in a workshop, with their seat where they have one, also before and after it is open.

    `workshops:unknown` for who takes no part, and for who was removed.
    """
    signed_in = _signed_in(user)
    parts = Learner.objects.select_related("workshop__allocation", "workshop__owner", "seat__instance")
    found = (
        parts.filter(workshop=uuid_of(workshop_id), user=signed_in).exclude(state=Learner.State.OUT).first()
    )
    if found is None or (found.workshop.state == State.DRAFT and found.via != Learner.Via.TEST):
        raise PortalError(_UNKNOWN)
    return found


def own_seat(user: Person, workshop_id: UUID | str, now: datetime | None = None) -> Seat:
    """The learner's own seat with its machine, while the workshop is open: what everything at the machine goes by.

    `workshops:no-seat` for who is in line, `workshops:not-open` before and after, `workshops:unknown` for all others.
    """
    part = taking_part(user, workshop_id)
    seat: Seat | None = getattr(part, "seat", None)
    if part.state != Learner.State.IN or seat is None:
        raise PortalError("workshops:no-seat", title=part.workshop.title)
    seat.workshop, seat.learner = part.workshop, part
    if not is_at(seat, now or timezone.now()):
        raise PortalError("workshops:not-open", title=part.workshop.title)
    return seat


def parts_of(user: Person) -> QuerySet[Learner]:
    """The workshops that the person takes part in."""
    if not isinstance(user, User):
        return Learner.objects.none()
    hidden = Q(workshop__state=State.DRAFT) & ~Q(via=Learner.Via.TEST)
    parts = Learner.objects.filter(user=user).exclude(state=Learner.State.OUT).exclude(hidden)
    return parts.select_related("workshop__allocation", "seat__instance")


def has_a_part(user: Person) -> bool:
    """Whether there is a workshop in which the person takes part, or at which they help."""
    return parts_of(user).exists() or workshops_run_by(user).exists()


def is_open(workshop: Workshop, now: datetime) -> bool:
    """Whether learners are at their seats now."""
    return (
        workshop.state == State.RUNNING
        and workshop.opens_at is not None
        and workshop.closes_at is not None
        and workshop.opens_at <= now < workshop.closes_at
    )


def is_at(seat: Seat, now: datetime) -> bool:
    """Whether its learner may be at it now; it comes with its workshop and learner. A test drive has times of its own."""
    part = seat.learner
    if part is None or part.state != Learner.State.IN:
        return False
    if part.via == Learner.Via.TEST:
        return seat.held_until is not None and now < seat.held_until
    return is_open(seat.workshop, now)


def places_of(user: User, ids: Iterable[UUID]) -> dict[UUID, Place]:
    """What the person is at those of the machines that are seats: `instances.hooks_seats`. Two queries for any number.

    A learner at their own, while the workshop is open; those who help at it, at each seat. Whoever is both (an assistant's
    test drive) is the learner of their own seat.
    """
    asked = list(ids)
    now = timezone.now()
    seats = Seat.objects.filter(instance__in=asked).select_related("workshop", "learner")
    found: dict[UUID, Place] = {}
    helped = _helped(user)
    for seat in seats:
        assert seat.instance_id is not None
        if seat.learner is not None and seat.learner.user_id == user.pk and is_at(seat, now):
            found[seat.instance_id] = Place("learner", seat.workshop.login)
        elif seat.workshop_id in helped:
            found[seat.instance_id] = Place("helper", "")
    return found


def _helped(user: User) -> set[UUID]:
    """Workshops whose seats the person may help at without being a member of their allocation."""
    live = (State.PLANNED, State.RUNNING, State.ENDED)
    return set(
        Helper.objects.filter(user=user, workshop__state__in=live).values_list("workshop_id", flat=True)
    )


_SEATS = Seat.objects.select_related("learner__user", "instance")


def _workshop(user: Person, id: UUID | str) -> Workshop:
    # Before anything else, so that nobody learns without signing in which workshops there are.
    _signed_in(user)
    found = Workshop.objects.select_related("allocation", "owner").filter(pk=uuid_of(id)).first()
    if found is None:
        raise PortalError(_UNKNOWN)
    return found


def _signed_in(user: Person) -> User:
    if not isinstance(user, User):
        raise PortalError("portal:sign-in")
    return user
