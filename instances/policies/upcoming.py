"""What comes next for machines, kept where lists find it, and told to open pages when it changes."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from instances import live
from instances.hooks import Announcement
from instances.models import Instance
from instances.policies import words
from instances.policies.dues import Times, coming
from instances.policies.effective import Held, held
from instances.policies.models import Standing
from portal.core import bulk, events

# Rows of lists show what happens within so much time.
SHOWN = timedelta(days=1)
_FIELDS = ("next_at", "next_kind", "next_action")


def refresh(ids: Collection[UUID], now: datetime | None = None) -> None:
    """After a person's change of these machines."""
    found = list(Instance.objects.filter(pk__in=ids, deleted_at=None).select_related("allocation"))
    write(held(found).values(), now or timezone.now())
    for instance in found:
        events.publish(
            [f"instance.{instance.pk}"], events.Changed("policies:changed", {"id": str(instance.pk)})
        )


def write(these: Iterable[Held], now: datetime, times: Times | None = None) -> list[UUID]:
    """Store what comes next of each, where it is news. Whose rows changed: those are shown anew."""
    times = times or Times(now)
    fresh: list[Standing] = []
    stale: list[Standing] = []
    for one in these:
        standing, due = one.standing, next(iter(coming(one, times)), None)
        wanted = (due.at, due.kind, due.action) if due else (None, "", "")
        if wanted == (standing.next_at, standing.next_kind, standing.next_action):
            continue
        shown = _shown(standing, now) or _near(due.at if due else None, now)
        standing.next_at, standing.next_kind, standing.next_action = wanted
        if standing.pk is None:
            fresh.append(standing)
        else:
            stale.append(standing)
        if shown:
            setattr(standing, "row_changed", True)  # noqa: B010  (of this run only, no field of the model)
    bulk.insert(fresh)
    bulk.update(stale, _FIELDS)
    changed = [one.instance_id for one in (*fresh, *stale) if getattr(one, "row_changed", False)]
    if changed:
        Instance.objects.filter(pk__in=changed).update(version=F("version") + 1)
        live.push_on_commit(changed)
    return changed


def _shown(standing: Standing, now: datetime) -> bool:
    return _near(standing.next_at, now)


def _near(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now + SHOWN


def announcements(ids: Sequence[UUID], now: datetime | None = None) -> dict[UUID, Announcement]:
    """For rows of lists: what comes within a day; one query."""
    soon = (now or timezone.now()) + SHOWN
    found = Standing.objects.filter(instance__in=list(ids), next_at__lte=soon)
    return {
        pk: Announcement(words.DONE_WORDS.get(action, action).capitalize(), at, danger=action == "delete")
        for pk, at, action in found.values_list("instance_id", "next_at", "next_action")
        if at is not None
    }
