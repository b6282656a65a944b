"""Which host keys of a machine are known: what its console log told, and what a person vouched for.

Nothing is learnt from the first connection: whoever answers there could be anybody.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from allocations.roles import Need
from instances import trail
from instances.access import instance_for
from instances.console import Reading
from instances.models import Instance
from instances.remote import trust
from instances.remote.models import HostKeyPin
from instances.ssh_config import good_keys
from portal.accounts.models import User
from portal.core.errors import PortalError

# What a person types from the machine's screen: enough that nobody finds a key with the same end (43 characters in all).
TYPED = 8


@dataclass(frozen=True, slots=True)
class Known:
    """One key as a page shows it. `pin` where a person vouched for it."""

    kind: str
    fingerprint: str
    key: str
    pin: HostKeyPin | None = None


def known(instance: Instance) -> list[str]:
    """`<type> <base64>` each; empty where nobody has said anything yet.

    Where a person vouched for keys, those of the console are of an earlier time: it ends the pins itself when it
    prints others.
    """
    pinned = [str(key) for key in _pins(instance).values_list("key", flat=True)]
    return list(dict.fromkeys(pinned or map(str, instance.host_keys)))


def shown(instance: Instance) -> list[Known]:
    """For a page, those that count first: with fingerprints as `ssh-keygen -l` prints them."""
    pins = list(_pins(instance).select_related("accepted_by"))
    if pins:
        return [Known(_kind(pin.key), fingerprint(pin.key), pin.key, pin) for pin in pins]
    return [Known(_kind(key), fingerprint(key), key) for key in good_keys(list(map(str, instance.host_keys)))]


def fingerprint(key: str) -> str:
    """`SHA256:…` of `<type> <base64>`; empty when it is no key."""
    parts = key.split()
    try:
        blob = base64.b64decode(parts[1], validate=True) if len(parts) > 1 else b""
    except (binascii.Error, ValueError):
        return ""
    if not blob:
        return ""
    return f"SHA256:{base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip('=')}"


@transaction.atomic
def pin(*, by: User, instance: Instance, key: str, typed: str) -> HostKeyPin:
    """`by` compared the key with the machine's own screen, and typed the end of its fingerprint from there."""
    instance = instance_for(by, instance.pk, Need.ACT)
    found = good_keys([" ".join(key.split()[:2])])
    print_ = fingerprint(found[0]) if found else ""
    if not print_:
        raise PortalError("portal:bad-input", reason="What the machine showed is not a host key.")
    if typed.strip().removeprefix("SHA256:")[-TYPED:] != print_[-TYPED:] or len(typed.strip()) < TYPED:
        raise PortalError("remote:typed-wrong", name=instance.name, count=TYPED)
    # Of one kind there is one: what was vouched for before is what somebody now says is over.
    for before in _pins(instance):
        if _kind(before.key) == _kind(found[0]):
            _end(before)
    made = HostKeyPin.objects.create(instance=instance, key=found[0], accepted_by=by, at=timezone.now())
    _record("remote.host-key-accepted", by, instance, fingerprint=print_, instead_of=_prints(instance))
    return made


@transaction.atomic
def unpin(*, by: User, instance: Instance, pk: int) -> None:
    instance = instance_for(by, instance.pk, Need.ACT)
    found = _pins(instance).filter(pk=pk).first()
    if found is None:
        raise PortalError("portal:not-found")
    _end(found)
    _record("remote.host-key-withdrawn", by, instance, fingerprint=fingerprint(found.key))


def console_was_read(instance: Instance, reading: Reading) -> None:
    """The console told other keys than before: what people vouched for meanwhile is over.

    `instance` is as it was before this reading. None of its keys left: its disk is another one, too.
    """
    said, before = set(reading.host_keys), set(map(str, instance.host_keys))
    if not said or said == before:
        return
    with transaction.atomic():
        _end_all(instance)
        if before and not said & before:
            trust.rebuilt(instance)


def _end_all(instance: Instance) -> None:
    ended = [fingerprint(one.key) for one in _pins(instance)]
    _pins(instance).update(ended_at=timezone.now())
    if ended:
        _record("remote.host-key-over", None, instance, fingerprints=ended)


def _pins(instance: Instance) -> QuerySet[HostKeyPin]:
    return HostKeyPin.objects.filter(instance=instance, ended_at=None).order_by("pk")


def _end(one: HostKeyPin) -> None:
    HostKeyPin.objects.filter(pk=one.pk, ended_at=None).update(ended_at=timezone.now())


def _kind(key: str) -> str:
    return key.split()[0] if key.split() else ""


def _prints(instance: Instance) -> Sequence[str]:
    return [fingerprint(str(key)) for key in instance.host_keys]


def _record(action: str, by: User | None, instance: Instance, **detail: object) -> None:
    trail.record(
        action,
        instance,
        by=by,
        **detail,
    )
