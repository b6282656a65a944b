"""The two things that operations ask of credentials, in one place that tests can replace."""

from typing import TYPE_CHECKING

from portal.accounts.models import User

if TYPE_CHECKING:
    from portal.cloud.connection import Cloud


def connect(user: User, cloud: str, region: str, project_id: str, *, deadline: float) -> "Cloud":
    """The cloud as this person; no call outlives `deadline` (time.monotonic())."""
    # Here, so that the web processes, which only submit operations, never load the OpenStack client.
    from portal.accounts.credentials import login_for
    from portal.cloud.connection import connect as open_cloud

    return open_cloud(login_for(user, cloud, project_id), region=region, deadline=deadline)


def renew(user: User, cloud: str, project_id: str) -> bool:
    """Whether the credential, after the cloud said 401, opens the door after all. False: only the person can help.

    PortalError where that cannot be found out now.
    """
    from portal.accounts import credentials

    return credentials.renew(user, cloud, project_id)


def title(cloud: str) -> str:
    """The name of the cloud for people."""
    from portal.cloud.config import clouds

    return clouds().cloud(cloud).title
