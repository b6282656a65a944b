"""Everything the cloud knows: identity once, the other services once per region."""

from __future__ import annotations

import heapq
import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from portal.democloud.builds import Builds
from portal.democloud.clock import Clock, second
from portal.democloud.hypervisor import Hypervisor
from portal.democloud.lacking import Lacking
from portal.democloud.ledger import Ledger
from portal.democloud.model_access import AccessData
from portal.democloud.model_compute import Flavor, Keypair, ResourceProvider, Server, ServerGroup
from portal.democloud.model_identity import (
    ApplicationCredential,
    Assignment,
    Domain,
    Project,
    Role,
    Token,
    User,
)
from portal.democloud.model_network import (
    AutoTopology,
    FloatingIP,
    Network,
    Port,
    Router,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
)
from portal.democloud.model_storage import AccountingRow, Image, Volume, VolumeSnapshot


@dataclass
class Identity:
    domains: dict[str, Domain] = field(default_factory=dict)
    projects: dict[str, Project] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    assignments: set[Assignment] = field(default_factory=set)
    tokens: dict[str, Token] = field(default_factory=dict)
    credentials: dict[str, ApplicationCredential] = field(default_factory=dict)
    keypairs: dict[str, dict[str, dict[str, Keypair]]] = field(default_factory=dict)  # region, user, name
    # A policy of the operators' own: who is manager in a project may see and change who is in it.
    managers_assign: bool = False


@dataclass
class Timer:
    """Something that happens later: `kind` names a handler (see `on_timer`). Data, so that it survives."""

    due: float
    kind: str
    region: str
    target: str
    args: dict[str, Any] = field(default_factory=dict)


@dataclass
class RegionData:
    """What is saved of one region. `quotas` are what differs from `default_quotas`, per project."""

    name: str
    prefix: str = ""
    flavors: dict[str, Flavor] = field(default_factory=dict)
    servers: dict[str, Server] = field(default_factory=dict)
    server_groups: dict[str, ServerGroup] = field(default_factory=dict)
    providers: dict[str, ResourceProvider] = field(default_factory=dict)
    images: dict[str, Image] = field(default_factory=dict)
    networks: dict[str, Network] = field(default_factory=dict)
    subnets: dict[str, Subnet] = field(default_factory=dict)
    ports: dict[str, Port] = field(default_factory=dict)
    routers: dict[str, Router] = field(default_factory=dict)
    floating_ips: dict[str, FloatingIP] = field(default_factory=dict)
    security_groups: dict[str, SecurityGroup] = field(default_factory=dict)
    security_group_rules: dict[str, SecurityGroupRule] = field(default_factory=dict)
    topologies: dict[str, AutoTopology] = field(default_factory=dict)
    volumes: dict[str, Volume] = field(default_factory=dict)
    snapshots: dict[str, VolumeSnapshot] = field(default_factory=dict)
    accounting: list[AccountingRow] = field(default_factory=list)
    default_quotas: dict[str, int] = field(default_factory=dict)
    quotas: dict[str, dict[str, int]] = field(default_factory=dict)


