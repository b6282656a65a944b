"""The whole list of members of one source → our rows, and what changed → the trail that those concerned can read."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from allocations.models import Allocation
from allocations.sources import managing, reapplying, telling
from allocations.sources.interface import Seen
from allocations.sources.matching import users_of
from allocations.sources.models import MemberRecord
from allocations.sources.names import key
from portal.accounts.models import User
from portal.core.audit import record
from portal.core.bulk import insert, update

_TAKEN = ("external_id", "role", "state", "said")
# What another source may have told, and this one does not: not forgotten.
_WHERE_TOLD = ("name", "email", "organization")
_STORED = (*_TAKEN, *_WHERE_TOLD, "resources", "since", "seen_at", "user")


def store(allocation: Allocation, source: str, listed: Sequence[Seen], now: datetime) -> None:
    """Within the caller's transaction. Who is not on the list any more is taken off ours."""
    rows = MemberRecord.objects.filter(allocation=allocation, source=source)
    known = {key(row.username): row for row in rows}
    users = users_of(allocation.cloud, listed)
    wanted = {key(seen.username): seen for seen in listed}
    before = {name: (row.role, row.state) for name, row in known.items()}
    new = [
        MemberRecord(allocation=allocation, source=source, username=seen.username, since=now)
        for name, seen in wanted.items()
        if name not in known
    ]
    kept = [row for name, row in known.items() if name in wanted]
    gone = [row for name, row in known.items() if name not in wanted]
    for row in (*new, *kept):
        name = key(row.username)
        _take_over(row, wanted[name], users.get(name), now)
    insert(new)
    update(kept, _STORED)
    MemberRecord.objects.filter(pk__in=[row.pk for row in gone]).delete()
    differing = [row for row in kept if (row.role, row.state) != before[key(row.username)]]
    if known:
        # The first reading is no news: these people were there before we looked.
        _write_down(allocation, source, new, differing, gone, before)
    if new or differing or gone:
        telling.people_changed(allocation)
        _follow(allocation.cloud, [*new, *differing, *gone])


def _follow(cloud: str, rows: Iterable[MemberRecord]) -> None:
    """Where the source's word about roles decides, it does so now and not at the next sign-in."""
    if managing.deciding(cloud) is None:
        return
    ids = {row.user_id for row in rows if row.user_id}
    for user in User.objects.filter(pk__in=ids):
        reapplying.reapply(user, cloud)


def _take_over(row: MemberRecord, seen: Seen, user_id: int | None, now: datetime) -> None:
    if row.state != seen.state:
        row.since = now
    for name in _TAKEN:
        setattr(row, name, getattr(seen, name))
    for name in _WHERE_TOLD:
        setattr(row, name, getattr(seen, name) or getattr(row, name))
    row.resources, row.seen_at = list(seen.resources), now
    row.user_id = user_id or row.user_id


def _write_down(
    allocation: Allocation,
    source: str,
    new: Iterable[MemberRecord],
    differing: Iterable[MemberRecord],
    gone: Iterable[MemberRecord],
    before: Mapping[str, tuple[str, str]],
) -> None:
    for row in new:
        _record("listed", allocation, source, row, role=row.role, state=row.state)
    for row in differing:
        role, state = before[key(row.username)]
        was = {"role_before": role, "state_before": state}
        _record("changed", allocation, source, row, role=row.role, state=row.state, **was)
    for row in gone:
        _record("no-longer-listed", allocation, source, row, role=row.role, state=row.state)


def _record(what: str, allocation: Allocation, source: str, row: MemberRecord, **detail: str) -> None:
    record(
        f"members.{what}",
        by=None,
        scope=f"allocation.{allocation.pk}",
        target_type="person",
        target_id=row.username,
        target_name=row.name or row.username,
        source=source,
        **detail,
    )
