"""What seats say of their own set-up, beside whether it is complete: a repository or data that did not come."""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction

from instances.console import Reading
from instances.models import Instance
from instances.workshops import live
from instances.workshops.guests.models import SetupNote
from instances.workshops.models import Seat

_ROLE = "helioRole"
_MOST = 24


def console_was_read(instance: Instance, found: Reading) -> None:
    if found.seat and instance.metadata.get(_ROLE) == "seat":
        _note(instance, found)


@transaction.atomic
def _note(instance: Instance, found: Reading) -> None:
    known = {note.what: note for note in SetupNote.objects.select_for_update().filter(instance=instance)}
    changed = False
    for one in found.seat[-_MOST:]:
        before = known.get(one.what)
        if before is not None and (before.ok, before.said) == (one.ok, one.said):
            continue
        if before is None and len(known) >= _MOST:
            continue
        values = {"ok": one.ok, "said": one.said, "at": one.at}
        known[one.what], _ = SetupNote.objects.update_or_create(
            instance=instance, what=one.what, defaults=values
        )
        changed = True
    if changed:
        live.seats_changed(list(Seat.objects.filter(instance=instance)))


def troubles(ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """What is missing on those of the machines where something is, in sentences; one query."""
    found: dict[UUID, list[str]] = {}
    for note in SetupNote.objects.filter(instance__in=ids, ok=False).order_by("what"):
        found.setdefault(note.instance_id, []).append(_sentence(note))
    return found


def _sentence(note: SetupNote) -> str:
    why = f": {note.said}" if note.said else ""
    if note.what == "repository":
        return f"The repository could not be fetched{why}. It is tried again for half an hour."
    if note.what.startswith("data-"):
        folder = note.what.removeprefix("data-")
        return f"The data at /data/{folder} is missing{why}. It is tried again for half an hour."
    return f"The learner's account is not let in{why}."
