"""Coming in: what a person who opened a link, or stands on the roster, would get, and taking it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from instances.workshops.engine import seating
from instances.workshops.models import Learner, Workshop
from instances.workshops.roster import admission, line, links, matching, people, telling
from instances.workshops.roster.matching import Match
from instances.workshops.roster.models import Coming, JoinLink
from instances.workshops.roster.services import MOST_ON_ROSTER
from instances.workshops.trail import record
from portal.accounts.models import User
from portal.core.errors import PortalError

State, Via = Learner.State, Learner.Via
# They have come already.
HERE = (State.IN, State.WAITING, State.ASKING)


@dataclass(frozen=True, slots=True)
class Came:
    """How somebody came to the door, as their session remembers it. `proved`: whose mailed link they opened."""

    workshop_id: UUID
    link_id: UUID | None = None
    proved: UUID | None = None


@dataclass(frozen=True, slots=True)
class Prospect:
    """`learner`: who they are on the roster, None: nobody so far. `way`: what joining would do."""

    workshop: Workshop
    learner: Learner | None
    way: admission.Way
    link: JoinLink | None
    name: str

    @property
    def here(self) -> bool:
        return self.learner is not None and self.learner.state in HERE

    @property
    def full(self) -> bool:
        """Nobody keeps a seat for them, and none is free: joining is standing in line."""
        if self.learner is not None:
            return False
        return _used_up(self.link) or seating.taken_count(self.workshop) >= self.workshop.seats

    @property
    def place(self) -> int:
        return line.place_of(self.learner) if self.learner else 0


def prospect(*, user: User, came: Came) -> Prospect:
    """What would become of them. PortalError says why they cannot join."""
    workshop = Workshop.objects.select_related("allocation", "owner").filter(pk=came.workshop_id).first()
    if workshop is None:
        raise PortalError("roster:unknown-code")
    return _prospect(workshop, user, came)[0]


@transaction.atomic
def join(*, user: User, came: Came, accepted: bool, name: str = "") -> Learner:
    """In: a seat, or a place in line, or a question to the instructor. Said twice, it is done once."""
    workshop = Workshop.objects.filter(pk=came.workshop_id).first()
    if workshop is None:
        raise PortalError("roster:unknown-code")
    workshop = telling.hold(workshop)
    found, match = _prospect(workshop, user, came)
    if found.learner is not None and found.here:
        return found.learner
    if workshop.house_rules.strip() and not accepted:
        raise PortalError("roster:rules-unread")
    learner = found.learner or _new(workshop, user, name)
    _merge(match)
    _enter(learner, user, found, match)
    _tell(learner)
    return learner


def _prospect(workshop: Workshop, user: User, came: Came) -> tuple[Prospect, Match]:
    if people.guest_of(user) not in ("", str(workshop.pk)):
        raise PortalError("roster:other-workshop")
    links.check_open(workshop)
    link = _link(came)
    rows = {one.pk: one for one in Learner.objects.filter(workshop=workshop).exclude(via=Via.TEST)}
    match = matching.match(map(people.line_of, rows.values()), people.comer(user, came.proved))
    learner = rows[match.line.id] if match.line else None
    answer = admission.decide(
        admission.rules_of(workshop.admits),
        people.admitted(user),
        state=_state(learner),
        by_link=link is not None,
    )
    if answer.way == "no":
        raise PortalError(answer.problem, **dict[str, Any](answer.params))
    if link is not None and link.revoked_at is not None and not (learner and learner.state in HERE):
        raise PortalError("roster:revoked")
    if learner is None and len(rows) >= MOST_ON_ROSTER:
        raise PortalError("roster:full", most=MOST_ON_ROSTER, title=workshop.title)
    name = learner.name if learner else str(user)
    return Prospect(workshop, learner, answer.way, link, name), match


def _link(came: Came) -> JoinLink | None:
    if came.link_id is None:
        return None
    return JoinLink.objects.filter(pk=came.link_id, workshop=came.workshop_id).first()


def _state(learner: Learner | None) -> str:
    """Who left by themselves may come back: one of the roster as if invited, one of the link as if new."""
    if learner is None:
        return ""
    if learner.state == State.OUT and Coming.objects.filter(learner=learner, left=True).exists():
        return "" if learner.via == Via.LINK else State.INVITED
    return learner.state


def _new(workshop: Workshop, user: User, name: str) -> Learner:
    guest = bool(people.guest_of(user))
    called = " ".join(name.split()) if guest else ""
    return Learner(
        workshop=workshop,
        name=(called or str(user))[:150],
        email=user.email,
        access_id=user.access_id[:150],
        via=Via.GUEST if guest else Via.LINK,
        added_at=timezone.now(),
    )


def _merge(match: Match) -> None:
    """Further lines of the same person keep no seat from others."""
    if match.twins:
        twins = [twin.id for twin in match.twins]
        Learner.objects.filter(pk__in=twins, state=State.INVITED, user=None).delete()


def _enter(learner: Learner, user: User, found: Prospect, match: Match) -> None:
    now = timezone.now()
    invited = learner.state == State.INVITED and not learner._state.adding
    learner.user, learner.joined_at = user, now
    if found.way == "ask":
        learner.state, learner.waiting_since = State.ASKING, None
    elif not invited:
        # Who was invited takes the seat that is kept for them: `seating` knows them by their state.
        learner.state, learner.waiting_since = State.WAITING, now
    learner.save()
    by_link = found.link if learner.via == Via.LINK else None
    Coming.objects.update_or_create(
        learner=learner,
        defaults={"link": by_link, "account_name": str(user)[:255], "out_at": None, "left": False},
    )
    if found.way == "in" and not _used_up(by_link):
        seating.give_seat(learner)
    if match.twins:
        seating.promote(found.workshop)
    learner.refresh_from_db()
    record("roster.join", found.workshop, by=user, state=learner.state, via=learner.via)


def _used_up(link: JoinLink | None) -> bool:
    """Whether a link has given as many seats as it may. What becomes free later is given along the line."""
    if link is None or link.cap is None:
        return False
    return Coming.objects.filter(link=link, learner__state=State.IN).count() >= link.cap


def _tell(learner: Learner) -> None:
    telling.changed(learner.workshop, [learner])
    telling.shut_out(learner)  # Their own sockets look anew: they may listen to more now.
