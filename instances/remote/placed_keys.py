"""Public keys on machines: what the portal placed for whom, and that it goes when they may connect no more."""

import logging
from uuid import UUID

import asyncssh
from asgiref.sync import sync_to_async
from django.db import transaction
from django.utils import timezone

from instances import trail
from instances.access import connectable
from instances.models import Instance
from instances.remote import keys_file
from instances.remote.link import Link
from instances.remote.models import PlacedKey
from portal.accounts.models import User
from portal.core.errors import PortalError

logger = logging.getLogger(__name__)


@transaction.atomic
def placed(*, by: User, instance: Instance, person: User, login: str, key: str, fingerprint: str) -> None:
    """A key was added over a connection of `by`."""
    PlacedKey.objects.create(
        instance=instance, person=person, login=login, key=key, placed_by=by, at=timezone.now()
    )
    _record("remote.key-added", by, instance, login=login, fingerprint=fingerprint, person=str(person))


@transaction.atomic
def taken(*, by: User | None, instance: Instance, login: str, key: str, fingerprint: str) -> None:
    """A key was taken away, whoever had put it there."""
    there = PlacedKey.objects.filter(instance=instance, login=login, key=key, removed_at=None)
    there.update(removed_at=timezone.now())
    _record("remote.key-removed", by, instance, login=login, fingerprint=fingerprint)


def outdated(instance_id: str, login: str) -> list[PlacedKey]:
    """Those of people who may connect to the machine no more."""
    rows = PlacedKey.objects.filter(instance__pk=UUID(instance_id), login=login, removed_at=None)
    return [row for row in rows.select_related("person", "instance") if not _may(row.person, row.instance)]


async def after_connect(link: Link) -> int:
    """Take away what is there of people who may connect no more. How many went; what fails is tried again at the next
    connection, and disturbs no session."""
    try:
        rows = await sync_to_async(outdated, thread_sensitive=False)(link.way.instance_id, link.way.login)
        if not rows:
            return 0
        await keys_file.change(link, keys_file.Removal([row.key for row in rows]))
        for row in rows:
            await sync_to_async(_gone, thread_sensitive=False)(row)
    except (PortalError, OSError, asyncssh.Error) as error:
        logger.info("keys on machine %s were not taken away: %s", link.way.instance_id, error)
        return 0
    return len(rows)


def _gone(row: PlacedKey) -> None:
    taken(by=None, instance=row.instance, login=row.login, key=row.key, fingerprint=_print(row.key))


def _print(key: str) -> str:
    return asyncssh.import_public_key(key).get_fingerprint()


def _may(person: User, instance: Instance) -> bool:
    try:
        connectable(person, instance.pk)
    except PortalError:
        return False
    return person.is_active


def _record(action: str, by: User | None, instance: Instance, **detail: object) -> None:
    trail.record(
        action,
        instance,
        by=by,
        **detail,
    )
