"""What a list does not tell: Nova's record of one server, and what its guest reports on the console."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from instances import console, exosphere, live
from instances.console import Reading
from instances.mirror import readers
from instances.mirror.fields import clean, setup_of
from instances.models import CloudAction, ConsoleLog, Instance
from instances.statuses import ACTIVE
from portal.cloud import servers
from portal.cloud.connection import Cloud
from portal.cloud.types import ServerAction
from portal.core import events, presence
from portal.core.errors import PortalError
from portal.operations import services as operations

OnConsole = Callable[[Instance, Reading], None]
_listeners: list[OnConsole] = []

LOG_KEPT = 200_000
_SOON, _PAGE, _SETUP, _USAGE, _USAGE_IDLE = (timedelta(seconds=s) for s in (3, 15, 20, 60, 600))
_YOUNG = timedelta(minutes=10)
# Exosphere's own limits for set-up.
_WAITING_AT_MOST, _RUNNING_AT_MOST = timedelta(minutes=20), timedelta(hours=2)


def on_console(function: OnConsole) -> OnConsole:
    """Call `function(instance, reading)` whenever a console log was read: for usage lines and such."""
    if function not in _listeners:
        _listeners.append(function)
    return function


def due(now: datetime, limit: int) -> list[Instance]:
    """Machines whose console is worth reading: on an open page, in set-up, or reporting usage there."""
    pages = [group.partition(".")[2] for group in presence.watched("instance.")]
    young = Q(launched_at__gt=now - _YOUNG)
    in_setup = Q(setup_status__in=exosphere.OPEN_SETUP, metadata__has_key="exoServerVersion")
    reporting = Q(metadata__has_key="exoServerVersion") & ~Q(metadata__has_key=exosphere.INSTANCE_KEY)
    wanted = (
        (Q(pk__in=pages) & _older(now - _PAGE))
        | (in_setup & young & _older(now - _SOON))
        | (in_setup & _older(now - _SETUP))
        | (reporting & Q(allocation_id__in=_watched_lists()) & _older(now - _USAGE))
        | (reporting & _older(now - _USAGE_IDLE))
    )
    found = Instance.objects.filter(wanted, status=ACTIVE, deleted_at=None).exclude(server_id="")
    return list(found.order_by("console_read_at")[:limit])


def _older(than: datetime) -> Q:
    return Q(console_read_at=None) | Q(console_read_at__lt=than)


def _watched_lists() -> list[int]:
    keys = (group.partition(".")[2] for group in presence.watched("allocation."))
    return [int(key) for key in keys if key.isdigit()]


def read(instance: Instance) -> None:
    """Read both and write what is new. The record is for people, so it waits for an open page."""

    def step(cloud: Cloud) -> None:
        read_console(instance, cloud)
        if presence.watching(f"instance.{instance.pk}"):
            store_actions(instance, servers.actions_of(cloud, instance.server_id))

    readers.read(instance.allocation, step)


def read_console(instance: Instance, cloud: Cloud) -> None:
    try:
        text = servers.console_output(cloud, instance.server_id)
    except PortalError as error:
        if error.outcome == "auth":
            raise
        ConsoleLog.objects.update_or_create(instance=instance, defaults={"error_id": error.id[:64]})
        return
    found = console.read(text)
    ConsoleLog.objects.update_or_create(
        instance=instance,
        defaults={"text": text[-LOG_KEPT:].replace("\0", ""), "read_at": timezone.now(), "error_id": ""},
    )
    status = take_reading(instance, found)
    if status:
        _tell_exosphere(instance, cloud, status)
    for listener in _listeners:
        listener(instance, found)
    events.publish(
        [f"instance.{instance.pk}"], events.Changed("instance:console-log", {"id": str(instance.pk)})
    )


@transaction.atomic
def take_reading(instance: Instance, found: Reading) -> str:
    """Write set-up and host keys; returns the set-up status if it moved on, else nothing."""
    row = Instance.objects.select_for_update().get(pk=instance.pk)
    now = timezone.now()
    keys = list(found.host_keys) or row.host_keys
    status, at = row.setup_status, row.setup_at
    if exosphere.marks_of(row.metadata).version is not None:
        status, at = _setup(row, found, now)
    moved, new_keys = status != row.setup_status, keys != row.host_keys
    if not moved and not new_keys:
        return ""
    row.setup_status, row.setup_at, row.host_keys = status, at, keys
    row.version += 1
    row.save(update_fields=["setup_status", "setup_at", "host_keys", "version"])
    live.push_on_commit([row.pk])
    operations.wake("instance", [row.pk])
    return status if moved else ""


def _setup(row: Instance, found: Reading, now: datetime) -> tuple[str, datetime | None]:
    current = setup_of(row.metadata, row.setup_status)[0] or "waiting"
    if found.setup is not None and (status := console.forward(current, found.setup.status)) != current:
        return status, found.setup.at or now
    age = now - (row.launched_at or row.created_at)
    too_long = (current == "waiting" and age > _WAITING_AT_MOST) or age > _RUNNING_AT_MOST
    if current in exosphere.OPEN_SETUP and too_long:
        return "timeout", now
    return current, row.setup_at


def _tell_exosphere(instance: Instance, cloud: Cloud, status: str) -> None:
    """Write the status where Exosphere looks for it. Best effort: any other portal may do the same."""
    row = Instance.objects.get(pk=instance.pk)
    try:
        servers.set_metadata(
            cloud, row.server_id, {exosphere.SETUP_KEY: exosphere.setup_text(status, row.setup_at)}
        )
    except PortalError as error:
        if error.outcome == "auth":
            raise


@transaction.atomic
def store_actions(instance: Instance, actions: list[ServerAction]) -> None:
    """Nova's record, newest first, kept also for what was done from other portals."""
    known = dict(instance.cloud_actions.values_list("request_id", "updated_at"))
    news = [action for action in actions if known.get(action.request_id[:64], ...) != action.updated]
    rows = [
        CloudAction(
            instance=instance,
            request_id=action.request_id[:64],
            action=clean(action.action, 64),
            user_id=clean(action.user_id, 64),
            message=clean(action.message, 255),
            started_at=action.started,
            updated_at=action.updated,
        )
        for action in news
    ]
    CloudAction.objects.bulk_create(
        rows,
        update_conflicts=True,
        update_fields=["action", "user_id", "message", "started_at", "updated_at"],
        unique_fields=["instance", "request_id"],
    )
    Instance.objects.filter(pk=instance.pk).update(details_read_at=timezone.now())
    if news:
        events.publish(
            [f"instance.{instance.pk}"], events.Changed("instance:timeline", {"id": str(instance.pk)})
        )
