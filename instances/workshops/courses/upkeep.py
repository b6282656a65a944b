"""What the operators announce for the time of a workshop: their own page's announcements, and those of portal.yaml."""

from collections.abc import Iterator
from datetime import UTC, datetime

from django.db.models import Q

from allocations.models import Allocation
from instances.workshops.courses.facts import Maintenance
from portal.cloud.config import clouds
from portal.notices.models import Announcement

_TOLD = frozenset({"warning", "danger"})


def announced(allocation: Allocation, opens_at: datetime, closes_at: datetime) -> list[Maintenance]:
    """Warnings whose time touches this one, soonest first. One query."""
    found = [*_configured(allocation.cloud), *_announcements(allocation, opens_at, closes_at)]
    touching = (one for one in found if one.starts_at < closes_at and opens_at < one.ends_at)
    return sorted(touching, key=lambda one: one.starts_at)


def _announcements(allocation: Allocation, opens_at: datetime, closes_at: datetime) -> Iterator[Maintenance]:
    here = Q(cloud="") | Q(cloud=allocation.cloud, region__in=("", allocation.region))
    rows = Announcement.objects.filter(
        here, level__in=_TOLD, starts_at__lt=closes_at, ends_at__gt=opens_at
    ).order_by("starts_at")
    for one in rows[:5]:
        yield Maintenance(one.text, one.starts_at, one.ends_at)


def _configured(cloud: str) -> Iterator[Maintenance]:
    """Only those with a beginning and an end: what holds always says nothing about a day."""
    for one in clouds().cloud(cloud).portal.notices:
        if one.level in _TOLD and one.starts_at is not None and one.ends_at is not None:
            yield Maintenance(one.text, _aware(one.starts_at), _aware(one.ends_at))


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
