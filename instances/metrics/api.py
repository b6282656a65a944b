"""What machines measured, over the same series as the graphs."""

from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router

from allocations.roles import Need
from instances.access import instance_for
from instances.metrics.series import RANGES, columns, points

router = Router(tags=["metrics"])


@router.get("/instances/{instance_id}/metrics")
def get_metrics(
    request: HttpRequest, instance_id: UUID, range: Literal["30m", "1h", "24h", "7d"] = "30m"
) -> dict[str, Any]:
    """Columns of one length: `t` in Unix milliseconds, percentages from 0 to 100, network in bytes per
    second, and `util` and `mem` for each GPU. A point of nulls marks a gap."""
    instance = instance_for(request.user, instance_id, Need.SEE)
    return {"range": range, **columns(points(instance.pk, RANGES[range], timezone.now()))}