class Region:
    """One region: its data, and the indexes that make lists of thousands cheap."""

    def __init__(self, data: RegionData) -> None:
        self.data = data
        self.name = data.name
        self.prefix = data.prefix
        # Per project, in the order of their last change, so that `changes-since` reads only the tail.
        self._servers_by_change: dict[str, dict[str, Server]] = {}
        self._ports_by_device: dict[str, dict[str, Port]] = {}
        self._device_of_port: dict[str, str] = {}
        self._floating_of_port = {ip.port_id: ip for ip in data.floating_ips.values() if ip.port_id}
        self._rendered: dict[str, dict[Any, bytes]] = {}
        self.ledger = Ledger()
        self._addresses: dict[str, set[str]] = {}  # of each network
        self._next_address: dict[str, int] = {}  # of each subnet
        for server in sorted(data.servers.values(), key=lambda server: server.updated):
            self._servers_by_change.setdefault(server.project_id, {})[server.id] = server
            self.ledger.note(server)
        for port in data.ports.values():
            self._occupied(port.network_id).update(fixed.ip_address for fixed in port.fixed_ips)
            self.index_port(port)

    def quota(self, project_id: str, name: str) -> int:
        return self.data.quotas.get(project_id, {}).get(name, self.data.default_quotas[name])

    def add_server(self, server: Server) -> None:
        self.data.servers[server.id] = server
        self.ledger.note(server)
        self._servers_by_change.setdefault(server.project_id, {})[server.id] = server

    def touch_server(self, server: Server, now: datetime) -> None:
        """The server has changed: its `updated` moves and `changes-since` will show it."""
        server.updated = second(now)
        ordered = self._servers_by_change[server.project_id]
        ordered.pop(server.id, None)
        ordered[server.id] = server
        self._rendered.pop(server.id, None)
        self.ledger.note(server)

    def forget_rendering(self, server_id: str) -> None:
        """What the server shows has changed without `updated`: addresses, as Nova's info cache does."""
        self._rendered.pop(server_id, None)

    def renderings(self, server_id: str) -> dict[Any, bytes]:
        return self._rendered.setdefault(server_id, {})

    def drop_server(self, server: Server) -> None:
        self.data.servers.pop(server.id, None)
        self.ledger.drop(server.id)
        self._servers_by_change.get(server.project_id, {}).pop(server.id, None)
        self._rendered.pop(server.id, None)

    def project_servers(self, project_id: str) -> list[Server]:
        """All of a project's servers, the deleted ones that Nova still remembers among them."""
        return list(self._servers_by_change.get(project_id, {}).values())

    def live_servers(self, project_id: str) -> list[Server]:
        return [server for server in self.project_servers(project_id) if not server.gone]

    def servers_changed_since(self, project_id: str, since: datetime) -> Iterator[Server]:
        """Newest change first."""
        for server in reversed(self._servers_by_change.get(project_id, {}).values()):
            if server.updated < since:
                return
            yield server

    def index_port(self, port: Port) -> None:
        """Call after creating a port or changing its `device_id`."""
        self._unindex_port(port)
        if port.device_id:
            self._device_of_port[port.id] = port.device_id
            self._ports_by_device.setdefault(port.device_id, {})[port.id] = port
            self.forget_rendering(port.device_id)

    def _unindex_port(self, port: Port) -> None:
        device_id = self._device_of_port.pop(port.id, None)
        if device_id is not None:
            self._ports_by_device[device_id].pop(port.id)
            self.forget_rendering(device_id)

    def add_port(self, port: Port) -> None:
        self.data.ports[port.id] = port
        self._occupied(port.network_id).update(fixed.ip_address for fixed in port.fixed_ips)
        self.index_port(port)

    def drop_port(self, port: Port) -> None:
        self.data.ports.pop(port.id, None)
        self._occupied(port.network_id).difference_update(fixed.ip_address for fixed in port.fixed_ips)
        self._unindex_port(port)

    def _occupied(self, network_id: str) -> set[str]:
        return self._addresses.setdefault(network_id, set())

    def free_address(self, subnet: Subnet) -> str | None:
        """The next address of the subnet that no port has, going round; None when all are taken."""
        block = ipaddress.ip_network(subnet.cidr)
        used, size = self._occupied(subnet.network_id), block.num_addresses
        begin = self._next_address.get(subnet.id, 1)
        for step in range(size - 2):
            offset = (begin - 1 + step) % (size - 2) + 1
            address = str(block[offset])
            if address != subnet.gateway_ip and address not in used:
                self._next_address[subnet.id] = offset + 1
                return address
        return None

    def point_floating_ip(self, floating: FloatingIP, port: Port | None) -> None:
        """Let a floating address lead to a port, or nowhere. The one way to set `port_id`."""
        old = self.data.ports.get(floating.port_id or "")
        self._floating_of_port.pop(floating.port_id or "", None)
        floating.port_id = port.id if port else None
        floating.fixed_ip_address = port.fixed_ips[0].ip_address if port and port.fixed_ips else None
        floating.status = "ACTIVE" if port else "DOWN"
        if port is not None:
            self._floating_of_port[port.id] = floating
        for changed in (old, port):
            if changed is not None and changed.device_id:
                self.forget_rendering(changed.device_id)

    def port_floating_ip(self, port_id: str) -> FloatingIP | None:
        return self._floating_of_port.get(port_id)

    def server_ports(self, server_id: str) -> list[Port]:
        return list(self._ports_by_device.get(server_id, {}).values())


TimerHandler = Callable[["World", Region, str, dict[str, Any]], None]
_handlers: dict[str, TimerHandler] = {}


