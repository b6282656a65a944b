"""Open pages learn that something about sessions changed, and fetch what they show of it."""

from django.db import transaction

from instances import hooks_seats
from instances.models import Instance
from instances.remote.models import RemoteSession
from portal.core import events

# What the processes that hold sessions listen to, besides `remote:end` (`instances.remote.opening`).
SHARE, RECORDING = "remote:share", "remote:recording"


def changed(session: RemoteSession) -> None:
    """After commit: who is on it, in which mode, whether it is recorded, how it ended; best effort, pages heal."""
    transaction.on_commit(lambda: _send(session), robust=True)


def _send(session: RemoteSession) -> None:
    instance_id = str(session.instance_id)
    groups = [f"remote-of.{instance_id}", f"user.{session.person_id}"]
    allocation = (
        Instance.objects.filter(pk=session.instance_id).values_list("allocation_id", flat=True).first()
    )
    if allocation is not None:
        groups.append(f"remote-of-all.{allocation}")
    events.send_best_effort(
        [f"remote.{session.pk}"], events.Changed("remote:changed", {"session": str(session.pk)})
    )
    events.send_best_effort(groups, events.Changed("remote-of:changed", {"instance": instance_id}))
    hooks_seats.tell_visit(session.instance_id)


def holder(session: RemoteSession, name: str) -> None:
    """After commit: the process that holds the session is to look again at what `name` is about."""
    events.publish([f"remote.{session.pk}"], events.Changed(name, {"session": str(session.pk)}))


def person(user_id: int, *, text: str, url: str = "", label: str = "") -> None:
    """After commit: a message on the person's open pages, with a link where there is one."""
    told = {"level": "info", "text": text, "url": url, "label": label}
    events.publish([f"user.{user_id}"], events.Changed("toast", {"toasts": [told]}))
    events.publish([f"user.{user_id}"], events.Changed("remote:invited"))


def person_again(user_id: int) -> None:
    """After commit: what lists invitations to the person fetches them again."""
    events.publish([f"user.{user_id}"], events.Changed("remote:invited"))
