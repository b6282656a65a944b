"""What people are called on the cloud's own side (ACCESS's `spacct`): one list for each cloud, read once a day."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from allocations.sources.models import AccountName, SourceState
from portal.cloud import access_people
from portal.cloud.config import CloudConfig, clouds
from portal.cloud.keys import key
from portal.cloud.schema_sources import Access
from portal.core.bulk import insert
from portal.core.claims import claim
from portal.core.errors import PortalError

NAME = "names"
LEASE = timedelta(minutes=5)
_AFTER_FAILURE = timedelta(minutes=30)
_AT_ONCE = 2000


def _wanted(cloud: CloudConfig) -> bool:
    access = cloud.portal.sources.access
    return access is not None and bool(key(access.keys.spacct))


def due() -> list[str]:
    """Clouds whose list is to be read now."""
    wanted = [name for name, cloud in clouds().clouds.items() if _wanted(cloud)]
    known = {row.cloud: row for row in SourceState.objects.filter(source=NAME, project_id="")}
    now = timezone.now()
    return [name for name in wanted if name not in known or known[name].due_at <= now]


def read(cloud: str) -> None:
    config = clouds().clouds.get(cloud)
    if config is None or not _wanted(config):
        return
    access = config.portal.sources.access
    assert access is not None
    now = timezone.now()
    SourceState.objects.get_or_create(cloud=cloud, project_id="", source=NAME, defaults={"due_at": now})
    rows = SourceState.objects.filter(cloud=cloud, project_id="", source=NAME)
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    if not claim(rows.filter(free, due_at__lte=now), lease_until=now + LEASE):
        return
    try:
        _store(cloud, access_people.local_names(cloud, access))
    except PortalError as error:
        since = rows.values_list("error_since", flat=True).first() or now
        params = {name: str(value) for name, value in error.params.items()}
        rows.update(
            lease_until=None,
            error_id=error.id,
            error_params=params,
            error_since=since,
            due_at=now + _pause(error, access),
        )
    else:
        again = now + timedelta(hours=access.names_hours)
        rows.update(
            lease_until=None, error_id="", error_params={}, error_since=None, read_at=now, due_at=again
        )


def _pause(error: PortalError, access: Access) -> timedelta:
    return timedelta(hours=access.names_hours) if error.outcome == "refused" else _AFTER_FAILURE


def _store(cloud: str, told: list[tuple[str, str]]) -> None:
    """Only the difference: the list is long, and little of it changes in a day."""
    known = {(row.username, row.local_name): row.pk for row in AccountName.objects.filter(cloud=cloud)}
    given = set(told)
    new = [
        AccountName(cloud=cloud, username=username, local_name=local)
        for username, local in sorted(given - known.keys())
    ]
    gone = [pk for pair, pk in known.items() if pair not in given]
    with transaction.atomic():
        for start in range(0, len(new), _AT_ONCE):
            insert(new[start : start + _AT_ONCE])
        for start in range(0, len(gone), _AT_ONCE):
            AccountName.objects.filter(pk__in=gone[start : start + _AT_ONCE]).delete()
