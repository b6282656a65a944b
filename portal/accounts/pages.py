"""What the pages about connections show."""

from collections import defaultdict
from dataclasses import dataclass, field

from portal.accounts.models import CloudCredential, CloudLink, User
from portal.cloud.config import CloudConfig, clouds


@dataclass(slots=True)
class Connection:
    """One cloud as one person is connected to it."""

    cloud: CloudConfig
    link: CloudLink | None
    credentials: list[CloudCredential] = field(default_factory=list)

    @property
    def state(self) -> str:
        """connecting, connected, failed, not_connected, or ended: connected once, and nothing works now."""
        state = self.link.state if self.link else CloudLink.State.NOT_CONNECTED
        if state == CloudLink.State.CONNECTED and self.credentials and not self.usable:
            return "ended"
        return str(state)

    @property
    def usable(self) -> list[CloudCredential]:
        return [credential for credential in self.credentials if credential.usable()]

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(self.cloud.portal.sign_in.methods)


def connections(user: User) -> list[Connection]:
    """Every configured cloud, in two queries."""
    links = {link.cloud: link for link in CloudLink.objects.filter(user=user)}
    held: dict[str, list[CloudCredential]] = defaultdict(list)
    for credential in CloudCredential.objects.filter(user=user, revoked_at=None).order_by("project_name"):
        held[credential.cloud].append(credential)
    return [Connection(cloud, links.get(name), held[name]) for name, cloud in clouds().clouds.items()]
