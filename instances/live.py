"""Pushing machines to open pages: rendered once for each version, the same for everybody who may see them."""

import logging
from collections.abc import Iterable
from uuid import UUID

from django.db import transaction
from django.template.loader import render_to_string
from redis.exceptions import RedisError

from instances.models import Instance
from instances.rows import Row, rows
from portal.core import events, presence

logger = logging.getLogger(__name__)

ROW, STATUS = "instances/_row.html", "instances/_status.html"


def push_on_commit(ids: Iterable[UUID | str]) -> None:
    """Show these machines as they are once the current transaction has committed."""
    wanted = [str(pk) for pk in ids]
    if wanted:
        transaction.on_commit(lambda: push(wanted), robust=True)


def push(ids: Iterable[UUID | str]) -> None:
    """Send now, to pages that are open. Best effort: a page that misses it refetches by and by."""
    found = Instance.objects.filter(pk__in=list(ids)).select_related("allocation", "owner")
    try:
        _send(rows(list(found)))
    except (OSError, RedisError) as error:
        logger.warning("machines were not pushed, pages will heal by refetching: %s", error)


def _send(shown: list[Row]) -> None:
    lists = presence.watched("allocation.")
    pages = presence.watched("instance.")
    for row in shown:
        instance = row.instance
        group = f"allocation.{instance.allocation_id}"
        if group in lists:
            events.send([group], _event(row, "row", ROW, "instances:changed"))
        group = f"instance.{instance.pk}"
        if group in pages:
            events.send([group], _event(row, "status", STATUS, "instance:changed"))


def _event(row: Row, kind: str, template: str, name: str) -> events.Html:
    instance = row.instance
    return events.Html(
        element=f"{kind}-{instance.pk}",
        version=instance.version,
        html=render_to_string(template, {"row": row}),
        name=name,
        detail={"id": str(instance.pk), "deleted": instance.deleted_at is not None},
    )


def catalogue_changed(allocation_id: int, slug: str) -> None:
    """Launch pages fetch what they offer again."""
    events.publish(
        [f"allocation.{allocation_id}"], events.Changed("instances:catalogue", {"allocation": slug})
    )
