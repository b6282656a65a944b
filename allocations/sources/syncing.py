"""Asking each source about each project in its time: spread out, one at a time, and patient with those that fail."""

import logging
import random
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db.models import F, Q
from django.utils import timezone

from allocations.models import Allocation
from allocations.sources import storing, telling
from allocations.sources.interface import Project, Reading, Source
from allocations.sources.models import SourceState
from allocations.sources.names import grant_number
from allocations.sources.queue import enqueue_on_commit
from allocations.sources.registry import ASKED, BY_NAME
from portal.cloud.config import CloudConfig, clouds
from portal.core.bulk import insert
from portal.core.claims import claim
from portal.core.errors import PortalError

logger = logging.getLogger(__name__)
# Longer than a reading may take.
LEASE = timedelta(minutes=2)
# What is new is asked about within so much time: not all at the same moment when the portal is set up.
_FIRST = timedelta(minutes=10)
# So many projects of a source are handed to workers at a time.
_AT_ONCE = 60
_FIRST_PAUSE, _LONGEST_PAUSE = 60.0, 6 * 3600.0
# Some earlier and some later than due, so that what began together does not stay together.
_SPREAD = 0.1


def known_projects() -> set[tuple[str, str, str]]:
    """(cloud, project, source) that ought to be read. One query."""
    rows = Allocation.objects.order_by().values_list("cloud", "project_id", "project_name").distinct()
    found = set()
    for cloud_name, project_id, name in rows:
        cloud = clouds().clouds.get(cloud_name)
        if cloud is not None:
            grant = grant_number(name, cloud.portal.sources.grants)
            found |= {(cloud_name, project_id, one.name) for one in ASKED if one.applies(cloud, grant)}
    return found


def meet() -> None:
    """Rows for projects and sources that are new, and none for those that are no more. Three queries at most."""
    wanted = known_projects()
    rows = {(row.cloud, row.project_id, row.source): row.pk for row in SourceState.objects.all()}
    now = timezone.now()
    few = len(wanted) - len(rows) <= _AT_ONCE
    spread = timedelta() if few else _FIRST
    insert(
        [
            SourceState(cloud=cloud, project_id=project, source=source, due_at=now + random.random() * spread)  # noqa: S311
            for cloud, project, source in sorted(wanted - rows.keys())
        ]
    )
    SourceState.objects.filter(pk__in=[pk for place, pk in rows.items() if place not in wanted]).delete()


def expect(cloud: str, project_ids: Collection[str]) -> None:
    """Projects that somebody's sign-in told of: one that is new here is not left to the clock."""
    known = SourceState.objects.filter(cloud=cloud, project_id__in=project_ids)
    if set(project_ids) - set(known.values_list("project_id", flat=True)):
        enqueue_on_commit("sync_due", expires=60)


def due() -> list[int]:
    """What to read now, the longest due first; nothing that a worker has."""
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    found = SourceState.objects.filter(free, due_at__lte=now).order_by("due_at")
    return list(found.values_list("pk", flat=True)[:_AT_ONCE])


def sync(state_id: int) -> None:
    """Read one source for one project, if it is time and nobody else does."""
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    if not claim(SourceState.objects.filter(free, pk=state_id, due_at__lte=now), lease_until=now + LEASE):
        return
    state = SourceState.objects.get(pk=state_id)
    source, cloud = BY_NAME.get(state.source), clouds().clouds.get(state.cloud)
    allocations = list(Allocation.objects.filter(cloud=state.cloud, project_id=state.project_id))
    if source is None or cloud is None or not allocations:
        state.delete()
        return
    project = _project(allocations[0], cloud)
    if not source.applies(cloud, project.grant):
        state.delete()
        return
    try:
        reading = source.read(project, state.validator)
    except PortalError as error:
        _failed(state, error, source, cloud, now)
    else:
        storing.store(allocations, source.name, reading, now)
        _succeeded(state, reading, source.every(cloud), now)
        if state.error_id:
            # What the page says of its age is different now.
            _tell(allocations)


def _project(allocation: Allocation, cloud: CloudConfig) -> Project:
    name = allocation.project_name
    return Project(
        allocation.cloud, allocation.project_id, name, grant_number(name, cloud.portal.sources.grants)
    )


def _succeeded(state: SourceState, reading: Reading, every: timedelta, now: datetime) -> None:
    SourceState.objects.filter(pk=state.pk).update(
        lease_until=None,
        read_at=now,
        due_at=now + _spread(min(reading.again or every, every)),
        error_id="",
        error_params={},
        error_since=None,
        failures=0,
        validator=reading.validator,
    )


def _failed(
    state: SourceState, error: PortalError, source: Source, cloud: CloudConfig, now: datetime
) -> None:
    logger.warning("%s was not read for project %s: %s", source.name, state.project_id, error.id)
    SourceState.objects.filter(pk=state.pk).update(
        lease_until=None,
        error_id=error.id,
        error_params={name: str(value) for name, value in error.params.items()},
        error_since=state.error_since or now,
        failures=F("failures") + 1,
        due_at=now + _pause(error, state.failures, source.every(cloud)),
    )


def _pause(error: PortalError, failures: int, usual: timedelta) -> timedelta:
    """A refusal will be the same in a minute: it is asked again in the usual time. Others sooner, then ever later."""
    if error.outcome in ("refused", "auth"):
        return _spread(usual)
    seconds = min(
        _FIRST_PAUSE * 2 ** min(failures, 12), _LONGEST_PAUSE, max(usual.total_seconds(), _FIRST_PAUSE)
    )
    return _spread(timedelta(seconds=max(seconds, error.retry_after or 0)))


def _spread(pause: timedelta) -> timedelta:
    return pause * random.uniform(1 - _SPREAD, 1 + _SPREAD)  # noqa: S311


def soon(cloud: str, project_id: str, source: str) -> None:
    """Something is known to have changed there: read it at the next turn."""
    SourceState.objects.filter(cloud=cloud, project_id=project_id, source=source).update(
        due_at=timezone.now()
    )


def _tell(allocations: Iterable[Allocation]) -> None:
    for allocation in allocations:
        telling.people_changed(allocation)
