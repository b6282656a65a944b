"""Writing which server a row stands for, whoever sees it first: the launch or the mirror."""

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from instances import live
from instances.models import Instance
from instances.statuses import BUILD


@transaction.atomic
def link_server(row: Instance, server_id: str) -> None:
    """`row` is the machine of this server. A row that the mirror made of it as a stranger's goes."""
    now = timezone.now()
    rows = Instance.objects.filter(allocation_id=row.allocation_id)
    rows.filter(server_id=server_id).exclude(pk=row.pk).delete()
    linked = rows.filter(pk=row.pk, server_id="").update(
        server_id=server_id,
        status=BUILD,
        state_since=now,
        seen_at=now,
        charged_until=now,
        version=F("version") + 1,
    )
    row.server_id = server_id
    if linked:
        live.push_on_commit([row.pk])
