"""Reading the quota and the accounting of an allocation, with the credential of any member."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from allocations import hooks_sources, reconciling
from allocations.models import Allocation, Grant
from allocations.offers import note
from portal.accounts import credentials
from portal.accounts.models import CloudCredential
from portal.cloud import accounting, quotas
from portal.cloud.config import clouds
from portal.cloud.connection import Cloud, connect
from portal.cloud.offers import REFUSALS
from portal.cloud.types import AccountingEntry, Offer, Quota
from portal.core import deadline, events
from portal.core.claims import claim
from portal.core.errors import PortalError

logger = logging.getLogger(__name__)
# Longer than a reading may take. After it, and after a failure, the allocation is due again.
LEASE = timedelta(minutes=2)
# A credential that is refused tells about its owner, not about the project: try some others at once.
_TRIED = 3


def due() -> list[int]:
    """Allocations to read now: their time has come, or they were never read."""
    return list(
        Allocation.objects.filter(Q(refresh_after=None) | Q(refresh_after__lte=timezone.now()))
        .order_by("refresh_after")
        .values_list("pk", flat=True)
    )


def refresh(allocation_id: int) -> None:
    """Read quota and accounting, if it is time and nobody else does. What cannot be read keeps its age."""
    now = timezone.now()
    waiting = Allocation.objects.filter(Q(refresh_after=None) | Q(refresh_after__lte=now), pk=allocation_id)
    if not claim(waiting, refresh_after=now + LEASE):
        return
    allocation = Allocation.objects.get(pk=allocation_id)
    try:
        quota, entries = _read(allocation)
    except PortalError as error:
        _failed(allocation, error, now)
    else:
        _store(allocation, quota, entries, now)
    events.publish(
        [f"allocation.{allocation.pk}"], events.Changed("allocation:changed", {"slug": allocation.slug})
    )


def _read(allocation: Allocation) -> tuple[Sequence[Quota], Sequence[AccountingEntry]]:
    usable = credentials.usable_of_project(allocation.cloud, allocation.project_id)[:_TRIED]
    problem = PortalError("allocations:nobody-connected", outcome="auth")
    for credential in usable:
        try:
            return _read_with(credential, allocation)
        except PortalError as error:
            if error.outcome != "auth":
                raise
            credentials.refuse(credential.user, credential.cloud, credential.project_id)
            problem = error
    raise problem


def _read_with(
    credential: CloudCredential, allocation: Allocation
) -> tuple[Sequence[Quota], Sequence[AccountingEntry]]:
    login = credentials.login_for(credential.user, credential.cloud, credential.project_id)
    cloud = connect(login, region=allocation.region, deadline=deadline.current())
    return quotas.list_quotas(cloud), _entries(allocation, cloud)


def _entries(allocation: Allocation, cloud: Cloud) -> Sequence[AccountingEntry]:
    """None of them where the cloud has no accounting, or shows none to this member: noted by name."""
    config = cloud.config.portal.accounting
    if config is None:
        return ()
    offer = Offer(service="accounting")
    found: Sequence[AccountingEntry] = ()
    try:
        if cloud.endpoint(config.service_type) is None:
            offer = Offer(service="accounting", state="absent")
        else:
            found = accounting.entries(cloud)
    except PortalError as error:
        if error.id not in REFUSALS:
            raise
        offer = Offer(service="accounting", state=REFUSALS[error.id])
    note(allocation, [offer])
    return found


def _failed(allocation: Allocation, error: PortalError, now: datetime) -> None:
    logger.warning("allocation %s not read: %s", allocation.pk, error)
    pause = max(60.0, error.retry_after or 0)
    if error.outcome == "auth":
        # Only a person can help, by signing in; that makes the allocation due.
        pause = _seconds(allocation)
    Allocation.objects.filter(pk=allocation.pk).update(
        read_error_id=error.id,
        read_error_since=allocation.read_error_since or now,
        refresh_after=now + timedelta(seconds=pause),
    )


def _store(
    allocation: Allocation, quota: Sequence[Quota], entries: Sequence[AccountingEntry], now: datetime
) -> None:
    newest = max(entries, key=lambda entry: (entry.active, entry.ends_on), default=None)
    with transaction.atomic():
        for entry in entries:
            _store_grant(allocation, entry, now)
        hooks_sources.accounting_told(allocation, entries, now)
        Allocation.objects.filter(pk=allocation.pk).update(
            quota={item.resource: {"used": item.used, "limit": item.limit} for item in quota},
            quota_read_at=now,
            accounting_read_at=now if entries else allocation.accounting_read_at,
            read_error_id="",
            read_error_since=None,
            refresh_after=now + timedelta(seconds=_seconds(allocation)),
            title=newest.title[:500] if newest and newest.title else allocation.title,
            abstract=newest.abstract if newest and newest.abstract else allocation.abstract,
        )


def _store_grant(allocation: Allocation, entry: AccountingEntry, now: datetime) -> None:
    """`as_of` moves when the provider's figure does, once a day: what we metered since then counts."""
    known = Grant.objects.filter(
        allocation=allocation, provider_resource=entry.provider_resource, starts_on=entry.starts_on
    ).first()
    grant = known or Grant(
        allocation=allocation, provider_resource=entry.provider_resource[:255], starts_on=entry.starts_on
    )
    if known is None or known.used != entry.used:
        grant.as_of = now
    grant.resource = entry.resource or Grant.Resource.OTHER
    grant.awarded, grant.used = entry.awarded, entry.used
    grant.ends_on, grant.active = entry.ends_on, entry.active
    grant.save()
    if grant.as_of == now:
        reconciling.note(grant)


def _seconds(allocation: Allocation) -> float:
    return clouds().cloud(allocation.cloud).portal.polling.accounting
