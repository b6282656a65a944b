from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from allocations.access import allocation_for
from allocations.cards import cards
from allocations.roles import Need


@login_required
@require_GET
def card(request: HttpRequest, slug: str) -> HttpResponse:
    allocation = allocation_for(request.user, slug, Need.SEE)
    return render(request, "allocations/_card.html", {"card": cards([allocation])[0]})
