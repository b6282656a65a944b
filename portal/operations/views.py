from typing import cast
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.models import User
from portal.core.htmx import toast, wants_part
from portal.operations import access, services
from portal.operations.models import Operation


@login_required
@require_safe
def operation(request: HttpRequest, id: UUID) -> HttpResponse:
    """One operation with its history, as a part for a page."""
    return _part(request, access.operation_for(cast(User, request.user), id))


@login_required
@require_POST
def cancel(request: HttpRequest, id: UUID) -> HttpResponse:
    user = cast(User, request.user)
    stopped = services.cancel(op=access.operation_for(user, id, to_change=True), by=user)
    if not wants_part(request):
        return redirect("operations:detail", id=stopped.pk)
    words = "Stopped" if not stopped.live else "It will be stopped at the end of its present step"
    return toast(_part(request, stopped), "info", words)


def _part(request: HttpRequest, shown: Operation) -> HttpResponse:
    steps = list(shown.history.all())
    return render(request, "operations/_operation.html", {"operation": shown, "steps": steps})
