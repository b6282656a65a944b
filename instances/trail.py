"""What was done to a machine, in the record that everybody concerned may read."""

from instances.models import Instance
from portal.core import audit
from portal.core.audit import Actor
from portal.core.models import AuditEvent


def record(action: str, instance: Instance, *, by: Actor | None, **detail: object) -> AuditEvent:
    """In the caller's transaction. `by=None` is the portal itself."""
    return audit.record(
        action,
        by=by,
        scope=f"allocation.{instance.allocation_id}",
        target_type="instance",
        target_id=instance.pk,
        target_name=instance.name,
        **detail,
    )
