"""What the pages about connections show."""

from collections import defaultdict
from dataclasses import dataclass, field

from django.utils import timezone

from portal.accounts.models import CloudCredential, CloudLink, User, WebSsoAttempt
from portal.accounts.websso import REMEMBERED
from portal.accounts.whose import same_name
from portal.cloud.config import CloudConfig, clouds


@dataclass(slots=True)
class Connection:
    """One cloud as one person is connected to it."""

    cloud: CloudConfig
    user: User
    link: CloudLink | None
    credentials: list[CloudCredential] = field(default_factory=list)
    # A sign-in at the cloud's own page that has not come back.
    attempt: WebSsoAttempt | None = None

    @property
    def state(self) -> str:
        """connecting, asking, connected, failed, not_connected, or ended: connected once, and nothing works now."""
        state = self.link.state if self.link else CloudLink.State.NOT_CONNECTED
        if state == CloudLink.State.CONNECTED and self.credentials and not self.usable:
            return "ended"
        if state == CloudLink.State.FAILED and self.usable:
            # The last sign-in led to nothing new; what there was before is as good as it was.
            return str(CloudLink.State.CONNECTED)
        return str(state)

    @property
    def usable(self) -> list[CloudCredential]:
        return [credential for credential in self.credentials if credential.usable()]

    @property
    def acts_as(self) -> list[str]:
        """The accounts of the cloud with which the portal acts: one, unless the person brought others' credentials."""
        known = self.link.cloud_user_name if self.link else ""
        return list(dict.fromkeys(row.cloud_user_name or known for row in self.usable))

    @property
    def acts_as_another(self) -> bool:
        """Whether one of these has another name than the person has here."""
        names = {self.user.access_id, self.user.username}
        return any(not any(same_name(acting, name) for name in names) for acting in self.acts_as)

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(self.cloud.portal.sign_in.methods)


def connections(user: User) -> list[Connection]:
    """Every configured cloud, in two queries."""
    links = {link.cloud: link for link in CloudLink.objects.filter(user=user)}
    held: dict[str, list[CloudCredential]] = defaultdict(list)
    for credential in CloudCredential.objects.filter(user=user, revoked_at=None).order_by("project_name"):
        held[credential.cloud].append(credential)
    return [Connection(cloud, user, links.get(name), held[name]) for name, cloud in clouds().clouds.items()]


def with_attempts(user: User, found: list[Connection]) -> list[Connection]:
    """The same, with sign-ins at clouds' own pages that have not come back. One query."""
    since = timezone.now() - REMEMBERED
    begun = WebSsoAttempt.objects.filter(user=user, begun_at__gt=since).order_by("begun_at")
    newest = {attempt.cloud: attempt for attempt in begun}
    for connection in found:
        attempt = newest.get(connection.cloud.name)
        if attempt is not None and attempt.used_at is None and not _came_later(connection, attempt):
            connection.attempt = attempt
    return found


def _came_later(connection: Connection, attempt: WebSsoAttempt) -> bool:
    """Whether the person was connected after that, in whichever way."""
    link = connection.link
    return link is not None and link.connected_at is not None and link.connected_at > attempt.begun_at
