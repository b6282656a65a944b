"""What the machines of many allocations cost per hour now, for the start page."""

from collections import defaultdict
from collections.abc import Collection
from decimal import Decimal

from django.db.models import Count, Q
from django.utils import timezone

from allocations.rates import resource_of, su_per_hour
from instances.models import Instance
from instances.statuses import ACTIVE, BUILD, REQUESTED
from portal.cloud.config import clouds


def burning_now(allocation_ids: Collection[int]) -> dict[int, dict[str, Decimal]]:
    """{allocation: {resource: SU per hour}}, in one query that counts machines of a kind in the database.

    A machine that is being made counts as running, as it does in `budgets.burn`.
    """
    kinds = (
        Instance.objects.filter(allocation__in=allocation_ids, deleted_at=None)
        # What the cloud refused to make costs nothing.
        .exclude(~Q(status=REQUESTED), server_id="")
        .order_by()
        .values_list("allocation_id", "allocation__cloud", "flavor_name", "vcpus", "status")
        .annotate(number=Count("pk"))
    )
    now, known = timezone.now(), clouds().clouds
    total: dict[int, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for allocation_id, cloud, flavor_name, vcpus, status, number in kinds:
        if cloud not in known:
            continue
        rates = known[cloud].portal
        resource = resource_of(flavor_name, now, rates)
        counted = ACTIVE if status in (REQUESTED, BUILD) else status
        hourly = su_per_hour(flavor_name, vcpus, counted, now, rates)
        if resource is not None and hourly is not None:
            total[allocation_id][resource] += hourly * number
    return {pk: dict(by_resource) for pk, by_resource in total.items()}
