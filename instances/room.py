"""How much of a quota is left, counting what was asked for since the cloud last told."""

from collections.abc import Iterable
from dataclasses import dataclass

from allocations.models import Allocation
from instances.exosphere import marks_of
from instances.models import Instance
from instances.statuses import REQUESTED

LABELS = {
    "instances": "instances",
    "cores": "vCPUs",
    "ram_mb": "MB of RAM",
    "volumes": "volumes",
    "volume_gb": "GB of volumes",
    "floating_ips": "public addresses",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One resource: what the cloud counted, what we know came on top since, and the limit (None: none)."""

    used: int
    queued: int
    limit: int | None

    @property
    def free(self) -> int | None:
        return None if self.limit is None else max(0, self.limit - self.used - self.queued)


@dataclass(frozen=True, slots=True)
class Room:
    """A resource that could not be read is absent, and limits nothing: the cloud still decides."""

    shares: dict[str, Share]

    def fits(self, vcpus: int, ram_mb: int) -> int | None:
        """How many machines of that size there is room for; None without a limit."""
        limits = [
            share.free // each
            for name, each in machine(vcpus, ram_mb)
            if (share := self.shares.get(name)) and share.free is not None and each > 0
        ]
        return min(limits) if limits else None


def machine(vcpus: int, ram_mb: int) -> list[tuple[str, int]]:
    """What one more machine needs."""
    return [("instances", 1), ("cores", vcpus), ("ram_mb", ram_mb)]


def growth(vcpus: int, ram_mb: int, had: Instance) -> list[tuple[str, int]]:
    """What a machine needs besides what it has."""
    return [("cores", vcpus - had.vcpus), ("ram_mb", ram_mb - had.ram_mb)]


def lacking(room: Room, needs: Iterable[tuple[str, int]]) -> str:
    """The first of these needs that is not met, with its numbers; empty when there is room for all."""
    for name, more in needs:
        share = room.shares.get(name)
        if share and share.free is not None and more > share.free:
            return f"Needs {more:,} {LABELS[name]}; {share.free:,} of {share.limit:,} are free."
    return ""


def of(allocation: Allocation, live: Iterable[Instance], gone: Iterable[Instance] = ()) -> Room:
    """`live`: machines that are there or asked for. `gone`: those deleted since the quota was read."""
    queued = _queued(allocation, live)
    _give_back(allocation, gone, queued)
    return Room(
        {
            name: Share(
                used=int(found.get("used") or 0), queued=queued.get(name, 0), limit=found.get("limit")
            )
            for name, found in allocation.quota.items()
            if isinstance(found, dict)
        }
    )


def _queued(allocation: Allocation, live: Iterable[Instance]) -> dict[str, int]:
    """What the quota as last read cannot contain yet: machines asked for, or made, after that reading."""
    totals = dict.fromkeys(LABELS, 0)
    for instance in live:
        waiting = instance.status == REQUESTED and not instance.server_id
        if not waiting and not instance.server_id:
            continue  # the cloud refused to make it
        if waiting or not _counted(allocation, instance):
            _add(totals, instance, 1)
        if waiting and marks_of(instance.metadata).address == "automatic":
            totals["floating_ips"] += 1
    return totals


def _give_back(allocation: Allocation, gone: Iterable[Instance], totals: dict[str, int]) -> None:
    for instance in gone:
        if instance.server_id and _counted(allocation, instance):
            _add(totals, instance, -1)


def _counted(allocation: Allocation, instance: Instance) -> bool:
    """Whether the quota was read after this machine was made. The cloud tells that in whole seconds: of the same second
    nobody knows, and what is counted twice for a while costs less than what is counted by nobody."""
    read_at = allocation.quota_read_at
    return read_at is not None and instance.created_at < read_at.replace(microsecond=0)


def _add(totals: dict[str, int], instance: Instance, sign: int) -> None:
    totals["instances"] += sign
    totals["cores"] += sign * instance.vcpus
    totals["ram_mb"] += sign * instance.ram_mb
    if instance.volume_backed:
        totals["volumes"] += sign
        totals["volume_gb"] += sign * instance.disk_gb
