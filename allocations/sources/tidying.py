"""What is not needed any more: answers of yesterday, and requests that ended long ago (the audit keeps what was done)."""

from datetime import timedelta

from django.utils import timezone

from allocations.sources.models import Lookup, MembershipRequest
from portal.cloud.config import clouds

_LOOKUPS = timedelta(hours=24)


def tidy() -> None:
    now = timezone.now()
    Lookup.objects.filter(asked_at__lt=now - _LOOKUPS).delete()
    kept = timedelta(days=clouds().retention.operations_days)
    MembershipRequest.objects.filter(ended_at__lt=now - kept, told_at__isnull=False).delete()
