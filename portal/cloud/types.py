"""What the rest of the portal sees of a cloud.

Frozen values only: no SDK object leaves this package. Times are aware and in UTC, RAM is in MB,
disks are in GB. Every text was written by a cloud or by one of its users: treat it as hostile.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

AddressKind = Literal["fixed", "floating"]
ResourceKind = Literal["cpu", "gpu", "lm", "storage"]
OfferState = Literal["there", "absent", "forbidden"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    network: str
    address: str
    version: int
    kind: AddressKind
    mac: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    code: int
    message: str
    created: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server as Nova last described it.

    `flavor_id` is None where Nova embeds the flavor without its id (microversion 2.47 and later): find it
    by name. `image_id` is None for a server that boots from a volume. Status DELETED occurs in incremental
    reads, and for a moment after a delete.
    """

    id: str
    name: str
    status: str
    vm_state: str
    task_state: str | None
    power_state: int
    locked: bool
    locked_reason: str
    user_id: str
    project_id: str
    hostname: str
    description: str
    flavor_name: str
    flavor_id: str | None
    vcpus: int
    ram_mb: int
    disk_gb: int
    flavor_extra_specs: dict[str, str]
    image_id: str | None
    addresses: tuple[Address, ...]
    key_name: str | None
    metadata: dict[str, str]
    tags: tuple[str, ...]
    security_groups: tuple[str, ...]
    volume_ids: tuple[str, ...]
    fault: Fault | None
    availability_zone: str
    config_drive: bool
    progress: int
    created: datetime
    updated: datetime
    launched_at: datetime | None
    terminated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewServer:
    """What to create.

    Without `boot_volume_gb` the root disk is the flavor's; with it, a volume made from the image. Give
    `port_ids` or `network_ids` or neither (then Nova chooses). `security_groups` holds ids or names and
    applies to the ports that Nova makes itself.
    """

    name: str
    flavor_id: str
    image_id: str
    boot_volume_gb: int | None = None
    network_ids: tuple[str, ...] = ()
    port_ids: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    key_name: str | None = None
    user_data: bytes = b""
    metadata: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    description: str | None = None
    availability_zone: str | None = None
    config_drive: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavor:
    id: str
    name: str
    vcpus: int
    ram_mb: int
    disk_gb: int
    ephemeral_gb: int
    public: bool
    disabled: bool
    description: str
    extra_specs: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    id: str
    name: str
    status: str
    visibility: str
    owner: str
    size_bytes: int | None
    min_disk_gb: int
    min_ram_mb: int
    os_distro: str
    os_version: str
    os_type: str
    is_snapshot: bool
    protected: bool
    tags: tuple[str, ...]
    properties: dict[str, str]
    created: datetime
    updated: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A volume on a server.

    Cinder's view carries `attachment_id`, Nova's `tag` and `delete_on_termination`.
    """

    server_id: str
    volume_id: str
    device: str
    attachment_id: str = ""
    tag: str = ""
    delete_on_termination: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    id: str
    name: str
    description: str
    status: str
    size_gb: int
    bootable: bool
    attachments: tuple[Attachment, ...]
    metadata: dict[str, str]
    volume_type: str
    image_name: str
    user_id: str
    created: datetime
    # Whether several servers may have it at once.
    multiattach: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    id: str
    name: str
    external: bool
    shared: bool
    status: str
    admin_up: bool
    subnet_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    id: str
    network_id: str
    device_id: str
    mac: str
    status: str
    fixed_ips: tuple[str, ...]
    security_group_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatingIp:
    """A public address. `server_id` is known only where Neutron tells which device the port belongs to."""

    id: str
    address: str
    status: str
    port_id: str | None
    fixed_address: str | None
    server_id: str | None
    description: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroupRule:
    """One rule. None for protocol, ports or remote means "any"; ICMP keeps its type and code in the ports."""

    direction: Literal["ingress", "egress"]
    ethertype: Literal["IPv4", "IPv6"]
    protocol: str | None = None
    port_min: int | None = None
    port_max: int | None = None
    remote_cidr: str | None = None
    remote_group_id: str | None = None
    description: str = ""
    id: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroup:
    id: str
    name: str
    description: str
    rules: tuple[SecurityGroupRule, ...]
    tags: tuple[str, ...]
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Keypair:
    name: str
    fingerprint: str
    public_key: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """`limit` None means unlimited. RAM in MB, volume storage in GB, the rest are counts."""

    resource: str
    limit: int | None
    used: int

    @property
    def free(self) -> int | None:
        return None if self.limit is None else max(0, self.limit - self.used)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionEvent:
    event: str
    started: datetime | None
    finished: datetime | None
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAction:
    """What Nova says was done to a server, from whatever interface. `message` is "Error" where it failed."""

    request_id: str
    action: str
    user_id: str
    project_id: str
    started: datetime
    updated: datetime
    message: str
    events: tuple[ActionEvent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUsage:
    """That a server existed, as Nova's accounting tells; `ended` None while it does."""

    server_id: str
    name: str
    flavor_name: str
    vcpus: int
    ram_mb: int
    started: datetime
    ended: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    protocol: str
    type: str
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A region of the catalogue and the service types that it offers."""

    id: str
    services: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    id: str
    name: str
    domain_id: str
    description: str
    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """Who a credential speaks for. `project_id` is None and `roles` empty where the token has no scope."""

    value: str = field(repr=False)
    expires_at: datetime
    user_id: str
    user_name: str
    user_domain: str
    project_id: str | None
    project_name: str | None
    roles: tuple[str, ...]
    methods: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAppCredential:
    id: str
    name: str
    secret: str = field(repr=False)
    project_id: str
    roles: tuple[str, ...]
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppCredential:
    id: str
    name: str
    project_id: str
    roles: tuple[str, ...]
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountingEntry:
    """Service units of one resource in one period, as the accounting counts them (a day behind)."""

    resource: ResourceKind | None
    provider_resource: str
    title: str
    abstract: str
    awarded: Decimal
    used: Decimal | None
    starts_on: date
    ends_on: date
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One service as a project finds it. `version`: the newest microversion of Nova that the portal uses here;
    `extensions`: of those that matter, the ones that Neutron has, None where it does not tell."""

    service: str
    state: OfferState = "there"
    version: str = ""
    extensions: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuAvailability:
    resource_class: str
    total: int
    used: int

    @property
    def free(self) -> int:
        return max(0, self.total - self.used)