def on_timer(kind: str) -> Callable[[TimerHandler], TimerHandler]:
    """Register what happens when a timer of this kind is due: handler(world, region, target, args)."""

    def register(handler: TimerHandler) -> TimerHandler:
        _handlers[kind] = handler
        return handler

    return register


class World:
    """One cloud: its identity, its regions, its clock and what will happen next."""

    def __init__(self, regions: list[RegionData], identity: Identity | None = None, *, clock: Clock) -> None:
        self.identity = identity or Identity()
        self.regions = {data.name: Region(data) for data in regions}
        # Longest prefix first, so that "" is tried last.
        self.by_prefix = sorted(self.regions.values(), key=lambda region: -len(region.prefix))
        self.clock = clock
        self.hypervisor = Hypervisor()
        self.consoles: dict[str, tuple[str, float]] = {}
        self.base_url = "http://127.0.0.1"
        self.pool = ipaddress.IPv4Network("127.1.0.0/22")
        self.token_seconds = 4 * 3600.0
        self.oidc_issuer: str | None = None
        # Apache's registration at that provider, id and secret; and where WebSSO may lead back to.
        self.oidc_client = ("", "")
        self.trusted_dashboards: frozenset[str] = frozenset()
        self.access = AccessData()
        self.access_keys: dict[str, str] = {}
        self.lacking = Lacking()
        self.builds = Builds()
        self.dirty = False
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = 0
        self.woken: Callable[[], None] = lambda: None

    def become(self, other: World) -> None:
        """Take over another world's contents; clock, addresses and settings stay."""
        self.identity, self.regions, self.by_prefix = other.identity, other.regions, other.by_prefix
        self._timers, self.consoles, self.access = other._timers, {}, other.access
        self.dirty = True
        self.woken()

    def now(self) -> datetime:
        return self.clock.now()

    def later(self, seconds: float, kind: str, region: Region, target: str, **args: Any) -> None:
        """Let a timer fire when `seconds` of the cloud's (scaled) time have gone by."""
        self.add_timer(Timer(self.clock.after(seconds), kind, region.name, target, args))

    def add_timer(self, timer: Timer) -> None:
        self._order += 1
        heapq.heappush(self._timers, (timer.due, self._order, timer))
        self.woken()

    def take_timer(self, kind: str, target: str, run: str) -> Timer | None:
        """The waiting timer of a server's sequence, taken out so that it will not fire."""
        for entry in self._timers:
            timer = entry[2]
            if timer.kind == kind and timer.target == target and timer.args.get("run") == run:
                self._timers.remove(entry)
                heapq.heapify(self._timers)
                return timer
        return None

    def timers(self) -> list[Timer]:
        return [timer for _, _, timer in sorted(self._timers, key=lambda entry: entry[:2])]

    def next_due(self) -> float | None:
        return self._timers[0][0] if self._timers else None

    def run_due(self) -> None:
        """Fire every timer whose time has come, in order; those they set may be due at once too."""
        while self._timers and self._timers[0][0] <= self.clock.timestamp():
            timer = heapq.heappop(self._timers)[2]
            _handlers[timer.kind](self, self.regions[timer.region], timer.target, timer.args)
            self.dirty = True

    def advance(self, seconds: float) -> None:
        """Let time go by from one due timer to the next, so that what each sets in motion happens too."""
        end = self.clock.timestamp() + seconds
        while (due := self.next_due()) is not None and due <= end:
            self.clock.advance(max(due - self.clock.timestamp(), 0.0))
            self.run_due()
        self.clock.advance(max(end - self.clock.timestamp(), 0.0))

    def advance_to_next(self, most: float) -> None:
        """Let time go by until something happens, `most` seconds at the longest: so that no state is missed."""
        due = self.next_due()
        left = most if due is None else due - self.clock.timestamp()
        self.clock.advance(max(min(left, most), 0.0))
        self.run_due()

    def roles_of(self, user_id: str, project_id: str) -> list[Role]:
        held = {
            a.role_id
            for a in self.identity.assignments
            if a.user_id == user_id and a.project_id == project_id
        }
        return sorted((self.identity.roles[role_id] for role_id in held), key=lambda role: role.name)

    def projects_of(self, user_id: str) -> list[Project]:
        held = {a.project_id for a in self.identity.assignments if a.user_id == user_id}
        return sorted((self.identity.projects[one] for one in held), key=lambda project: project.name)
