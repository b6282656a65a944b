"""The one door to an operation: whose it is, and who else was granted a look or a say."""

from uuid import UUID

from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.operations import hooks
from portal.operations.models import Operation


def operation_for(user: User, id: UUID, *, to_change: bool = False) -> Operation:
    """PortalError `portal:not-found` for strangers, `portal:forbidden` for those who may only look."""
    operation = Operation.objects.select_related("by").filter(pk=id).first()
    if operation is None or not _sees(user, operation):
        raise PortalError("portal:not-found")
    if to_change and not _changes(user, operation):
        raise PortalError("portal:forbidden", need=f"stopping {operation.label.lower()} of {operation.by}")
    return operation


def _sees(user: User, operation: Operation) -> bool:
    return operation.by_id == user.pk or user.is_operator or hooks.granted(user, operation, to_change=False)


def _changes(user: User, operation: Operation) -> bool:
    return operation.by_id == user.pk or hooks.granted(user, operation, to_change=True)
