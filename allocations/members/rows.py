"""Each person of an allocation as one viewer sees them, in a fixed number of queries for any number of people."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import urlencode

from django.db.models import Max
from django.urls import reverse
from django.utils import timezone

from allocations import hooks_people, ledger, usage
from allocations.access import sees_all_spending
from allocations.members import rules
from allocations.members.models import Decision
from allocations.members.people import Crew, key_of
from allocations.models import Allocation, Grant
from allocations.roles import Need, allows
from allocations.sources.capabilities import access_of
from allocations.sources.names import key as name_key
from allocations.sources.people import Person
from portal.accounts.models import User
from portal.cloud.config import clouds
from portal.core.models import AuditEvent

STATES = {
    "active": "Active",
    "pending": "Pending",
    "inactive": "No longer active",
    "refused": "Refused",
    "removed": "Removed here",
}
_TONES = {"active": "ok", "pending": "busy", "inactive": "off", "refused": "bad", "removed": "off"}
ZERO = Decimal(0)
_LOOKED_BACK = timedelta(days=120)


@dataclass(frozen=True, slots=True)
class Spent:
    """SU of one person. None of it where it is not the viewer's to know."""

    week: Decimal
    month: Decimal
    period: Decimal


@dataclass(frozen=True, slots=True)
class Row:
    """One person as this viewer sees them."""

    key: str
    person: Person
    role: str
    role_label: str
    state: str
    state_words: str
    tone: str
    resources: tuple[str, ...]
    source: str
    machines: int
    machines_url: str
    last_active: datetime | None
    spent: Spent | None
    own: bool
    # The role is a source's word, which takes effect here when the cloud lets them in.
    advice: bool
    may_change: bool
    may_remove: bool
    may_add: bool
    decision: Decision | None

    @property
    def name(self) -> str:
        return self.person.name or self.person.username

    @property
    def state_more(self) -> str:
        """What there is to say beside the state itself."""
        if self.state == "inactive":
            return ""
        return self.state_words.removeprefix(self.state).removeprefix(" here").lstrip("; ")


@dataclass(frozen=True, slots=True)
class _Known:
    """What rows are made of, read once for all of them."""

    people: Crew
    viewer: User
    actor: rules.Actor
    manages: bool
    sees_all: bool
    titles: Mapping[str, str]
    label: Callable[[str], str]
    spent: Mapping[str, Spent]
    held: Mapping[int, hooks_people.Holding]
    seen: Mapping[str, datetime]


def rows_of(people: Crew, viewer: User, now: datetime | None = None) -> tuple[list[Row], datetime | None]:
    """Everybody, and since when the period runs. A fixed number of queries."""
    now = now or timezone.now()
    allocation = people.allocation
    starts = _period_start(allocation, now)
    known = _Known(
        people=people,
        viewer=viewer,
        actor=people.actor(viewer),
        manages=allows(allocation.viewer_role, Need.MANAGE),
        sees_all=sees_all_spending(viewer, allocation),
        titles=_sources(allocation),
        label=_labels(allocation),
        spent=_spent(allocation, now, starts),
        held=hooks_people.holdings([allocation.pk]),
        seen=_seen(allocation),
    )
    inside = [_row(known, person, out=False) for person in people.inside]
    return inside + [_row(known, person, out=True) for person in people.out], starts


def _row(known: _Known, person: Person, *, out: bool) -> Row:
    user, people = person.user, known.people
    own = user is not None and user.pk == known.viewer.pk
    role = people.role_of(person)
    holding = known.held.get(user.pk, hooks_people.Holding()) if user else hooks_people.Holding()
    decision = people.decisions.get(name_key(person.username))
    state = "removed" if out else person.state
    there = state in ("active", "pending")
    given_here = role != person.role or person.source == "portal"
    # Whom the cloud lets look only is promised nothing here.
    changeable = person.role != "reader" and any(_may_give(known.actor, role, own=own))
    return Row(
        key=key_of(person.username),
        person=person,
        role=role,
        role_label=rules.title(role),
        state=state,
        state_words=_state_words(person, decision, out),
        tone=_TONES[state],
        resources=tuple(dict.fromkeys(known.label(name) for name in person.resources)),
        source=known.titles.get("portal" if given_here else person.source, person.source),
        machines=holding.machines,
        machines_url=_machines_url(people.allocation, user, holding.machines),
        last_active=_latest(user, holding, known.seen),
        spent=_of_person(person, known.spent) if own or known.sees_all else None,
        own=own,
        advice=person.advisory and not given_here,
        may_change=known.manages and there and changeable,
        may_remove=known.manages and there and not rules.why_not_remove(known.actor, role, own=own),
        may_add=known.manages and not there,
        decision=decision,
    )


