"""What accounts tell: a person is connected again."""

from portal.accounts import hooks
from portal.accounts.models import User
from portal.operations import services


@hooks.on_usable
def connected_again(user: User, cloud: str) -> None:
    services.resume(user=user, cloud=cloud)
