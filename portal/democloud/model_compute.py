"""What Nova and Placement keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass
class Flavor:
    id: str
    name: str
    vcpus: int
    ram: int
    disk: int
    ephemeral: int = 0
    swap: int = 0
    extra_specs: dict[str, str] = field(default_factory=dict)
    is_public: bool = True
    access: list[str] = field(default_factory=list)
    description: str | None = None
    disabled: bool = False

    def resources(self) -> dict[str, int]:
        """Placement's custom classes that a server of this flavor takes, e.g. {"CUSTOM_A100X_10C": 1}."""
        prefix = "resources:"
        return {key[len(prefix) :]: int(n) for key, n in self.extra_specs.items() if key.startswith(prefix)}

    def needs(self) -> dict[str, int]:
        """All that Placement allocates for a server of this flavor."""
        plain = {"VCPU": self.vcpus, "MEMORY_MB": self.ram, "DISK_GB": self.disk}
        return {name: amount for name, amount in (plain | self.resources()).items() if amount}


@dataclass
class ServerFault:
    code: int
    message: str
    created: datetime
    details: str = ""


@dataclass
class ActionEvent:
    event: str
    start_time: datetime
    finish_time: datetime | None = None
    result: str | None = None
    details: str | None = None


@dataclass
class InstanceAction:
    request_id: str
    action: str
    user_id: str
    project_id: str
    start_time: datetime
    updated_at: datetime
    message: str | None = None
    events: list[ActionEvent] = field(default_factory=list)


@dataclass
class VolumeAttachment:
    """`root` is the disk that the server boots from."""

    volume_id: str
    attachment_id: str
    device: str
    delete_on_termination: bool = False
    tag: str | None = None
    root: bool = False


@dataclass
class Server:
    """`status` is not kept: Nova derives it from vm_state and task_state (see `nova_status.status_of`).

    `run` is the request whose sequence of states is under way; `gone` means deleted and only shown by
    `changes-since`; `spec` is what the create request asked of networks and disks; `guest_ready` is when
    the guest will have booted, and so heeds ACPI; `disk_serial` changes when the root disk is made anew."""

    id: str
    name: str
    project_id: str
    user_id: str
    flavor_id: str
    flavor: Flavor
    image_id: str | None
    created: datetime
    updated: datetime
    hostname: str
    vm_state: str = "building"
    task_state: str | None = "scheduling"
    power_state: int = 0
    key_name: str | None = None
    public_key: str | None = None
    user_data: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    security_groups: list[str] = field(default_factory=list)
    volumes: list[VolumeAttachment] = field(default_factory=list)
    description: str | None = None
    availability_zone: str = ""
    host_id: str = ""
    provider_id: str | None = None
    config_drive: bool = False
    disk_config: str = "MANUAL"
    launched_at: datetime | None = None
    terminated_at: datetime | None = None
    progress: int = 0
    locked: bool = False
    locked_reason: str | None = None
    fault: ServerFault | None = None
    old_flavor: Flavor | None = None
    resized_from_state: str | None = None
    server_group_id: str | None = None
    shelved_image_id: str | None = None
    actions: list[InstanceAction] = field(default_factory=list)
    run: str | None = None
    gone: bool = False
    guest_ready: float = 0.0
    disk_serial: str = ""
    old_provider_id: str | None = None
    spec: dict[str, Any] = field(default_factory=dict)

    def allocations(self) -> list[tuple[str, dict[str, int]]]:
        """(host, resources) that the server holds: two while a resize waits to be confirmed."""
        found: list[tuple[str, dict[str, int]]] = []
        if self.provider_id and not self.gone:
            found.append((self.provider_id, self.flavor.needs()))
        if self.old_provider_id and self.old_flavor:
            found.append((self.old_provider_id, self.old_flavor.needs()))
        return found


@dataclass
class Keypair:
    user_id: str
    name: str
    public_key: str
    fingerprint: str
    created_at: datetime
    type: str = "ssh"


@dataclass
class ServerGroup:
    id: str
    name: str
    project_id: str
    user_id: str
    policy: str
    rules: dict[str, int] = field(default_factory=dict)


@dataclass
class ResourceProvider:
    """A host: what Placement knows of it. `inventory` is class -> total; use is counted from servers."""

    id: str
    name: str
    inventory: dict[str, int]
    parent_id: str | None = None
    generation: int = 1
