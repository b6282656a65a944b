"""What pages show of a machine, made the same way for lists, the instance page and pushed markup."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from allocations.rates import su_per_hour
from instances import hooks, lacking
from instances.exosphere import ROLE_KEY, Web, desktop_kind, login_user, maker, marks_of
from instances.hooks import Announcement
from instances.models import Instance, Poll
from instances.reach import no_shell
from instances.states import (
    ACTIONS,
    LAUNCH_STAGES,
    Action,
    Badge,
    MachineState,
    Ruling,
    badge,
    progress,
    rulings,
)
from instances.statuses import VERIFY_RESIZE
from portal.cloud.config import clouds
from portal.cloud.features import SERVICE_TITLES
from portal.cloud.schema import FlavorGroup, PortalCloud
from portal.operations import services as operations
from portal.operations.models import Operation

# What rows call machines that the portal made for something of its own.
ROLES = {"jump": "jump host", "seat": "workshop"}
# A launch that only waits for the guest's own set-up does not stand in the way of other actions.
UNOBTRUSIVE_STEP = ("instance.launch", "setup")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One machine. `unread_since`: the cloud could not be read since then, so all this may be old;
    `unread_by`: the service that did not answer."""

    instance: Instance
    operation: Operation | None
    unread_since: datetime | None
    unread_by: str
    read_at: datetime | None
    cloud: PortalCloud
    now: datetime
    announced: Announcement | None = None

    @property
    def badge(self) -> Badge:
        """The cloud's state; before the cloud shows anything of a running operation, the operation's."""
        instance = self.instance
        shown = badge(instance.status, instance.task_state, instance.setup_status)
        action = self._action
        if action is not None and not shown.busy and not self._unobtrusive:
            return Badge(action.verb.split(" ")[0], "busy", busy=True)
        return shown

    @property
    def _action(self) -> Action | None:
        return ACTIONS.get(self.operation.kind.removeprefix("instance.")) if self.operation else None

    @property
    def _unobtrusive(self) -> bool:
        op = self.operation
        return op is not None and (op.kind, op.step) == UNOBTRUSIVE_STEP

    @property
    def stage(self) -> str:
        return self.operation.stage if self.operation else ""

    @property
    def since(self) -> datetime:
        """When what is going on began."""
        if self.operation is None:
            return self.instance.state_since
        return self.operation.step_since or self.operation.created_at

    @property
    def usual_seconds(self) -> int:
        if self.operation is None:
            return LAUNCH_STAGES["build"][0]
        if self._action is not None:
            return self._action.usual_seconds
        return LAUNCH_STAGES.get(self.operation.step, LAUNCH_STAGES["create"])[0]

    @property
    def percent(self) -> int | None:
        """How far it is, judged by the usual time; None where nothing is going on."""
        if not self.badge.busy:
            return None
        return progress((self.now - self.since).total_seconds(), self.usual_seconds)

    @property
    def su_per_hour(self) -> Decimal | None:
        return self.su_in(self.instance.status)

    def su_in(self, status: str) -> Decimal | None:
        """The machine's price in another status; None where the operator set no rate."""
        instance = self.instance
        return su_per_hour(instance.flavor_name, instance.vcpus, status, self.now, self.cloud)

    def su_after(self, action: Action) -> Decimal | None:
        return self.su_in(action.leads_to) if action.leads_to else self.su_per_hour

    @property
    def owner_name(self) -> str:
        if self.instance.owner is not None:
            return str(self.instance.owner)
        return self.instance.creator_name or "someone outside the portal"

    @property
    def name_is_claimed(self) -> bool:
        """Whether that name comes from metadata, which anyone in the project can write."""
        return self.instance.owner is None and bool(self.instance.creator_name)

    @property
    def maker(self) -> str:
        """here, exosphere or elsewhere: whose conventions the machine follows."""
        return maker(self.instance.metadata, str(self.instance.pk))

    @property
    def role(self) -> str:
        """What the portal made it for, in words. To be read, and nothing else: anyone in the project can write metadata."""
        written = self.instance.metadata.get(ROLE_KEY, "")
        return ROLES.get(written, "") if self.maker == "here" else ""

    @property
    def web(self) -> Web | None:
        """What Exosphere serves out of it by its own proxy."""
        return marks_of(self.instance.metadata).web

    @property
    def also_at(self) -> list[tuple[str, str]]:
        """Title and address of its page in the cloud's other portals."""
        instance = self.instance
        if not instance.server_id:
            return []
        project_id, region = instance.allocation.project_id, instance.allocation.region
        return [
            (
                portal.title,
                portal.url_of(project_id=project_id, region=region, server_id=instance.server_id),
            )
            for portal in self.cloud.also_at
        ]

    @property
    def address(self) -> str:
        return self.instance.public_address or self.instance.private_address

    @property
    def ssh_command(self) -> str:
        """What people type to log in; empty where the machine has no public address."""
        instance = self.instance
        if not instance.public_address:
            return ""
        user = login_user(instance.metadata, instance.image_name)
        port = f"-p {self.cloud.ssh_port} " if self.cloud.ssh_port != 22 else ""
        return f"ssh {port}{f'{user}@' if user else ''}{instance.public_address}"

    @property
    def no_shell(self) -> str:
        """Why no shell can be opened; empty where it is worth asking."""
        instance = self.instance
        return no_shell(instance.status, deleted=instance.deleted_at is not None, address=self.address)

    @property
    def desktop(self) -> str:
        """Whose desktop it has: `ours`, `exosphere`, or empty."""
        return desktop_kind(self.instance.metadata)

    @property
    def group(self) -> FlavorGroup | None:
        return self.cloud.flavor_group(self.instance.flavor_name)

    @property
    def resize_deadline(self) -> datetime | None:
        """When the cloud confirms a waiting resize by itself, where the operator says that it does."""
        if self.instance.status != VERIFY_RESIZE or not self.cloud.resize_confirm_hours:
            return None
        return self.instance.state_since + timedelta(hours=self.cloud.resize_confirm_hours)

    @property
    def state(self) -> MachineState:
        instance, group = self.instance, self.group
        busy_with = self.operation is not None and not self._unobtrusive
        return MachineState(
            status=instance.status,
            task_state=instance.task_state,
            locked=instance.locked,
            vetoes=group.disallowed_actions if group else frozenset(),
            group_title=group.title if group else "",
            volume_backed=instance.volume_backed,
            floating_address=any(found.get("kind") == "floating" for found in instance.addresses),
            operation=describe(self.operation) if busy_with and self.operation else "",
            lacking=lacking.reasons(instance.allocation),
        )

    @property
    def rulings(self) -> dict[str, Ruling]:
        return rulings(self.state)

    @property
    def offered(self) -> list[tuple[Action, Ruling]]:
        """Every action in the order of the table, with what stands in its way."""
        found = self.rulings
        return [(action, found[action.name]) for action in ACTIONS.values()]


