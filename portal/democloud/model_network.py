"""What Neutron keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class FixedAddress:
    subnet_id: str
    ip_address: str


@dataclass
class Network:
    id: str
    name: str
    project_id: str
    created_at: datetime
    updated_at: datetime
    external: bool = False
    shared: bool = False
    is_default: bool = False
    mtu: int = 1450
    description: str = ""
    port_security_enabled: bool = True
    tags: list[str] = field(default_factory=list)


@dataclass
class Subnet:
    id: str
    name: str
    network_id: str
    project_id: str
    cidr: str
    gateway_ip: str | None
    created_at: datetime
    updated_at: datetime
    ip_version: int = 4
    enable_dhcp: bool = True
    dns_nameservers: list[str] = field(default_factory=list)
    host_routes: list[dict[str, str]] = field(default_factory=list)
    allocation_pools: list[dict[str, str]] = field(default_factory=list)
    description: str = ""
    tags: list[str] = field(default_factory=list)


@dataclass
class Port:
    """A server's interface has `device_id` = server id and `device_owner` = "compute:nova"."""

    id: str
    name: str
    network_id: str
    project_id: str
    mac_address: str
    fixed_ips: list[FixedAddress]
    created_at: datetime
    updated_at: datetime
    device_id: str = ""
    device_owner: str = ""
    status: str = "DOWN"
    admin_state_up: bool = True
    security_groups: list[str] = field(default_factory=list)
    port_security_enabled: bool = True
    allowed_address_pairs: list[dict[str, str]] = field(default_factory=list)
    description: str = ""
    tags: list[str] = field(default_factory=list)
    revision_number: int = 1


@dataclass
class Router:
    id: str
    name: str
    project_id: str
    created_at: datetime
    updated_at: datetime
    external_network_id: str | None = None
    external_ip: str | None = None
    admin_state_up: bool = True
    status: str = "ACTIVE"
    description: str = ""
    tags: list[str] = field(default_factory=list)


@dataclass
class FloatingIP:
    id: str
    floating_ip_address: str
    floating_network_id: str
    project_id: str
    created_at: datetime
    updated_at: datetime
    port_id: str | None = None
    fixed_ip_address: str | None = None
    router_id: str | None = None
    status: str = "DOWN"
    description: str = ""
    dns_name: str = ""
    dns_domain: str = ""
    tags: list[str] = field(default_factory=list)
    revision_number: int = 1


@dataclass
class SecurityGroup:
    id: str
    name: str
    project_id: str
    created_at: datetime
    updated_at: datetime
    description: str = ""
    stateful: bool = True
    tags: list[str] = field(default_factory=list)
    revision_number: int = 1


@dataclass
class SecurityGroupRule:
    id: str
    security_group_id: str
    project_id: str
    direction: str
    created_at: datetime
    updated_at: datetime
    ethertype: str = "IPv4"
    protocol: str | None = None
    port_range_min: int | None = None
    port_range_max: int | None = None
    remote_ip_prefix: str | None = None
    remote_group_id: str | None = None
    description: str = ""


@dataclass
class AutoTopology:
    """What `GET /auto-allocated-topology/{project}` made for a project; ready when `ready_at` has come."""

    project_id: str
    network_id: str
    subnet_id: str
    router_id: str
