"""Bringing people in: what a list would do, and doing it. The source carries it out; the cloud then lets them in."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction

from allocations.access import require
from allocations.members import deciding, rules, telling
from allocations.members.people import Crew, crew, held_for
from allocations.members.sheets import Bad, Entry, Sheet
from allocations.models import Allocation, Grant
from allocations.roles import Need
from allocations.sources import requests
from allocations.sources.capabilities import capabilities, name_pattern
from allocations.sources.models import MembershipRequest
from allocations.sources.names import key, plain, valid
from allocations.sources.people import login_name
from portal.accounts.models import User
from portal.core.audit import record
from portal.core.errors import PortalError

# So many names the source's side takes in one call.
_AT_ONCE = 200
RESOURCES = tuple(name for name in Grant.Resource.values if name != Grant.Resource.OTHER)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Somebody of the list. `why_not` empty: they can be asked for. `note`: what is to be known besides."""

    entry: Entry
    name: str
    role: str
    resources: tuple[str, ...]
    why_not: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    people: Sequence[Wanted]
    bad: Sequence[Bad]

    @property
    def good(self) -> list[Wanted]:
        return [one for one in self.people if not one.why_not]


def preview(
    *, allocation: Allocation, by: User, sheet: Sheet, role: str, resources: Sequence[str]
) -> Preview:
    """What asking for these people would do. Reads only; a fixed number of queries."""
    require(allocation, Need.MANAGE)
    people = crew(allocation)
    known = _known(sheet.entries)
    wanted = [_wanted(people, by, entry, role, resources, known) for entry in sheet.entries]
    return Preview(wanted, sheet.bad)


def _wanted(
    people: Crew, by: User, entry: Entry, role: str, resources: Sequence[str], known: dict[str, User]
) -> Wanted:
    as_what = entry.role or role
    wants = tuple(entry.resources or resources)
    there = people.named(plain(entry.username, name_pattern()))
    user = known.get(key(plain(entry.username, name_pattern())))
    name = (there.name if there else "") or (str(user) if user else "")
    return Wanted(
        entry,
        name,
        as_what,
        wants,
        _why_not(
            people,
            by,
            entry.username,
            as_what,
            wants,
            there is not None and there.state in ("active", "pending"),
        ),
        _note(people, entry.username, user),
    )


def _why_not(people: Crew, by: User, username: str, role: str, resources: Sequence[str], there: bool) -> str:
    if there:
        return "In this allocation already, or asked for."
    if not valid(username):
        return "This is no username."
    if strange := [name for name in resources if name not in RESOURCES]:
        return f"There is no resource called {strange[0][:30]}: {', '.join(RESOURCES)} are."
    return rules.why_not_add(people.actor(by), role)


def _note(people: Crew, username: str, user: User | None) -> str:
    decided = people.decisions.get(key(plain(username, name_pattern())))
    if decided is not None and decided.out:
        return f"Removed here by {decided.by_name}; adding them again lets them back in."
    return "" if user is not None else "Not known to this portal yet: check the spelling."


def _known(entries: Iterable[Entry]) -> dict[str, User]:
    """People who have signed in here before, by what they are called at the sources. Two queries.

    What identity providers add to a name is no prefix or suffix that a database could look for, so names are read.
    """
    pattern = name_pattern()
    names = {key(plain(entry.username, pattern)) for entry in entries}
    listed = User.objects.filter(is_active=True).exclude(access_id="").values_list("pk", "access_id")
    ids = [pk for pk, access_id in listed if key(plain(access_id, pattern)) in names]
    return {key(login_name(user)): user for user in User.objects.filter(pk__in=ids)}


@transaction.atomic
def add(
    *,
    allocation: Allocation,
    by: User,
    sheet: Sheet,
    role: str,
    resources: Sequence[str] = (),
    comment: str = "",
) -> list[MembershipRequest]:
    """Ask for those of the list who can be asked for; `members:nobody` where there is none. No requests where the
    source takes none from here: then what was decided waits for them.

    Whoever was removed here may come back; the role waits for them. `allocation` comes from its door.
    """
    allocation, _ = held_for(by, allocation)
    planned = preview(allocation=allocation, by=by, sheet=sheet, role=role, resources=resources)
    if not planned.good:
        reasons = [one.why_not for one in planned.people] + [bad.why for bad in planned.bad]
        raise PortalError("members:nobody", reason=next(iter(reasons), "the list is empty."))
    known = _known(sheet.entries)
    for one in planned.good:
        username = plain(one.entry.username, name_pattern())
        given = "" if one.role == "member" else one.role
        deciding.decide(allocation, username, known.get(key(username)), by=by, role=given)
        _record(allocation, by, username, known.get(key(username)), one.role)
    if not capabilities(allocation).can_add:
        # What was decided waits for them; the PI has to see to the rest elsewhere.
        return []
    rows = [row for group in _groups(planned.good) for row in _ask(allocation, by, group, comment)]
    _tell(allocation, by, rows, known)
    return rows


def _record(allocation: Allocation, by: User, username: str, user: User | None, role: str) -> None:
    record(
        "member.welcome",
        by=by,
        scope=f"allocation.{allocation.pk}",
        target_type="user" if user else "person",
        target_id=user.pk if user else "",
        target_name=str(user or username),
        role=role,
    )


def _groups(good: Sequence[Wanted]) -> list[list[Wanted]]:
    """Those who are asked for alike, in portions that one call takes."""
    alike: dict[tuple[str, tuple[str, ...]], list[Wanted]] = defaultdict(list)
    for one in good:
        alike[one.role, one.resources].append(one)
    return [
        group[start : start + _AT_ONCE]
        for group in alike.values()
        for start in range(0, len(group), _AT_ONCE)
    ]


def _ask(allocation: Allocation, by: User, group: Sequence[Wanted], comment: str) -> list[MembershipRequest]:
    return requests.ask(
        allocation=allocation,
        by=by,
        action="add",
        usernames=[one.entry.username for one in group],
        role=group[0].role,
        resources=group[0].resources,
        comment=comment,
    )


def _tell(
    allocation: Allocation, by: User, rows: Sequence[MembershipRequest], known: dict[str, User]
) -> None:
    accepted = [row for row in rows if row.state in MembershipRequest.LIVE]
    people = [(known[key(row.username)], str(row.pk)) for row in accepted if key(row.username) in known]
    telling.asked(allocation=allocation, by=by, people=people, takes=capabilities(allocation).takes)
