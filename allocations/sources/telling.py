"""What open pages, workers, and those who asked are told when requests or people change."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from allocations.models import Allocation
from allocations.sources.models import MembershipRequest
from allocations.sources.queue import enqueue_on_commit
from portal.accounts.models import User
from portal.core import events
from portal.core.errors import explain
from portal.notices import kinds, services
from portal.notices.kinds import Kind

ENDED = kinds.register(
    Kind(
        "members.request-ended",
        "What you asked about people was done, or refused",
        group="people",
        ways={"page", "mail"},
    )
)
_AT_ONCE = 500
# Names in one notice before it says how many more there are.
_NAMED = 12
_DID = {"add": "was added", "remove": "was removed", "role": "has another role now"}


def people_changed(allocation: Allocation) -> None:
    """Open pages about the people of the allocation fetch again, after commit."""
    events.publish(
        [f"allocation.{allocation.pk}"], events.Changed("members:changed", {"slug": allocation.slug})
    )


def requests_changed(allocation: Allocation, rows: Sequence[MembershipRequest]) -> None:
    """Pages fetch again; a worker looks at what is due."""
    if not rows:
        return
    people_changed(allocation)
    if any(row.state in MembershipRequest.LIVE for row in rows):
        enqueue_on_commit("carry", allocation.pk)


def tell_ended() -> None:
    """Tell those who asked how it ended: once, all that ended of one click together. Dying here, it is told next time."""
    with transaction.atomic():
        ended = MembershipRequest.objects.filter(ended_at__isnull=False, told_at=None)
        rows = list(
            ended.select_for_update(of=("self",))
            .select_related("asked_by", "allocation")
            .order_by("username")[:_AT_ONCE]
        )
        MembershipRequest.objects.filter(pk__in=[row.pk for row in rows]).update(told_at=timezone.now())
        groups: dict[tuple[User, object, str], list[MembershipRequest]] = defaultdict(list)
        for row in rows:
            if row.asked_by is not None:
                groups[row.asked_by, row.batch, row.state].append(row)
        for (person, _, state), group in groups.items():
            _tell(person, state, group)


def _tell(person: User, state: str, rows: Sequence[MembershipRequest]) -> None:
    place = rows[0].allocation
    good = state == MembershipRequest.State.DONE
    count = f"{len(rows)} people" if len(rows) > 1 else rows[0].username
    lines = [_line(row) for row in rows[:_NAMED]]
    if len(rows) > _NAMED:
        lines.append(f"… and {len(rows) - _NAMED} more, on the page of members.")
    services.tell(
        ENDED.name,
        to=[person],
        key=f"members-request:{min(str(row.pk) for row in rows)}",
        title=f"{place.project_name}: {'done' if good else 'refused'} for {count}",
        text="\n".join(lines),
        url=f"/allocations/{place.slug}/members/",
        level="success" if good else "warning",
        scope=f"allocation.{place.pk}",
    )


def _line(row: MembershipRequest) -> str:
    if row.state == MembershipRequest.State.DONE:
        took = (row.ended_at or row.asked_at) - row.asked_at
        long = f" after {round(took / timedelta(minutes=1))} minutes" if took > timedelta(minutes=2) else ""
        return f"{row.username} {_DID[row.action]}{long}."
    problem = explain(row.problem_id, row.problem_params)
    return f"{row.username}: {problem.title}. {problem.what} {problem.todo}"
