"""What servers hold of hosts and of their projects' quotas, kept up to date server by server."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from portal.democloud.model_compute import Server


@dataclass(frozen=True)
class Entry:
    """What one server held when it was last looked at."""

    project_id: str
    quota: dict[str, int]
    hosts: list[tuple[str, dict[str, int]]]


@dataclass
class Ledger:
    """Sums over thousands of servers for the price of one: each change takes off the old and adds the new."""

    _entries: dict[str, Entry] = field(default_factory=dict)
    _hosts: dict[str, Counter[str]] = field(default_factory=dict)
    _projects: dict[str, Counter[str]] = field(default_factory=dict)

    def note(self, server: Server) -> None:
        """Look at a server anew. Every machine counts against the quota, a shelved or failed one too."""
        self.drop(server.id)
        quota: dict[str, int] = {}
        if not server.gone:
            quota = {"instances": 1, "cores": server.flavor.vcpus, "ram": server.flavor.ram}
        entry = Entry(server.project_id, quota, server.allocations())
        self._entries[server.id] = entry
        self._projects.setdefault(entry.project_id, Counter()).update(entry.quota)
        for host, resources in entry.hosts:
            self._hosts.setdefault(host, Counter()).update(resources)

    def drop(self, server_id: str) -> None:
        entry = self._entries.pop(server_id, None)
        if entry is None:
            return
        self._projects[entry.project_id].subtract(entry.quota)
        for host, resources in entry.hosts:
            self._hosts[host].subtract(resources)

    def of_host(self, host: str) -> Counter[str]:
        return self._hosts.get(host, Counter())

    def of_project(self, project_id: str) -> Counter[str]:
        return self._projects.get(project_id, Counter())
