"""Each cloud on /healthz, from what the workers' calls met lately: nothing is called for it."""

import time
from collections.abc import Iterable

from portal.cloud import breaker
from portal.cloud.config import CloudConfig, clouds
from portal.core.health import Part, check

# Without these nobody can do anything; others may be absent.
SERVICES = ("identity", "compute", "network", "image", "block-storage")


@check("clouds")
def each_cloud() -> Iterable[Part]:
    return [_part(cloud) for cloud in clouds().clouds.values()]


def _part(cloud: CloudConfig) -> Part:
    circuits = {
        breaker.circuit(cloud.name, region, service): f"{service} in {region}"
        for region in cloud.regions
        for service in SERVICES
    }
    found = breaker.health(circuits)
    down = [
        f"{one.service} in {one.region} since {one.since:%Y-%m-%d %H:%M} UTC"
        for one in breaker.down(cloud.name, cloud.regions)
    ]
    if down:
        return Part(f"cloud:{cloud.name}", False, f"failing: {', '.join(down)}", ours=False)
    answered = max((health.ok_at for health in found), default=0.0)
    note = f"answered {time.time() - answered:.0f} s ago" if answered else "not called lately"
    return Part(f"cloud:{cloud.name}", True, note)
