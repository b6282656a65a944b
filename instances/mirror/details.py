"""What a list does not tell: Nova's record of one server, and what its guest reports on the console."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from instances import console, exosphere, live, meter
from instances.console import Reading
from instances.mirror import readers
from instances.mirror.fields import clean, setup_of
from instances.models import CloudAction, ConsoleLog, Instance
from portal.cloud import servers
from portal.cloud.connection import Cloud
from portal.cloud.types import ServerAction
from portal.core import events, presence
from portal.core.errors import PortalError
from portal.operations import services as operations

OnConsole = Callable[[Instance, Reading], None]
_listeners: list[OnConsole] = []

LOG_KEPT = 200_000
# Exosphere's own limits for set-up.
_WAITING_AT_MOST, _RUNNING_AT_MOST = timedelta(minutes=20), timedelta(hours=2)


def on_console(function: OnConsole) -> OnConsole:
    """Call `function(instance, reading)` whenever a console log was read: for usage lines and such."""
    if function not in _listeners:
        _listeners.append(function)
    return function


def read(instance: Instance, lines: int | None = None) -> None:
    """Read both and write what is new. The record is for people, so it waits for an open page.

    `lines`: only so many from the end of the console log; None: all of it.
    """

    def step(cloud: Cloud) -> None:
        read_console(instance, cloud, lines)
        if presence.watching(f"instance.{instance.pk}"):
            since = store_actions(instance, servers.actions_of(cloud, instance.server_id))
            if since is not None:
                meter.settle_soon(instance.pk, since)

    try:
        readers.read(instance.allocation, step)
    except PortalError as error:
        _unread(instance, error)
        raise


def read_console(instance: Instance, cloud: Cloud, lines: int | None = None) -> None:
    try:
        text = servers.console_output(cloud, instance.server_id, lines)
    except PortalError as error:
        if error.outcome == "auth":
            raise
        _unread(instance, error)
        return
    found = console.read(text)
    if lines is None:
        _keep(instance, text)
    status = take_reading(instance, found)
    if status:
        _tell_exosphere(instance, cloud, status)
    for listener in _listeners:
        listener(instance, found)
    events.publish(
        [f"instance.{instance.pk}"], events.Changed("instance:console-log", {"id": str(instance.pk)})
    )


def _unread(instance: Instance, error: PortalError) -> None:
    """Said on the page; and what was printed meanwhile is made up for by the next reading, which takes the whole log."""
    ConsoleLog.objects.update_or_create(instance=instance, defaults={"error_id": error.id[:64]})


def _keep(instance: Instance, text: str) -> None:
    """A whole log, for the page that shows it. Part of one would look as if the rest were gone."""
    ConsoleLog.objects.update_or_create(
        instance=instance,
        defaults={"text": text[-LOG_KEPT:].replace("\0", ""), "read_at": timezone.now(), "error_id": ""},
    )


@transaction.atomic
def take_reading(instance: Instance, found: Reading) -> str:
    """Write set-up and host keys; returns the set-up status if it moved on, else nothing."""
    row = Instance.objects.select_for_update().get(pk=instance.pk)
    now = timezone.now()
    keys = list(found.host_keys) or row.host_keys
    status, at = row.setup_status, row.setup_at
    if exosphere.marks_of(row.metadata).reports_setup:
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
    current = setup_of(row.metadata, row.setup_status)[0]
    if found.setup is not None and (status := console.forward(current, found.setup.status)) != current:
        return status, found.setup.at or now
    age = now - (row.launched_at or row.created_at)
    too_long = (current == "waiting" and age > _WAITING_AT_MOST) or age > _RUNNING_AT_MOST
    # Of a machine that nobody ever said anything of, nothing is known, however old it is.
    if current in exosphere.OPEN_SETUP and too_long:
        return "timeout", now
    return current, row.setup_at


def _tell_exosphere(instance: Instance, cloud: Cloud, status: str) -> None:
    """Write the status where Exosphere looks for it, unless what stands there now is as far or further.

    Best effort: any other portal may do the same, and may have done so since the server was last read.
    """
    row = Instance.objects.get(pk=instance.pk)
    try:
        there = exosphere.marks_of(servers.get_server(cloud, row.server_id).metadata)
        standing = there.setup.status if there.setup else ""
        if not there.reports_setup or console.forward(standing, status) == standing:
            return
        servers.set_metadata(
            cloud, row.server_id, {exosphere.SETUP_KEY: exosphere.setup_text(status, row.setup_at)}
        )
    except PortalError as error:
        if error.outcome == "auth":
            raise


@transaction.atomic
def store_actions(instance: Instance, actions: list[ServerAction]) -> datetime | None:
    """Nova's record, newest first, kept also for what was done from other portals. Since when there is news in it."""
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
    return min((action.started for action in news), default=None)
