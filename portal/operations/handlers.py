"""What the layers below tell: a person is connected again, a service of a cloud is well again."""

from portal.accounts import hooks
from portal.accounts.models import User
from portal.cloud import breaker
from portal.operations import services
from portal.operations.enqueue import enqueue_recovered


@hooks.on_usable
def connected_again(user: User, cloud: str) -> None:
    services.resume(user=user, cloud=cloud)


@breaker.on_recovery
def well_again(cloud: str, region: str, service: str) -> None:
    """In the middle of the call that found out: so only a message, which a worker acts on."""
    enqueue_recovered(cloud, region)
