"""Telling people, once, in every way that each of them chose."""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal

from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.core import bulk, events
from portal.notices import choosing, kinds, mails, outgoing, words
from portal.notices.attachments import Attachment
from portal.notices.models import Choice, Notice, Told
from portal.notices.telling import Telling

LevelName = Literal["info", "success", "warning", "danger"]
CHANGED = "notices:changed"


def tell(
    kind: str,
    *,
    to: Iterable[User],
    key: str,
    title: str,
    text: str,
    url: str = "",
    level: LevelName = "info",
    scope: str = "",
    attachments: Sequence[Attachment] = (),
) -> int:
    """Tell each of these people once for ever per key, in the caller's transaction. How many had not heard it.

    `key` names the event. `text` is plain, of a few lines; `url` a path of the portal; `scope` as in the audit.
    What leaves the portal is sent by workers after the commit. A fixed number of queries for any number of people.
    """
    telling = Telling(
        kind=kinds.known(kind),
        key=_key(key),
        title=words.one_line(title),
        text=words.lines(text),
        url=words.own_path(url),
        level=level,
        scope=scope[:255],
        at=timezone.now(),
    )
    people = {person.pk: person for person in to if person.is_active}
    with transaction.atomic():
        new = _not_told(people, telling.key)
        if new:
            _hand_out(telling, new, attachments)
    return len(new)


def mail(
    *,
    to_address: str,
    subject: str,
    text: str,
    key: str,
    url: str = "",
    attachments: Sequence[Attachment] = (),
) -> bool:
    """One e-mail, once per key, to somebody who is no user yet. False where it went before or no mail is configured.

    PortalError `notices:bad-address` for an address that is none.
    """
    return mails.to_address(
        address=to_address,
        subject=words.one_line(subject),
        text=words.lines(text),
        key=_key(key),
        url=words.own_path(url),
        attachments=attachments,
    )


def told(keys: Collection[str], people: Collection[int]) -> set[str]:
    """Which of these keys any of these people (by number) heard of already. One query."""
    rows = Told.objects.filter(user__in=people, key__in=keys) if keys else Told.objects.none()
    return set(rows.values_list("key", flat=True))


def _key(key: str) -> str:
    if not key or len(key) > 200:
        raise ValueError(f"the key of a notice has 1 to 200 characters: {key!r}")
    return key


def _not_told(people: dict[int, User], key: str) -> list[User]:
    """Those who had not been told, and now count as told. Of two workers at once, each person goes to one."""
    before = set(Told.objects.filter(key=key, user__in=people).values_list("user_id", flat=True))
    rows = [Told(user=person, key=key) for pk, person in people.items() if pk not in before]
    if not rows:
        return []
    bulk.insert(rows)
    ours = Told.objects.filter(pk__in=[row.pk for row in rows]).values_list("user_id", flat=True)
    return [people[pk] for pk in ours]


def _hand_out(telling: Telling, people: Sequence[User], attachments: Sequence[Attachment]) -> None:
    chosen = {row.user_id: row for row in Choice.objects.filter(user__in=people, kind=telling.kind.name)}
    by_way = {
        way: [person for person in people if choosing.wants(telling.kind, chosen.get(person.pk), way)]
        for way in kinds.WAYS
    }
    _into_inboxes(telling, by_way[kinds.PAGE])
    mails.of_telling(telling, by_way[kinds.MAIL], attachments)
    outgoing.of_telling(telling, by_way[kinds.WEBHOOK])


def _into_inboxes(telling: Telling, people: Sequence[User]) -> None:
    bulk.insert(
        [
            Notice(
                user=person,
                kind=telling.kind.name,
                scope=telling.scope,
                level=telling.level,
                title=telling.title,
                text=telling.text,
                url=telling.url,
                created_at=telling.at,
            )
            for person in people
        ]
    )
    if people:
        events.publish([f"user.{person.pk}" for person in people], events.Changed(CHANGED))
