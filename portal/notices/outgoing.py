"""Putting what happened into the queue of the webhooks that want it. `delivering` sends it."""

import json
from collections.abc import Iterable, Sequence

from django.conf import settings
from django.db.models import Q

from portal.accounts.models import User
from portal.core import bulk
from portal.notices import enqueue
from portal.notices.models import Sending, Webhook
from portal.notices.telling import Telling


def of_telling(telling: Telling, people: Sequence[User]) -> None:
    """To the webhooks of these people, and to those that hear all of the scope: once each. Three queries."""
    theirs = Q(scope="", owner__in=people)
    of_scope = Q(scope=telling.scope) if telling.scope else Q(pk=None)
    listening = Webhook.objects.filter(theirs | of_scope, disabled_at=None).select_related("owner")
    rows = [_sending(telling, hook) for hook in listening if wants(hook.kinds, telling.kind.name)]
    bulk.insert(rows)
    if rows:
        enqueue.on_commit(enqueue.WEBHOOKS)


def wants(chosen: Iterable[str], kind: str) -> bool:
    """None chosen: all."""
    return not chosen or kind in chosen


def _sending(telling: Telling, hook: Webhook) -> Sending:
    return Sending(
        webhook=hook,
        kind=telling.kind.name,
        title=telling.title,
        key=telling.key,
        body=body_of(telling, hook),
        created_at=telling.at,
        due_at=telling.at,
    )


def body_of(telling: Telling, hook: Webhook) -> str:
    """What is sent, byte for byte: the signature is over it."""
    data = {
        "title": telling.title,
        "text": telling.text,
        "level": telling.level,
        "url": f"{settings.SITE_URL}{telling.url}" if telling.url else "",
        "scope": telling.scope,
        "person": "" if hook.scope else (hook.owner.access_id or hook.owner.username),
    }
    event = {"type": telling.kind.name, "timestamp": telling.at.isoformat(), "data": data}
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))