def _may_give(actor: rules.Actor, held: str, *, own: bool) -> list[bool]:
    return [not rules.why_not_change(actor, held, wanted, own=own) for wanted in rules.GIVABLE]


def _state_words(person: Person, decision: Decision | None, out: bool) -> str:
    if not out or decision is None:
        return person.state_words
    at = timezone.localtime(decision.at)
    still = "the source still lists them" if person.said else "they are not listed any more"
    return f"removed here by {decision.by_name} on {at:%-d %b %Y}; {still}"


def _sources(allocation: Allocation) -> dict[str, str]:
    access = access_of(allocation)
    return {
        "access": f"as {access.title if access else 'ACCESS'} says",
        "keystone": "as the cloud says",
        "claim": "as their sign-in says",
        "portal": "given here",
    }


def _labels(allocation: Allocation) -> Callable[[str], str]:
    """What a resource of the source is called here: its kind, where the cloud's accounting knows the name."""
    cloud = clouds().clouds.get(allocation.cloud)
    known = cloud.portal.accounting.resources if cloud and cloud.portal.accounting else ()
    kinds = dict(Grant.Resource.choices)

    def label(name: str) -> str:
        kind = next((one.resource for one in known if one.match.match(name)), name)
        return str(kinds.get(kind, name))

    return label


def _machines_url(allocation: Allocation, user: User | None, machines: int) -> str:
    if user is None or not machines:
        return ""
    return f"{reverse('instances:list', args=[allocation.slug])}?{urlencode({'owner': user.pk})}"


def _latest(
    user: User | None, holding: hooks_people.Holding, seen: Mapping[str, datetime]
) -> datetime | None:
    if user is None:
        return None
    times = [holding.last_active, seen.get(str(user.pk)), user.last_login]
    return max((at for at in times if at is not None), default=None)


def _seen(allocation: Allocation) -> dict[str, datetime]:
    """When each person last did something in the allocation; the record of some months is looked through."""
    since = timezone.now() - _LOOKED_BACK
    events = AuditEvent.objects.filter(scope=f"allocation.{allocation.pk}", at__gte=since)
    events = events.exclude(actor_id="").order_by()
    return dict(events.values_list("actor_id").annotate(last=Max("at")))


def _period_start(allocation: Allocation, now: datetime) -> datetime | None:
    """When the period of its grants that runs now began."""
    today = now.astimezone(UTC).date()
    running = [held for held in ledger.balance(allocation).values() if held.covers(today)]
    first = min((held.starts_on for held in running), default=None)
    return datetime(first.year, first.month, first.day, tzinfo=UTC) if first else None


def _spent(allocation: Allocation, now: datetime, starts: datetime | None) -> dict[str, Spent]:
    """SU by owner key since Monday, since the first of the month, since the period began. UTC days."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    week = usage.Window(allocation.pk, today - timedelta(days=today.weekday()), now)
    month = usage.Window(allocation.pk, today.replace(day=1), now)
    period = usage.Window(allocation.pk, starts or month.start, now)
    found = usage.totals_in({week, month, period}, by=("owner",))
    sums = {window: {line.keys[0]: line.su for line in lines} for window, lines in found.items()}
    owners = {owner for by_owner in sums.values() for owner in by_owner}
    return {
        owner: Spent(*(sums[window].get(owner, ZERO) for window in (week, month, period))) for owner in owners
    }


def _of_person(person: Person, spent: Mapping[str, Spent]) -> Spent:
    """All that stands under one of the person's names."""
    keys = {f"{usage.NAME}{name}" for name in (person.username, *person.also_named)}
    if person.user is not None:
        keys.add(str(person.user.pk))
    found = [spent[owner] for owner in keys if owner in spent]
    return Spent(
        sum((one.week for one in found), ZERO),
        sum((one.month for one in found), ZERO),
        sum((one.period for one in found), ZERO),
    )
