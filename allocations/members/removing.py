"""Ending somebody's membership: what they have there is settled, their rights end at once, the source is asked.

What must be so at once (rights, sessions, credentials, whose things are) is one transaction with the row of the departure.
What takes calls of the cloud (stopping, shelving) is in its items, and a worker carries it out; dying, it goes on later.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from allocations import hooks_people, services
from allocations.access import require
from allocations.hooks_people import HAND, LEAVE, SHELVE, STOP, Choice, LeftBehind
from allocations.members import deciding, rules, telling
from allocations.members.models import Departure, DepartureItem
from allocations.members.people import Crew, crew, held_for, siblings
from allocations.models import Allocation, Membership
from allocations.roles import Need
from allocations.sources import requests
from allocations.sources.people import Person
from portal.accounts.models import User
from portal.core import events
from portal.core.audit import record
from portal.core.claims import claim
from portal.core.errors import PortalError

LEASE = timedelta(minutes=5)
_PORTION = 20
# What may become of a thing, as pages and the record say it.
WORDS = {HAND: "Hand over", STOP: "Stop", SHELVE: "Shelve", LEAVE: "Leave as it is"}


def left_by(allocation: Allocation, user: User | None) -> list[LeftBehind]:
    """What the person has in the project, in all its regions."""
    return hooks_people.all_left_behind([one.pk for one in siblings(allocation)], user) if user else []


@transaction.atomic
def remove(
    *,
    allocation: Allocation,
    by: User,
    key: str,
    choices: Mapping[tuple[str, str], Choice],
    comment: str = "",
) -> Departure:
    """PortalError `members:refused` says why not. `choices` by kind and id; what is not in it is left as it is.

    A second time it is the first departure. `allocation` comes from its door.
    """
    allocation, regions = held_for(by, allocation)
    people = crew(allocation)
    person = people.find(key)
    if person in people.out:
        return _earlier(allocation, person)
    _check(people, by, person)
    departure = _begin(allocation, by, person, people.role_of(person), choices)
    settle_at_once(departure)
    # Before the asker's own membership may end, as who asks has to be somebody who may.
    requests.ask(
        allocation=allocation, by=by, action="remove", usernames=[person.username], comment=comment[:500]
    )
    deciding.decide(allocation, person.username, person.user, by=by, out=True)
    _end(regions, by, person)
    _record(allocation, by, person, departure)
    telling.removed(
        allocation=allocation,
        by=by,
        user=person.user,
        name=departure.name,
        event=str(departure.pk),
    )
    for one in regions:
        events.publish([f"allocation.{one.pk}"], events.Changed("members:changed", {"slug": one.slug}))
    _go_on(departure)
    return departure


def _check(people: Crew, by: User, person: Person) -> None:
    own = person.user is not None and person.user.pk == by.pk
    reason = rules.why_not_remove(people.actor(by), people.role_of(person), own=own)
    if reason:
        raise PortalError("members:refused", person=person.name or person.username, reason=reason)


def _earlier(allocation: Allocation, person: Person) -> Departure:
    found = Departure.objects.filter(allocation__in=siblings(allocation), username=person.username).first()
    if found is None:
        raise PortalError("members:unknown")
    return found


def _begin(
    allocation: Allocation, by: User, person: Person, role: str, choices: Mapping[tuple[str, str], Choice]
) -> Departure:
    departure = Departure.objects.create(
        allocation=allocation,
        username=person.username,
        name=(person.name or person.username)[:255],
        user=person.user,
        role=role,
        by=by,
        by_name=str(by)[:255],
        at=timezone.now(),
    )
    own = person.user is not None and person.user.pk == by.pk
    items = [
        _item(departure, thing, choices.get((thing.kind, thing.id), Choice(LEAVE)), own=own)
        for thing in left_by(allocation, person.user)
        if thing.choices
    ]
    DepartureItem.objects.bulk_create(items)
    return departure


def _item(departure: Departure, thing: LeftBehind, choice: Choice, *, own: bool) -> DepartureItem:
    if choice.what not in thing.choices:
        raise PortalError("portal:bad-input", reason=f"{thing.name}: that cannot be done with it.")
    if choice.what == HAND and (choice.to is None or choice.to.pk == departure.user_id):
        raise PortalError("portal:bad-input", reason=f"{thing.name}: choose who gets it.")
    if own and choice.what not in (LEAVE, HAND):
        reason = f"{thing.name}: whoever leaves can hand it over or leave it; stop or shelve it before."
        raise PortalError("portal:bad-input", reason=reason)
    return DepartureItem(
        departure=departure,
        kind=thing.kind,
        thing_id=thing.id,
        name=thing.name[:255],
        choice=choice.what,
        to=choice.to,
        to_name=str(choice.to or "")[:255],
        done_at=departure.at if choice.what == LEAVE else None,
    )


def settle_at_once(departure: Departure) -> None:
    """Whose things are: decided in the same transaction as whose rights end."""
    _settle(departure, Q(choice=HAND))


def settle_later(departure_id: UUID | str, now: datetime) -> None:
    """What calls of the cloud are needed for, a portion at a time, by one worker at a time. Run again it goes on."""
    waiting = Departure.objects.filter(Q(lease_until=None) | Q(lease_until__lte=now), pk=departure_id)
    if not claim(waiting.filter(settled_at=None), lease_until=now + LEASE):
        return
    departure = Departure.objects.select_related("allocation", "user", "by").get(pk=departure_id)
    while True:
        with transaction.atomic():
            if not _settle(departure, ~Q(choice=HAND), most=_PORTION):
                break
    Departure.objects.filter(pk=departure.pk).update(settled_at=timezone.now(), lease_until=None)
    place = departure.allocation
    events.publish([f"allocation.{place.pk}"], events.Changed("members:changed", {"slug": place.slug}))


def unsettled(now: datetime) -> list[UUID]:
    """Departures that no worker is at."""
    found = Departure.objects.filter(Q(lease_until=None) | Q(lease_until__lte=now), settled_at=None)
    return list(found.values_list("pk", flat=True)[:200])


@transaction.atomic
def try_again(*, allocation: Allocation, by: User, departure: Departure) -> int:
    """What could not be done is tried once more, now in the name of whoever asks. How many."""
    require(allocation, Need.MANAGE)
    again = departure.items.exclude(problem="").update(problem="", done_at=None)
    if again:
        Departure.objects.filter(pk=departure.pk).update(by=by, by_name=str(by)[:255], settled_at=None)
        _go_on(departure)
    return again


@transaction.atomic
def settle_more(
    *, allocation: Allocation, by: User, departure: Departure, choices: Mapping[tuple[str, str], Choice]
) -> int:
    """What was left as it was is settled after all, in the name of whoever asks. How many things."""
    allocation, _ = held_for(by, allocation)
    chosen = [
        (thing, choices[thing.kind, thing.id])
        for thing in left_by(allocation, departure.user)
        if thing.choices and choices.get((thing.kind, thing.id), Choice(LEAVE)).what != LEAVE
    ]
    if not chosen:
        return 0
    departure.by, departure.by_name, departure.settled_at = by, str(by)[:255], None
    departure.save(update_fields=["by", "by_name", "settled_at"])
    gone = Q(pk__in=[])
    for thing, _choice in chosen:
        gone |= Q(kind=thing.kind, thing_id=thing.id)
    departure.items.filter(gone).delete()
    DepartureItem.objects.bulk_create(
        [_item(departure, thing, choice, own=False) for thing, choice in chosen]
    )
    settle_at_once(departure)
    _record_more(allocation, by, departure, chosen)
    _go_on(departure)
    return len(chosen)


def _settle(departure: Departure, which: Q, most: int = 1000) -> int:
    """Carry out choices that were not yet, in the caller's transaction. How many there were."""
    items = list(departure.items.filter(which, done_at=None, problem="").select_related("to")[:most])
    by_kind: dict[str, list[DepartureItem]] = defaultdict(list)
    for item in items:
        by_kind[item.kind].append(item)
    for kind, group in by_kind.items():
        _note(group, _carried_out(departure, kind, group))
    return len(items)


