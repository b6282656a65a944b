"""What a project may use and uses, of compute, volumes and network."""

from collections.abc import Callable

from portal.cloud import calls, translate
from portal.cloud.connection import Cloud
from portal.cloud.parse import Row
from portal.cloud.types import Quota
from portal.core.errors import PortalError

# Our resource: Nova's keys for the limit and for what is used.
_COMPUTE = {
    "instances": ("maxTotalInstances", "totalInstancesUsed"),
    "cores": ("maxTotalCores", "totalCoresUsed"),
    "ram_mb": ("maxTotalRAMSize", "totalRAMUsed"),
}
_VOLUME = {
    "volumes": ("maxTotalVolumes", "totalVolumesUsed"),
    "volume_gb": ("maxTotalVolumeGigabytes", "totalGigabytesUsed"),
    "snapshots": ("maxTotalSnapshots", "totalSnapshotsUsed"),
}
_NETWORK = {"floating_ips": "floatingip", "security_groups": "security_group"}
_ABSENT = frozenset({"cloud:unsupported", "cloud:not-found", "cloud:forbidden"})


def list_quotas(cloud: Cloud) -> list[Quota]:
    """Of all services. One that this cloud lacks or hides adds nothing; one that is down is an error."""
    found: list[Quota] = []
    readers: tuple[Callable[[Cloud], list[Quota]], ...] = (compute_quotas, volume_quotas, network_quotas)
    for reader in readers:
        try:
            found += reader(cloud)
        except PortalError as error:
            if error.id not in _ABSENT:
                raise
    return found


@translate.translated("compute")
def compute_quotas(cloud: Cloud) -> list[Quota]:
    return _absolute(calls.compute(cloud, "GET", "/limits")["limits"]["absolute"], _COMPUTE)


@translate.translated("block-storage")
def volume_quotas(cloud: Cloud) -> list[Quota]:
    return _absolute(calls.send(cloud, "block-storage", "GET", "/limits")["limits"]["absolute"], _VOLUME)


@translate.translated("network")
def network_quotas(cloud: Cloud) -> list[Quota]:
    body = calls.send(cloud, "network", "GET", f"/quotas/{cloud.project_id}/details")["quota"]
    return [
        Quota(resource=ours, limit=_limit(body[theirs]["limit"]), used=int(body[theirs]["used"]))
        for ours, theirs in _NETWORK.items()
        if theirs in body
    ]


def _absolute(limits: Row, names: dict[str, tuple[str, str]]) -> list[Quota]:
    return [
        Quota(resource=resource, limit=_limit(limits[limit]), used=int(limits.get(used) or 0))
        for resource, (limit, used) in names.items()
        if limit in limits
    ]


def _limit(value: object) -> int | None:
    """-1 is OpenStack's "unlimited"."""
    number = int(str(value))
    return None if number < 0 else number
