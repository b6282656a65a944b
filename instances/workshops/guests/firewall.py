"""The one firewall group of a workshop's seats: found or made, kept true, removed."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from allocations.models import Allocation
from instances import lacking, ssh_rules
from instances.remote.jumps import jump_of
from instances.remote.models import JumpHost
from instances.remote.neighbours import networks_of
from instances.seat_spec import SeatSpec
from instances.services.portal_acts import lender
from instances.workshops.guests.isolation import Source, group_name, rules
from instances.workshops.guests.models import Firewall
from instances.workshops.models import Workshop
from portal.cloud import networks
from portal.cloud.config import clouds
from portal.cloud.connection import Cloud
from portal.operations import services as operations

KEEP_TRUE = "workshops.firewall"
# Somebody may have changed its rules elsewhere: it is looked at again.
_LOOK_AGAIN = timedelta(minutes=30)


def source_of(allocation: Allocation) -> Source:
    """Who reaches the seats, from the mirror. Until a jump host is there: the one that the portal will make."""
    port = clouds().cloud(allocation.cloud).portal.ssh_port
    if not lacking.has(allocation, "public-addresses"):
        # No machine gets an address besides its own, which the portal then reaches by itself.
        known = tuple(settings.REMOTE_SOURCE_ADDRESSES)
        return Source(addresses=known, port=port, anybody=not known)
    jump = jump_of(allocation)
    if jump is None or (jump.how == JumpHost.How.MADE and _in_group(jump)):
        return Source(jump_group=True)
    return Source(addresses=tuple(networks_of(jump.instance).values()), jump_group=_in_group(jump))


def _in_group(jump: JumpHost) -> bool:
    """One that is being made will be; of one that is there the mirror knows."""
    groups = jump.instance.security_groups
    return ssh_rules.JUMP_GROUP in groups or (not groups and jump.how == JumpHost.How.MADE)


def ensure(cloud: Cloud, allocation: Allocation, seat: SeatSpec) -> str:
    """The id of the group, with exactly the rules that it has to have now. Looks before it makes anything."""
    return put(cloud, allocation, seat.workshop, seat.title)


def put(cloud: Cloud, allocation: Allocation, workshop_id: UUID, title: str) -> str:
    source = source_of(allocation)
    jump_group = _jump_group(cloud, allocation) if source.jump_group else ""
    group = networks.ensure_security_group(
        cloud,
        group_name(workshop_id),
        rules(source, jump_group),
        f"Seats of a workshop, kept from each other: {title}"[:255],
    )
    Firewall.objects.update_or_create(
        workshop_id=workshop_id,
        defaults={"group_id": group.id, "source": source.key[:2000], "put_at": timezone.now()},
    )
    return group.id


def _jump_group(cloud: Cloud, allocation: Allocation) -> str:
    """As launches of jump hosts have it (`instances.steps.prepare`)."""
    port = clouds().cloud(allocation.cloud).portal.ssh_port
    preset = ssh_rules.jump_group(settings.REMOTE_SOURCE_ADDRESSES, port)
    return networks.ensure_security_group(cloud, preset.name, preset.rules, preset.description).id


@transaction.atomic
def keep_true(workshop: Workshop) -> None:
    """Another jump host, or half an hour: a worker looks at the group. One operation at a time."""
    known = Firewall.objects.select_for_update().filter(workshop=workshop).first()
    if known is None or not _is_due(known, source_of(workshop.allocation)):
        return
    if operations.live_for("workshop", [workshop.pk]):
        return
    allocation = workshop.allocation
    operations.submit(
        kind=KEEP_TRUE,
        by=lender(allocation, owner_id=workshop.owner_id, name=workshop.title),
        cloud=allocation.cloud,
        region=allocation.region,
        project_id=allocation.project_id,
        target_type="workshop",
        target_id=workshop.pk,
        target_name=workshop.title,
        spec={},
    )


def _is_due(known: Firewall, source: Source) -> bool:
    return known.source != source.key[:2000] or timezone.now() - known.put_at > _LOOK_AGAIN


def remove(cloud: Cloud, workshop: Workshop) -> bool:
    """All groups of its name. False while something is still in one of them."""
    found = networks.find_security_groups(cloud, group_name(workshop.pk))
    gone = [networks.delete_security_group(cloud, group.id) for group in found]
    if all(gone):
        Firewall.objects.filter(workshop=workshop).delete()
    return all(gone)
