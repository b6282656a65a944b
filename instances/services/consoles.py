"""Console links and console logs: secrets for one person for a minute, and a log that a worker reads."""

import json
from dataclasses import dataclass, field

from instances.models import Instance
from instances.queue import enqueue
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.redis_client import client
from portal.core.seal import seal, unseal
from portal.operations.models import Operation

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class ConsoleLink:
    """The URL opens the machine's screen for whoever has it: never store or log it."""

    url: str = field(repr=False)
    type: str


def deliver(*, operation: Operation, url: str, type: str) -> None:
    """Keep the link, sealed, until its person fetches it or a minute is over."""
    client().set(_key(operation), seal(json.dumps({"url": url, "type": type})), ex=_SECONDS)


def console_url(*, operation: Operation, by: User) -> ConsoleLink | None:
    """The link, once, for the person who asked. None while the cloud has not given it yet."""
    if operation.by_id != by.pk or operation.kind != "instance.console":
        raise PortalError("portal:not-found")
    sealed = client().getdel(_key(operation))
    if isinstance(sealed, bytes):
        found = json.loads(unseal(sealed.decode()))
        return ConsoleLink(found["url"], found["type"])
    if operation.live:
        return None
    if operation.error_id:
        raise PortalError(operation.error_id, detail=operation.error_detail, **operation.error_params)
    raise PortalError("instances:console-expired")


def refresh_console(*, instance: Instance) -> None:
    """Have the log and the cloud's own history of the machine read by a worker."""
    if instance.server_id and instance.deleted_at is None:
        enqueue("mirror.read_instance", str(instance.pk))


def _key(operation: Operation) -> str:
    return f"console:{operation.pk}"
