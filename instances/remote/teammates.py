"""Who else may log in to one machine: members of its allocation whom its owner, or who manages it, lets in."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from allocations.models import Membership
from allocations.roles import Need, allows, having
from instances import trail
from instances.access import connectable, instance_for
from instances.models import Instance, Teammate
from instances.remote import closing
from instances.remote.models import RemoteSession
from portal.accounts.models import User
from portal.core import events
from portal.core.errors import PortalError

_USERS = [role for role in having(Need.ACT) if not allows(role, Need.ACT_ON_OTHERS)]


def of(instance: Instance) -> QuerySet[Teammate]:
    return Teammate.objects.filter(instance=instance).select_related("user", "granted_by").order_by("at")


def candidates(instance: Instance) -> QuerySet[User]:
    """Members who may use machines and cannot open this one yet: who manages the allocation can anyway."""
    members = Membership.objects.filter(allocation=instance.allocation_id, ended_at=None, role__in=_USERS)
    return (
        User.objects.filter(pk__in=members.values("user"), is_active=True)
        .exclude(instances=instance)
        .exclude(let_into__instance=instance)
        .order_by("display_name", "username")
    )


@transaction.atomic
def let_in(*, by: User, instance: Instance, person: int) -> Teammate:
    """PortalError `portal:forbidden`, or `remote:teammate-unknown` for who is no such member. Twice is once."""
    instance = instance_for(by, instance.pk, Need.ACT)
    there = of(instance).filter(user=person).first()
    if there is not None:
        return there
    found = candidates(instance).filter(pk=person).first()
    if found is None:
        raise PortalError("remote:teammate-unknown", person="That person")
    made, _ = Teammate.objects.get_or_create(
        instance=instance, user=found, defaults={"granted_by": by, "at": timezone.now()}
    )
    _record("remote.teammate-added", by, instance, found)
    return made


@transaction.atomic
def shut_out(*, by: User, instance: Instance, person: int) -> None:
    """Their sessions end at once; keys that the portal placed for them go when the machine is next connected to."""
    instance = instance_for(by, instance.pk, Need.ACT)
    found = Teammate.objects.filter(instance=instance, user=person).select_related("user").first()
    if found is None:
        raise PortalError("portal:not-found")
    user = found.user
    found.delete()
    _record("remote.teammate-removed", by, instance, user)
    if not _still(user, instance):
        for session in RemoteSession.objects.filter(instance=instance, person=user, ended_at=None):
            closing.finish(session, "no-access", by=by)
    events.publish([f"user.{user.pk}"], events.AccessChanged())


def _still(user: User, instance: Instance) -> bool:
    try:
        connectable(user, instance.pk)
    except PortalError:
        return False
    return True


def _record(action: str, by: User, instance: Instance, person: User) -> None:
    trail.record(
        action,
        instance,
        by=by,
        person=str(person),
        person_id=person.pk,
    )
