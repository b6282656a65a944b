"""Where an operator finds a person, looks as them, and stops."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from portal.accounts import impersonation
from portal.accounts.models import Look, User
from portal.accounts.operators import require_operator
from portal.cloud.config import clouds
from portal.core.errors import PortalError

_SHOWN = 50


@login_required
@never_cache
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    """Everybody who has signed in, by name, id or e-mail; and who was looked as lately."""
    require_operator(request)
    query = request.GET.get("q", "").strip()[:100]
    looks = Look.objects.select_related("operator", "person")[:20]
    context = {
        "q": query,
        "found": _found(query) if query else [],
        "looks": looks,
        "minutes": clouds().telling.look_minutes,
        "shortest": impersonation.SHORTEST_REASON,
        "tab": "people",
    }
    return render(request, "operator/people.html", context)


def _found(query: str) -> list[User]:
    people = User.objects.filter(is_active=True)
    for word in query.split()[:5]:
        people = people.filter(
            Q(display_name__icontains=word)
            | Q(access_id__icontains=word)
            | Q(username__icontains=word)
            | Q(email__icontains=word)
        )
    return list(people.order_by("display_name", "pk")[:_SHOWN])


@login_required
@require_POST
def start(request: HttpRequest, pk: int) -> HttpResponse:
    operator = require_operator(request)
    person = User.objects.filter(pk=pk).first()
    if person is None:
        raise PortalError("portal:not-found")
    impersonation.start(request=request, person=person, reason=request.POST.get("reason", ""), by=operator)
    return redirect("home")


@login_required
@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """Back to oneself. Without a look it does nothing."""
    look = impersonation.looking_in(request)
    if look is not None:
        impersonation.end(look=look, why="left", by=look.operator)
        request.session.pop(impersonation.KEY, None)
        messages.info(request, f"You are yourself again. You saw {look.pages} pages as {look.person}.")
    return redirect("look-people")
