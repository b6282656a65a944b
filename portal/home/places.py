"""A person's allocations by cloud and region, with how each stands: connected or not, answering or not, what runs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from allocations.models import Allocation
from instances.models import Instance, Poll
from instances.rows import polls_of
from instances.statuses import ACTIVE
from portal.accounts.pages import Connection
from portal.cloud.config import CloudConfig, clouds
from portal.home.kinds import LIST, address_in

# What says of us that we may not read, rather than of the region that it does not answer.
_OURS = frozenset({"instances:no-reader", "cloud:unauthorized", "cloud:forbidden"})


@dataclass(frozen=True, slots=True)
class Entry:
    """An allocation in its place. `silent_since`: the cloud has not told of its machines since then.

    `address`: the page of it that a click leads to; `read`: its machines are known as they are now.
    """

    allocation: Allocation
    address: str
    running: int = 0
    silent_since: datetime | None = None
    read: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """One region of one cloud. `connection` None: the operators have taken the cloud out of the configuration."""

    cloud: str
    region: str
    cloud_title: str
    region_title: str
    connection: Connection | None
    entries: Sequence[Entry] = ()

    @property
    def running(self) -> int:
        return sum(entry.running for entry in self.entries)

    @property
    def silent(self) -> Sequence[Entry]:
        return [entry for entry in self.entries if entry.silent_since]

    @property
    def silent_since(self) -> datetime | None:
        """Since when nothing that was asked of the region has been answered."""
        asked = [entry for entry in self.entries if entry.read or entry.silent_since]
        since = [entry.silent_since for entry in asked if entry.silent_since]
        return min(since) if since and len(since) == len(asked) else None

    @property
    def state(self) -> str:
        """gone, silent, or as the connection: connected, connecting, failed, ended, not_connected, asking."""
        if self.connection is None:
            return "gone"
        own = self.connection.state
        return "silent" if self.silent_since and own in ("connected", "connecting") else own

    @property
    def may_connect(self) -> bool:
        return self.state in ("failed", "ended", "not_connected", "asking")


def places(
    allocations: Iterable[Allocation], connections: Sequence[Connection], kind: str = LIST
) -> list[Place]:
    """In the order of the configuration, clouds without an allocation too. Two queries.

    `kind`: what the addresses of the allocations lead to.
    """
    mine = list(allocations)
    ids = [allocation.pk for allocation in mine]
    entries = _entries(mine, _running(ids), kind)
    by_place: dict[tuple[str, str], list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: entry.allocation.project_name):
        by_place.setdefault((entry.allocation.cloud, entry.allocation.region), []).append(entry)
    known = {connection.cloud.name: connection for connection in connections}
    return [
        _place(cloud, region, known.get(cloud), by_place.get((cloud, region), []))
        for cloud, region in _order(by_place, connections)
    ]


def titles(cloud: str, region: str) -> tuple[str, str]:
    """What a cloud and its region are called; their names where they have left the configuration."""
    found: CloudConfig | None = clouds().clouds.get(cloud)
    return (found.title, found.region_title(region)) if found else (cloud, region)


def _order(
    by_place: Mapping[tuple[str, str], object], connections: Sequence[Connection]
) -> list[tuple[str, str]]:
    """Regions in which the person has something; of a cloud without any, the cloud itself."""
    order: list[tuple[str, str]] = []
    for connection in connections:
        name = connection.cloud.name
        regions = [region for region in connection.cloud.regions if (name, region) in by_place]
        others = sorted(region for cloud, region in by_place if cloud == name and region not in regions)
        order += [(name, region) for region in [*regions, *others] or [""]]
    return order + sorted(place for place in by_place if place not in order)


def _place(cloud: str, region: str, connection: Connection | None, entries: list[Entry]) -> Place:
    return Place(cloud, region, *titles(cloud, region), connection, entries)


def _entries(allocations: Sequence[Allocation], running: Mapping[int, int], kind: str) -> list[Entry]:
    polls = polls_of([allocation.pk for allocation in allocations])
    return [_entry(one, running.get(one.pk, 0), polls.get(one.pk), kind) for one in allocations]


def _entry(allocation: Allocation, running: int, poll: Poll | None, kind: str) -> Entry:
    silent = poll.failing_since if poll and poll.error_id not in _OURS else None
    read = bool(poll and poll.ok_at and not poll.failing_since)
    return Entry(allocation, address_in(allocation, kind), running, silent, read)


def _running(allocation_ids: Sequence[int]) -> dict[int, int]:
    counted = Instance.objects.filter(allocation__in=allocation_ids, deleted_at=None, status=ACTIVE)
    return dict(counted.order_by().values_list("allocation_id").annotate(number=Count("pk")))
