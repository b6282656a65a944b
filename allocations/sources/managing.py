"""What ACCESS says of who manages which projects, person by person, where the operator lets its word decide.

Its lists of members may come without roles; this is asked when somebody signs in, and once a day for those who stay.
"""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from allocations.sources import reapplying
from allocations.sources.models import ManagedGrants
from allocations.sources.names import valid
from allocations.sources.people import login_name
from allocations.sources.queue import enqueue_on_commit
from portal.accounts.models import User
from portal.cloud import access_members
from portal.cloud.config import clouds
from portal.cloud.keys import key
from portal.cloud.schema_sources import Access
from portal.core.claims import claim
from portal.core.errors import PortalError

LEASE = timedelta(minutes=2)
EVERY = timedelta(hours=24)
# Signing in again and again does not ask again and again.
_FRESH = timedelta(minutes=15)
_AFTER_FAILURE = timedelta(minutes=10)
_AT_ONCE = 100


def deciding(cloud: str) -> Access | None:
    """ACCESS of that cloud, where its word about roles decides and the portal may ask for it."""
    config = clouds().clouds.get(cloud)
    access = config.portal.sources.access if config else None
    return access if access and access.roles_decide and key(access.keys.usermanagement) else None


def expect(user: User, cloud: str) -> None:
    """Somebody signs in: ask about them now, unless it was asked a moment ago."""
    if deciding(cloud) is None or not user.access_id or not valid(login_name(user)):
        return
    now = timezone.now()
    row, new = ManagedGrants.objects.get_or_create(user=user, cloud=cloud, defaults={"due_at": now})
    fresh = row.read_at is not None and row.read_at > now - _FRESH
    if not new and not fresh:
        ManagedGrants.objects.filter(pk=row.pk).update(due_at=now)
    if not fresh:
        enqueue_on_commit("read_managed", row.pk, expires=60)


def due() -> list[int]:
    """Whom to ask about now: only people who are members of something at that cloud."""
    now = timezone.now()
    found = ManagedGrants.objects.filter(due_at__lte=now, user__memberships__ended_at=None).distinct()
    return list(found.order_by("due_at").values_list("pk", flat=True)[:_AT_ONCE])


def read(pk: int) -> None:
    """Ask about one person; where the answer is another than before, their roles here follow at once."""
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    if not claim(ManagedGrants.objects.filter(free, pk=pk, due_at__lte=now), lease_until=now + LEASE):
        return
    row = ManagedGrants.objects.select_related("user").get(pk=pk)
    access = deciding(row.cloud)
    if access is None:
        row.delete()
        return
    try:
        grants = sorted(set(_managed(row, access)))
    except PortalError as error:
        pause = max(_AFTER_FAILURE, timedelta(seconds=error.retry_after or 0))
        ManagedGrants.objects.filter(pk=pk).update(lease_until=None, due_at=now + pause, error_id=error.id)
        return
    changed = row.read_at is None or row.grants != grants
    ManagedGrants.objects.filter(pk=pk).update(
        grants=grants, read_at=now, due_at=now + EVERY, lease_until=None, error_id=""
    )
    if changed:
        reapplying.reapply(row.user, row.cloud)


def _managed(row: ManagedGrants, access: Access) -> list[str]:
    try:
        return access_members.managed_by(row.cloud, access, login_name(row.user))
    except PortalError as error:
        if error.id != "outside:unknown":
            raise
        # Nobody there is called so: they manage nothing.
        return []
