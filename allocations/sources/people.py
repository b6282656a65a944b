"""Who belongs to an allocation, as all sources together say; and those whom we know already."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from allocations.models import Allocation, Membership
from allocations.roles import rank
from allocations.sources import precedence, states
from allocations.sources.capabilities import access_of, name_pattern
from allocations.sources.models import AccountName, MemberRecord, MembershipRequest
from allocations.sources.names import key, plain, question
from allocations.sources.precedence import Said
from portal.accounts.models import User

_MOST_FOUND = 20


@dataclass(frozen=True, slots=True)
class Person:
    """One person, once. `username` is what the source that carries out changes calls them.

    `said` is every source's word: (source, role, state). `also_named`: what the cloud calls them.
    """

    username: str
    name: str
    email: str
    user: User | None
    role: str
    source: str
    resources: tuple[str, ...]
    state: str
    state_words: str
    pending_since: datetime | None
    advisory: bool
    organization: str = ""
    said: tuple[Said, ...] = ()
    also_named: tuple[str, ...] = ()
    request: MembershipRequest | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    username: str
    name: str
    email: str
    organization: str = ""
    user_id: int | None = None
    eligible: bool = True
    why_not: str = ""


@dataclass(slots=True)
class _Draft:
    records: list[MemberRecord] = field(default_factory=list)
    membership: Membership | None = None
    request: MembershipRequest | None = None


def roster(allocation: Allocation) -> list[Person]:
    """Everybody whom any source lists, each once. Four queries for any number."""
    pattern = name_pattern()
    drafts: dict[str, _Draft] = defaultdict(_Draft)
    by_user: dict[int, str] = {}
    for membership in _memberships(allocation):
        name = key(login_name(membership.user))
        by_user[membership.user_id] = name
        drafts[name].membership = membership
    records = list(
        MemberRecord.objects.filter(allocation=allocation)
        .select_related("user")
        .order_by("source", "username")
    )
    for record in records:
        name = by_user.get(record.user_id or 0) or key(plain(record.username, pattern))
        drafts[name].records.append(record)
        if record.user_id:
            by_user.setdefault(record.user_id, name)
    same = {key(record.username): name for name, draft in drafts.items() for record in draft.records}
    for request in _live_requests(allocation):
        name = key(request.username)
        drafts[same.get(name, name)].request = request
    locals_of = _local_names(allocation, [record.username for record in records])
    found = [_person(draft, allocation, locals_of) for draft in drafts.values()]
    return sorted(found, key=_place)


def _memberships(allocation: Allocation) -> Iterable[Membership]:
    return Membership.objects.filter(allocation=allocation, ended_at=None).select_related("user")


def _live_requests(allocation: Allocation) -> Iterable[MembershipRequest]:
    return MembershipRequest.objects.filter(
        allocation=allocation, state__in=MembershipRequest.LIVE
    ).select_related("asked_by")


def _local_names(allocation: Allocation, usernames: Sequence[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    rows = AccountName.objects.filter(cloud=allocation.cloud, username__in=usernames).order_by("local_name")
    for row in rows:
        found[key(row.username)].append(row.local_name)
    return {name: tuple(names) for name, names in found.items()}


def _person(draft: _Draft, allocation: Allocation, locals_of: dict[str, tuple[str, ...]]) -> Person:
    access = access_of(allocation)
    said = tuple(
        Said(one.source, one.role, _state(one.state), bool(access and access.roles_decide))
        for one in draft.records
    )
    enforced = _enforced(draft.membership)
    chosen = precedence.role_of(enforced, _with_asked(said, draft.request))
    state = _state_of(draft, enforced, said)
    best = draft.records[0] if draft.records else None
    user = (
        draft.membership.user if draft.membership else next((r.user for r in draft.records if r.user), None)
    )
    since = _pending_since(draft) if state == "pending" else None
    username = _username(draft)
    return Person(
        username=username,
        name=(user and str(user)) or (best and best.name) or "",
        email=(best and best.email) or (user and user.email) or "",
        user=user,
        role=chosen.role,
        source=chosen.source,
        resources=tuple(dict.fromkeys(str(name) for record in draft.records for name in record.resources)),
        state=state,
        state_words=_words(state, since, draft, allocation),
        pending_since=since,
        advisory=chosen.advisory,
        organization=(best and best.organization) or "",
        said=said,
        also_named=locals_of.get(key(username), ()),
        request=draft.request,
        seen_at=max((record.seen_at for record in draft.records), default=None),
    )


def _enforced(membership: Membership | None) -> Said | None:
    return Said(membership.source, membership.role) if membership else None


def _with_asked(said: Sequence[Said], request: MembershipRequest | None) -> Sequence[Said]:
    """Somebody who is only asked for has the role that was asked for them."""
    if request is None or request.action != MembershipRequest.Action.ADD or not request.role:
        return said
    return [*said, Said("portal", request.role, "pending")]


def _state_of(draft: _Draft, enforced: Said | None, said: Sequence[Said]) -> states.State:
    asked = draft.request is not None and draft.request.action == MembershipRequest.Action.ADD
    known = precedence.state_of(enforced, said)
    return "pending" if asked and known != "active" else known


def _state(given: str) -> states.State:
    known: dict[str, states.State] = {"active": "active", "pending": "pending", "refused": "refused"}
    return known.get(given, "inactive")


def _username(draft: _Draft) -> str:
    if draft.records:
        return draft.records[0].username
    if draft.membership:
        return login_name(draft.membership.user)
    return draft.request.username if draft.request else ""


def _pending_since(draft: _Draft) -> datetime | None:
    at = [record.since for record in draft.records if record.state == "pending"]
    if draft.request:
        at.append(draft.request.asked_at)
    return min(at, default=None)


def _words(state: str, since: datetime | None, draft: _Draft, allocation: Allocation) -> str:
    removing = draft.request and draft.request.action == MembershipRequest.Action.REMOVE
    if state == "active":
        return "active; removal asked for" if removing else "active"
    if state != "pending":
        return {"inactive": "no longer active", "refused": "refused"}[state]
    access = access_of(allocation)
    at, takes = (access.title, states.hours(access.pending_hours)) if access else ("the cloud", "a while")
    when = f" since {timezone.localtime(since):%-d %b %H:%M}" if since else ""
    return f"pending at {at}{when}, can take {takes}"


def _place(person: Person) -> tuple[int, str]:
    return rank(person.role), (person.name or person.username).casefold()


def login_name(user: User) -> str:
    """What the person is called at the sources: their id without what the identity provider adds."""
    pattern = name_pattern()
    return plain(user.access_id, pattern) or user.username


def search(allocation: Allocation, q: str) -> list[Found]:
    """People whom the portal knows, by name or id, who are not in the allocation. Never asks anybody."""
    asked = question(q)
    if not asked:
        return []
    there = {key(person.username) for person in roster(allocation)}
    users = User.objects.filter(
        Q(access_id__icontains=asked) | Q(display_name__icontains=asked), is_active=True
    ).exclude(access_id="")[: _MOST_FOUND + len(there)]
    found = {key(login_name(user)): Found(login_name(user), str(user), "", "", user.pk) for user in users}
    records = MemberRecord.objects.filter(
        Q(username__icontains=asked) | Q(name__icontains=asked), allocation__cloud=allocation.cloud
    )[: 5 * _MOST_FOUND]
    for record in records:
        found.setdefault(key(record.username), Found(record.username, record.name, "", record.organization))
    return [person for name, person in found.items() if name not in there][:_MOST_FOUND]
