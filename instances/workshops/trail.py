"""What is done in workshops goes into the audit of their allocation."""

from instances.workshops.models import Workshop
from portal.accounts.models import User
from portal.core import audit


def record(action: str, workshop: Workshop, *, by: User | None, **detail: object) -> None:
    """`action` such as "workshop.plan". Without a person: the portal by itself."""
    audit.record(
        action,
        by=by,
        scope=f"allocation.{workshop.allocation_id}",
        target_type="workshop",
        target_id=workshop.pk,
        target_name=workshop.title,
        **detail,
    )