def _carried_out(departure: Departure, kind: str, items: Sequence[DepartureItem]) -> Mapping[str, str]:
    if departure.by is None or departure.user is None:
        return {item.thing_id: "The account of one of those concerned is gone." for item in items}
    choices = {item.thing_id: Choice(item.choice, item.to) for item in items}
    return hooks_people.settle(kind, by=departure.by, whose=departure.user, choices=choices)


def _note(items: Iterable[DepartureItem], problems: Mapping[str, str]) -> None:
    now = timezone.now()
    for item in items:
        item.problem = problems.get(item.thing_id, "")
        item.done_at = None if item.problem else now
        item.save(update_fields=["problem", "done_at"])


def _end(regions: Sequence[Allocation], by: User, person: Person) -> None:
    if person.user is None:
        return
    live = Membership.objects.filter(user=person.user, allocation__in=regions, ended_at=None)
    services.end(
        person.user, list(live.select_related("allocation").order_by("pk")), by=by, reason="removed here"
    )


def _record(allocation: Allocation, by: User, person: Person, departure: Departure) -> None:
    record(
        "member.remove",
        by=by,
        scope=f"allocation.{allocation.pk}",
        target_type="user" if person.user else "person",
        target_id=person.user.pk if person.user else "",
        target_name=departure.name,
        before=departure.role,
        things="; ".join(_said(item) for item in departure.items.all()),
    )


def _record_more(
    allocation: Allocation, by: User, departure: Departure, chosen: Sequence[tuple[LeftBehind, Choice]]
) -> None:
    said = [
        f"{thing.name}: {WORDS[choice.what].lower()} {choice.to or ''}".strip() for thing, choice in chosen
    ]
    record(
        "member.settle",
        by=by,
        scope=f"allocation.{allocation.pk}",
        target_type="user" if departure.user_id else "person",
        target_id=departure.user_id or "",
        target_name=departure.name,
        things="; ".join(said),
    )


def _said(item: DepartureItem) -> str:
    return f"{item.name}: {WORDS[item.choice].lower()}{f' to {item.to_name}' if item.to_name else ''}"


def _go_on(departure: Departure) -> None:
    from allocations.members import tasks  # tasks import what workers run

    transaction.on_commit(lambda: tasks.settle.delay(str(departure.pk)), robust=True)
