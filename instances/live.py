"""Pushing machines to open pages: rendered once for each version, the same for everybody who may see them."""

import logging
from collections.abc import Collection, Iterable
from uuid import UUID

from django.db import transaction
from django.template.loader import render_to_string
from redis.exceptions import RedisError

from instances import hooks
from instances.models import Instance
from instances.rows import Row, rows
from portal.core import events, presence

logger = logging.getLogger(__name__)

ROW, STATUS = "instances/_row.html", "instances/_status.html"


def push_on_commit(ids: Iterable[UUID | str]) -> None:
    """Show these machines as they are once the current transaction has committed."""
    wanted = [str(pk) for pk in ids]
    if wanted:
        transaction.on_commit(lambda: hooks.tell_seen(wanted), robust=True)
        transaction.on_commit(lambda: push(wanted), robust=True)


def push(ids: Iterable[UUID | str]) -> None:
    """Send now, to pages that are open. Best effort: a page that misses it refetches by and by."""
    lists, pages = presence.watched("allocation."), presence.watched("instance.")
    if not lists and not pages:
        return
    found = Instance.objects.filter(pk__in=list(ids)).select_related("allocation", "owner")
    open_ones = [one for one in found if _list_of(one) in lists or _page_of(one) in pages]
    try:
        for row in rows(open_ones):
            if _list_of(row.instance) in lists:
                events.send([_list_of(row.instance)], _event(row, "row", ROW, "instances:changed"))
            if _page_of(row.instance) in pages:
                events.send([_page_of(row.instance)], _event(row, "status", STATUS, "instance:changed"))
    except (OSError, RedisError) as error:
        logger.warning("machines were not pushed, pages will heal by refetching: %s", error)


def appeared(ids: Collection[str]) -> None:
    """Machines that no page shows yet: open lists fetch, once, instead of being sent each row."""
    lists = presence.watched("allocation.") if ids else set()
    if not lists:
        return
    places = Instance.objects.filter(pk__in=ids).values_list("allocation_id", "allocation__slug")
    for pk, slug in set(places):
        group = f"allocation.{pk}"
        if group in lists:
            events.send_best_effort([group], events.Changed("instances:changed", {"allocation": slug}))


def _list_of(instance: Instance) -> str:
    return f"allocation.{instance.allocation_id}"


def _page_of(instance: Instance) -> str:
    return f"instance.{instance.pk}"


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
