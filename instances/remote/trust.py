"""Which machines take our certificates: told at launch, installed later, taught of new authorities, taken away."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from allocations.roles import Need
from instances import live, trail
from instances.access import instance_for
from instances.models import Instance
from instances.remote import authority
from instances.remote.models import MachineTrust
from portal.accounts.models import User
from portal.core.errors import PortalError


def of(instance: Instance) -> MachineTrust | None:
    return MachineTrust.objects.filter(instance=instance).first()


def launched(instance: Instance, login: str, authorities: Sequence[str]) -> None:
    """The server of a launch is there. A worker that died just then says so twice, to no harm."""
    MachineTrust.objects.get_or_create(
        instance=instance,
        defaults={
            "login": login,
            "authorities": list(authorities),
            "at_launch": list(authorities),
            "how": MachineTrust.How.LAUNCH,
            "at": timezone.now(),
        },
    )


@transaction.atomic
def installed(*, by: User, instance: Instance, login: str, authorities: Sequence[str] = ()) -> MachineTrust:
    """Trust was put into a machine over a connection of `by`, or by their own hand as they say."""
    instance = instance_for(by, instance.pk, Need.ACT)
    before = MachineTrust.objects.select_for_update().filter(instance=instance).first()
    told = list(authorities) or authority.trusted()
    kept = before.at_launch if before is not None and before.login == login else []
    row, _ = MachineTrust.objects.update_or_create(
        instance=instance,
        defaults={
            "login": login,
            "authorities": told,
            "at_launch": kept,
            "how": MachineTrust.How.INSTALLED,
            "at": timezone.now(),
        },
    )
    _record("remote.trust-installed", by, instance, login=login)
    live.push_on_commit([instance.pk])
    return row


@transaction.atomic
def removed(*, by: User, instance: Instance) -> None:
    """The machine takes our certificates no more; from now on people bring a key or a password of their own."""
    instance = instance_for(by, instance.pk, Need.ACT)
    trust = MachineTrust.objects.select_for_update().filter(instance=instance).first()
    if trust is None:
        raise PortalError("remote:no-trust", name=instance.name)
    trust.delete()
    _record("remote.trust-removed", by, instance, login=trust.login)
    live.push_on_commit([instance.pk])


@transaction.atomic
def taught(*, instance: Instance, authorities: Sequence[str]) -> None:
    """The portal itself, over somebody's connection, brought a machine the newest authorities."""
    changed = MachineTrust.objects.filter(instance=instance).update(authorities=list(authorities))
    if changed:
        _record("remote.trust-renewed", None, instance, authorities=len(authorities))


@transaction.atomic
def rebuilt(instance: Instance) -> None:
    """Its disk was made anew: what was installed on it is gone, and its user-data brought back what it holds."""
    trust = MachineTrust.objects.select_for_update().filter(instance=instance).first()
    if trust is None or (trust.how == MachineTrust.How.LAUNCH and trust.authorities == trust.at_launch):
        return
    if trust.at_launch:
        trust.authorities, trust.how = trust.at_launch, MachineTrust.How.LAUNCH
        trust.save(update_fields=["authorities", "how"])
    else:
        trust.delete()
    _record("remote.trust-lost", None, instance, login=trust.login, why="new host keys on the console")


def lacks(trust: MachineTrust | None) -> list[str]:
    """What a machine that takes certificates ought to be told: all authorities; empty when it knows them all."""
    if trust is None:
        return []
    wanted = authority.trusted()
    return wanted if set(wanted) != set(trust.authorities) else []


def _record(action: str, by: User | None, instance: Instance, **detail: object) -> None:
    trail.record(
        action,
        instance,
        by=by,
        **detail,
    )
