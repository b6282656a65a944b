"""Whose credential the mirror reads with: any member's, in turn; one that is refused is passed over."""

import time
from collections.abc import Callable
from typing import TypeVar

from allocations.models import Allocation
from portal.accounts import credentials
from portal.accounts.models import CloudCredential, User
from portal.cloud.connection import Cloud, connect
from portal.core import deadline
from portal.core.errors import PortalError

T = TypeVar("T")
# One credential serves for so long, so that its token is used often; then it is somebody else's turn.
_TURN_SECONDS = 300
_TRIES = 3


def read(
    allocation: Allocation, function: Callable[[Cloud], T], *, first: CloudCredential | None = None
) -> T:
    """`function(cloud)` with the first credential that the cloud accepts; else its refusal."""
    refusal: PortalError | None = None
    for credential in _in_turn(allocation, first)[:_TRIES]:
        try:
            return function(as_person(allocation, credential.user))
        except PortalError as error:
            if error.outcome != "auth" and error.id != "cloud:forbidden":
                raise
            refusal = error
            if error.outcome == "auth":
                credentials.refuse(credential.user, credential.cloud, credential.project_id)
    raise refusal or PortalError("instances:no-reader", outcome="auth")


def as_person(allocation: Allocation, user: User) -> Cloud:
    login = credentials.login_for(user, allocation.cloud, allocation.project_id)
    return connect(login, region=allocation.region, deadline=deadline.current())


def _in_turn(allocation: Allocation, first: CloudCredential | None) -> list[CloudCredential]:
    usable = credentials.usable_of_project(allocation.cloud, allocation.project_id)
    known = sorted(usable, key=lambda credential: credential.pk)
    if first is not None:
        return [first, *(credential for credential in known if credential.pk != first.pk)]
    start = int(time.time() // _TURN_SECONDS) % len(known) if known else 0
    return known[start:] + known[:start]
