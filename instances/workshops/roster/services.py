"""Who takes part: added, let in, removed by those who run the workshop; and leaving it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from instances.workshops.engine import seating
from instances.workshops.models import Learner, Seat, Workshop
from instances.workshops.roster import admission, guest_codes, mails, sheets, telling
from instances.workshops.roster.admission import Rules
from instances.workshops.roster.known import known_people
from instances.workshops.roster.models import Coming
from instances.workshops.roster.people import OVER
from instances.workshops.roster.sheets import Entry, Sheet
from instances.workshops.trail import record
from portal.accounts.models import User
from portal.core import bulk
from portal.core.errors import PortalError

MOST_ON_ROSTER = 3000
State, Via = Learner.State, Learner.Via


@dataclass(frozen=True, slots=True)
class Added:
    """`again`: those who had been removed, and are let in again. `sheet.bad`: who was passed over, and why."""

    made: Sequence[Learner]
    again: Sequence[Learner]
    sheet: Sheet


@transaction.atomic
def add(*, workshop: Workshop, by: User, entries: Sequence[Entry], via: str = Via.ROSTER) -> Added:
    """Put people on the roster: a seat is kept for each, as long as there are seats. Nobody is written to by this."""
    held = _held(workshop)
    sheet, again = sheets.against(Sheet(tuple(entries), ()), keys_of(held))
    if held.learners.count() + len(sheet.entries) > MOST_ON_ROSTER:
        raise PortalError("roster:full", most=MOST_ON_ROSTER, title=held.title)
    if not sheet.entries and not again:
        raise PortalError("roster:nobody", reason=sheet.bad[0].why if sheet.bad else "the list is empty.")
    made = _made(held, sheet.entries, via)
    back = [_let_in(learner, by) for learner in _behind(held, again)]
    record("roster.add", held, by=by, people=len(made), again=len(back), via=via)
    telling.changed(held, back)
    return Added(made, back, sheet)


def _made(workshop: Workshop, entries: Sequence[Entry], via: str) -> list[Learner]:
    now = timezone.now()
    accounts = known_people(entries, without=workshop)
    rows = [
        Learner(
            workshop=workshop,
            name=one.name,
            email=one.email,
            access_id=one.access_id,
            state=State.INVITED,
            via=via,
            added_at=now,
            user=accounts.get(one.line),
        )
        for one in entries
    ]
    bulk.insert(rows)
    return rows


def keys_of(workshop: Workshop) -> dict[str, str]:
    """What `sheets.keys` gives of everybody on the roster → their state."""
    return {key: learner.state for learner in workshop.learners.all() for key in _keys(learner)}


def _keys(learner: Learner) -> list[str]:
    return sheets.keys(Entry(0, learner.name, learner.email.lower(), learner.access_id.lower()))


def _behind(workshop: Workshop, entries: Sequence[Entry]) -> list[Learner]:
    wanted = {key for one in entries for key in sheets.keys(one)}
    return [one for one in workshop.learners.filter(state=State.OUT) if wanted & set(_keys(one))]


@transaction.atomic
def let_in(*, learner: Learner, by: User) -> Learner:
    """Who was removed may come back: a seat is kept for them as for all who are invited."""
    held = _held(learner.workshop)
    fresh = _fresh(learner, (State.OUT,))
    _let_in(fresh, by)
    record("roster.let-in", held, by=by)
    telling.changed(held, [fresh])
    return fresh


def _let_in(learner: Learner, by: User) -> Learner:
    learner.state, learner.waiting_since = State.INVITED, None
    learner.save(update_fields=["state", "waiting_since"])
    Coming.objects.filter(learner=learner).update(out_at=None, out_by=None, left=False)
    return learner


@transaction.atomic
def approve(*, learner: Learner, by: User) -> Learner:
    """Yes to somebody who asked: a seat, or the end of the line."""
    held = _held(learner.workshop)
    fresh = _fresh(learner, (State.ASKING,))
    fresh.state, fresh.waiting_since = State.WAITING, timezone.now()
    fresh.save(update_fields=["state", "waiting_since"])
    seating.give_seat(fresh)
    fresh.refresh_from_db()
    record("roster.approve", held, by=by, state=fresh.state)
    telling.changed(held, [fresh])
    telling.shut_out(fresh)
    mails.answered(fresh, yes=True)
    return fresh


@transaction.atomic
def decline(*, learner: Learner, by: User) -> Learner:
    fresh = _fresh(learner, (State.ASKING,))
    _out(fresh, by)
    record("roster.decline", fresh.workshop, by=by)
    mails.answered(fresh, yes=False)
    return fresh


@transaction.atomic
def remove(*, learner: Learner, by: User) -> Learner:
    """Out at once: sessions at the seat end, the seat goes to the next in line, and no link brings them back."""
    telling.hold(learner.workshop)
    fresh = _fresh(learner, tuple(state for state in State if state != State.OUT))
    number = _seat_number(fresh)
    _out(fresh, by)
    record("roster.remove", fresh.workshop, by=by, **({"seat": number} if number else {}))
    return fresh


@transaction.atomic
def leave(*, learner: Learner) -> Learner:
    """By themselves; they may come back while there is room."""
    telling.hold(learner.workshop)
    fresh = _fresh(learner, (State.IN, State.WAITING, State.ASKING, State.INVITED))
    _out(fresh, None)
    record("roster.leave", fresh.workshop, by=fresh.user)
    return fresh


def _out(learner: Learner, by: User | None) -> None:
    now = timezone.now()
    learner.state, learner.waiting_since = State.OUT, None
    learner.save(update_fields=["state", "waiting_since"])
    Coming.objects.update_or_create(
        learner=learner, defaults={"out_at": now, "out_by": by, "left": by is None}
    )
    seat = Seat.objects.filter(learner=learner).first()
    if seat is not None:
        seating.free_seat(seat)
    else:
        # A seat may have been kept for them.
        seating.promote(learner.workshop)
    guest_codes.end(learner)
    telling.shut_out(learner)
    telling.changed(learner.workshop, [learner])
    telling.line_moved(learner.workshop)


@transaction.atomic
def give_seat(*, learner: Learner, by: User) -> Learner:
    """One of the waiting list, out of turn; or who asked, which is a yes to them."""
    if learner.state == State.ASKING:
        return approve(learner=learner, by=by)
    held = _held(learner.workshop)
    fresh = _fresh(learner, (State.WAITING,))
    if seating.give_seat(fresh) is None:
        raise PortalError("roster:no-free-seat", title=held.title)
    fresh.refresh_from_db()
    record("roster.give-seat", held, by=by, seat=_seat_number(fresh))
    telling.changed(held, [fresh])
    telling.line_moved(held)
    telling.shut_out(fresh)
    return fresh


@transaction.atomic
def to_waiting(*, learner: Learner, by: User) -> Learner:
    """From their seat to the end of the line; the seat goes to whoever is next."""
    held = _held(learner.workshop)
    fresh = _fresh(learner, (State.IN,))
    seat = Seat.objects.filter(learner=fresh).first()
    if seat is not None:
        seating.free_seat(seat)
    fresh.state, fresh.waiting_since = State.WAITING, timezone.now()
    fresh.save(update_fields=["state", "waiting_since"])
    record("roster.to-waiting", held, by=by, **({"seat": seat.number} if seat else {}))
    telling.shut_out(fresh)
    telling.changed(held, [fresh])
    telling.line_moved(held)
    return fresh


@transaction.atomic
def invite(*, learner: Learner, by: User) -> Learner:
    """Write to one who was put on the roster, or once more. Who was removed is let in again by it."""
    held = _held(learner.workshop)
    fresh = _fresh(learner, (State.INVITED, State.OUT))
    if fresh.state == State.OUT:
        _let_in(fresh, by)
    if not mails.invitation(fresh, by):
        raise PortalError("roster:no-mail", name=fresh.name)
    record("roster.invite", held, by=by)
    telling.changed(held)
    return fresh


@transaction.atomic
def admit(*, workshop: Workshop, by: User, rules: Rules) -> None:
    """Who may join from now on. Who is in stays."""
    held = telling.hold(workshop)
    reason = admission.wrong(rules)
    if reason:
        raise PortalError("portal:bad-input", reason=reason)
    Workshop.objects.filter(pk=held.pk).update(admits=rules.stored())
    workshop.admits = rules.stored()
    record("roster.admit", held, by=by, **rules.stored())
    telling.changed(held)


def _held(workshop: Workshop) -> Workshop:
    held = telling.hold(workshop)
    if held.state in OVER:
        raise PortalError("roster:over", title=held.title)
    return held


def _fresh(learner: Learner, wanted: Sequence[str]) -> Learner:
    """As it is now, under the lock; whoever was quicker is told of."""
    found = Learner.objects.select_related("workshop__allocation", "user").get(pk=learner.pk)
    if found.state not in wanted:
        raise PortalError("roster:wrong-state", name=found.name, state=found.get_state_display().lower())
    return found


def _seat_number(learner: Learner) -> int:
    return Seat.objects.filter(learner=learner).values_list("number", flat=True).first() or 0
