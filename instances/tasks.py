"""What workers do for machines besides operations. The mirror's own tasks are in `mirror.tasks`."""

from celery import shared_task
from django.utils import timezone

from allocations.models import Allocation
from instances import meter as metering
from instances import meter_reading, telling
from instances.mirror import catalogue
from instances.mirror import tasks as mirror  # noqa: F401 (so that workers, which look here, find those too)
from portal.accounts.models import User


@shared_task
def read_keys(allocation_id: int, user_id: int) -> None:
    """The SSH keys of one person at one cloud."""
    allocation = Allocation.objects.filter(pk=allocation_id).first()
    user = User.objects.filter(pk=user_id).first()
    if allocation is not None and user is not None:
        catalogue.read_keys(allocation, user)


@shared_task
def meter() -> None:
    """Charge the days that are over."""
    metering.charge_all()


@shared_task
def settle_due() -> None:
    """Each half minute: hand out the allocations of which Nova's record is to be read for the ledger."""
    for pk in meter_reading.due(timezone.now()):
        settle_allocation.delay(pk)


# The clock sends a message for each that is due: those of earlier rounds are worth nothing.
@shared_task(expires=60)
def settle_allocation(allocation_id: int) -> None:
    meter_reading.read(allocation_id)


@shared_task(ignore_result=True)
def tell_launches() -> None:
    """People whose launches have ended since."""
    telling.tell_launches()
