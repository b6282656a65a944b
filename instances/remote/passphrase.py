"""Exosphere's passphrase of a machine, where the cloud keeps it: read by a worker as the person, for one use.

It lies sealed in Redis for half a minute and nowhere else; queue messages carry the id of the question only.
"""

import asyncio
import json
import re
import secrets
import time

from asgiref.sync import sync_to_async
from django.db import transaction

from instances import trail
from instances.access import connectable
from instances.exosphere import maker
from instances.mirror.readers import as_person
from instances.models import Instance
from instances.queue import enqueue
from portal.accounts import credentials
from portal.accounts.models import User
from portal.cloud import servers
from portal.cloud.connection import Cloud
from portal.core.errors import PortalError
from portal.core.limits import check as check_limit
from portal.core.redis_client import client
from portal.core.seal import seal, unseal

ASK_SECONDS, ANSWER_SECONDS = 60, 30
WAIT_SECONDS = 20.0
_EACH = 0.2
_MOST_AN_HOUR = 60
_TAG = "exoPw:"
_METADATA = "exouserPassword"
_LONGEST = 128
# What Exosphere's guests post is words; a password that Nova sealed for somebody's key is none of ours.
_WORDS = re.compile(r"[a-z]{1,8}(?: [a-z]{1,8}){3,15}")


def kept_at_the_cloud(instance: Instance) -> bool:
    """Whether it is worth asking: only Exosphere's own machines have one."""
    return maker(instance.metadata, str(instance.pk)) == "exosphere"


@transaction.atomic
def ask(*, by: User, instance: Instance, to_show: bool) -> str:
    """Have it read; `fetch` gives it, once, to the same person. That it was asked for is in the record."""
    instance = connectable(by, instance.pk)
    if not kept_at_the_cloud(instance) or not instance.server_id:
        raise PortalError("remote:no-passphrase", name=instance.name)
    check_limit(f"passphrase:{by.pk}", most=_MOST_AN_HOUR, seconds=3600)
    question = secrets.token_urlsafe(24)
    client().set(_asked(question), json.dumps([by.pk, str(instance.pk)]), ex=ASK_SECONDS)
    trail.record(
        "remote.passphrase-shown" if to_show else "remote.passphrase-used",
        instance,
        by=by,
    )
    transaction.on_commit(lambda: enqueue("remote.read_passphrase", question))
    return question


def fetch(*, by: User, instance: Instance, ask: str) -> str | None:
    """The passphrase, once; None while the cloud has not been read. PortalError says why there is none."""
    sealed = client().get(_answered(ask, by, instance))
    if isinstance(sealed, bytes) and client().delete(_answered(ask, by, instance)):
        found = json.loads(unseal(sealed.decode()))
        if found["problem"]:
            raise PortalError(found["problem"], name=instance.name)
        return str(found["text"])
    return None


async def stored(instance: Instance, user: User) -> str:
    """For a session that is about to sign in: asked for, waited for, and gone from Redis.

    PortalError `remote:no-passphrase`, `remote:passphrase-late`, or why the cloud did not tell.
    """
    question = await sync_to_async(ask, thread_sensitive=False)(by=user, instance=instance, to_show=False)
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        found = await sync_to_async(fetch, thread_sensitive=False)(by=user, instance=instance, ask=question)
        if found is not None:
            return found
        await asyncio.sleep(_EACH)
    raise PortalError("remote:passphrase-late", outcome="retry", name=instance.name)


def read(question: str) -> None:
    """The worker's part. Who asked is looked at again: the right may be gone, and the message may come twice."""
    asked = client().getdel(_asked(question))
    if not isinstance(asked, bytes):
        return
    user_id, instance_id = json.loads(asked)
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        return
    try:
        instance = connectable(user, instance_id)
    except PortalError:
        return
    text, problem = _read(user, instance)
    answer = seal(json.dumps({"text": text, "problem": problem}))
    client().set(_answered(question, user, instance), answer, ex=ANSWER_SECONDS)


def _read(user: User, instance: Instance) -> tuple[str, str]:
    """The passphrase, or the id of what stood in the way."""
    allocation = instance.allocation
    try:
        found = _at_the_cloud(as_person(allocation, user), instance.server_id)
    except PortalError as error:
        if error.outcome == "auth" and error.id.startswith("cloud:"):
            credentials.refuse(user, allocation.cloud, allocation.project_id)
        return "", error.id
    return (found, "") if found else ("", "remote:no-passphrase")


def _at_the_cloud(cloud: Cloud, server_id: str) -> str:
    """A tag since 2022, metadata before; the server's password only until Exosphere has made a tag of it."""
    server = servers.get_server(cloud, server_id)
    tagged = next((tag.removeprefix(_TAG) for tag in server.tags if tag.startswith(_TAG)), "")
    found = tagged or server.metadata.get(_METADATA, "")
    if not found:
        posted = servers.server_password(cloud, server_id)
        found = posted if _WORDS.fullmatch(posted) else ""
    return found if len(found) <= _LONGEST and found.isprintable() else ""


def _asked(question: str) -> str:
    return f"passphrase-ask:{question[:64]}"


def _answered(question: str, user: User, instance: Instance) -> str:
    return f"passphrase:{user.pk}:{instance.pk}:{question[:64]}"