def describe(op: Operation) -> str:
    return f"“{op.label}”, asked for by {asker(op)}"


def asker(op: Operation) -> str:
    """Who wanted it: the person, or what of the portal acts with that person's credential."""
    return str(op.spec.get("asked_by") or op.by)


def rows(instances: Sequence[Instance], polls: Mapping[int, Poll] | None = None) -> list[Row]:
    """Three queries for any number of machines whose `allocation` and `owner` were selected with them.

    Two for who has read the `polls` of these allocations already.
    """
    now = timezone.now()
    live = operations.live_for("instance", [str(instance.pk) for instance in instances])
    if polls is None:
        polls = polls_of({instance.allocation_id for instance in instances})
    ahead = hooks.announcements([instance.pk for instance in instances if instance.deleted_at is None])
    config = {
        name: clouds().cloud(name).portal for name in {instance.allocation.cloud for instance in instances}
    }
    return [
        Row(
            instance=instance,
            operation=live.get(str(instance.pk)),
            unread_since=polls[instance.allocation_id].failing_since
            if instance.allocation_id in polls
            else None,
            unread_by=_service_of(polls.get(instance.allocation_id)),
            read_at=polls[instance.allocation_id].ok_at if instance.allocation_id in polls else None,
            cloud=config[instance.allocation.cloud],
            now=now,
            announced=ahead.get(instance.pk),
        )
        for instance in instances
    ]


def row(instance: Instance) -> Row:
    return rows([instance])[0]


def _service_of(poll: Poll | None) -> str:
    """The service that a reading failed at, by its name for people; empty where nothing is known of it."""
    return SERVICE_TITLES.get(str(poll.error_params.get("service", "")), "") if poll else ""


def polls_of(allocation_ids: Iterable[int]) -> dict[int, Poll]:
    """How the reading of each allocation's servers stands; one query."""
    found = Poll.objects.filter(allocation_id__in=allocation_ids, what=Poll.What.SERVERS)
    return {poll.allocation_id: poll for poll in found}
