"""The sessions of people in allocations: what ends when they go, and when they were last there."""

from collections.abc import Collection

from django.db.models import Max
from django.utils import timezone

from allocations.hooks_people import Holding, LeftBehind
from instances.remote import closing
from instances.remote.models import Certificate, PlacedKey, RemoteSession
from portal.accounts.models import User


def sessions_left(allocation_ids: Collection[int], user: User) -> list[LeftBehind]:
    """Sessions that go on, certificates that hold, keys that the portal placed for them. Three queries."""
    live = RemoteSession.objects.filter(
        person=user, ended_at=None, instance__allocation__in=allocation_ids
    ).select_related("instance")
    keys = PlacedKey.objects.filter(
        person=user, removed_at=None, instance__allocation__in=allocation_ids, instance__deleted_at=None
    ).select_related("instance")
    signed = Certificate.objects.filter(
        person=user,
        expires_at__gt=timezone.now(),
        instance__allocation__in=allocation_ids,
        instance__deleted_at=None,
    ).select_related("instance")
    return [
        *(_certificate(row) for row in signed),
        *(
            LeftBehind("session", str(row.pk), f"{row.kind} on {row.instance.name}", "It ends at once.")
            for row in live
        ),
        *(
            LeftBehind(
                "key",
                str(row.pk),
                f"key of {row.login} on {row.instance.name}",
                "The portal takes it away when somebody next connects to that machine. Keys that they placed "
                "themselves, only you can take away.",
            )
            for row in keys
        ),
    ]


def _certificate(row: Certificate) -> LeftBehind:
    return LeftBehind(
        "certificate",
        str(row.pk),
        f"for {row.login} on {row.instance.name}",
        f"Nothing calls it back: their own ssh gets in with it until {row.expires_at:%-d %b %H:%M} UTC. "
        "Stop the machine, or end their login on it, where that is too long.",
    )


def membership_ended(user: User, allocation_ids: Collection[int]) -> None:
    """Whatever they have open there ends: the rows now, and who holds them is told after the commit."""
    found = RemoteSession.objects.filter(person=user, instance__allocation__in=allocation_ids)
    closing.finish_all(found, "no-access")


def last_seen(allocation_ids: Collection[int]) -> dict[int, Holding]:
    """When each person was last on a machine there. One query."""
    rows = (
        RemoteSession.objects.filter(instance__allocation__in=allocation_ids)
        .order_by()
        .values_list("person_id")
        .annotate(last=Max("seen_at"))
    )
    return {pk: Holding(last_active=at) for pk, at in rows}
