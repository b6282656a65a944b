from typing import Any, Protocol

from portal.core.logs import current_request_id
from portal.core.models import AuditEvent


class Actor(Protocol):
    pk: Any

    def __str__(self) -> str: ...


def record(
    action: str,
    *,
    by: Actor | None,
    scope: str = "",
    target_type: str = "",
    target_id: object = "",
    target_name: str = "",
    **detail: Any,
) -> AuditEvent:
    """Write down what was done, in the caller's transaction. `by=None` is the portal itself."""
    return AuditEvent.objects.create(
        action=action,
        actor_id=str(by.pk) if by else "",
        actor_name=str(by)[:255] if by else "the portal",
        scope=scope,
        target_type=target_type,
        target_id=str(target_id),
        target_name=target_name[:255],
        detail=detail,
        request_id=current_request_id(),
    )
