"""What workers do for machines besides operations. The mirror's own tasks are in `mirror.tasks`."""

from celery import shared_task

from allocations.models import Allocation
from instances import meter as metering
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
    """Charge what machines cost since they were last charged."""
    metering.charge_all()
