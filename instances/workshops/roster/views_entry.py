"""Who may join: the link of the class, the rules of who is let in, and codes for guests."""

import re
from typing import Any
from uuid import UUID

import segno
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from instances.workshops.access import workshop_for
from instances.workshops.models import Workshop
from instances.workshops.rights import Right
from instances.workshops.roster import admission, guest_codes, links, services
from instances.workshops.roster.admission import Rules
from instances.workshops.roster.listing import counted
from instances.workshops.roster.people import OVER
from portal.accounts.models import User
from portal.accounts.views_profile import person
from portal.core.errors import PortalError


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def entry(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """POST `do`: link (a new one, `cap`), cap, revoke, rules (`roster_only`, `domains`, `approve`, `guests`), withdraw."""
    workshop, by = workshop_for(request.user, workshop_id, Right.RUN), person(request)
    if request.method == "POST":
        try:
            messages.success(request, _done(request, workshop, by))
        except PortalError as problem:
            if problem.id != "portal:bad-input":
                raise
            context = _context(workshop) | {"wrong": problem.problem, "given": request.POST}
            return render(request, "workshops/roster/entry.html", context, status=422)
        return HttpResponseRedirect(reverse("roster:entry", args=[workshop.pk]))
    return render(request, "workshops/roster/entry.html", _context(workshop))


def _done(request: HttpRequest, workshop: Workshop, by: User) -> str:
    do = request.POST.get("do", "")
    if do == "link":
        links.make(workshop=workshop, by=by, cap=_cap(request))
        return "The link is made. One that there was before it is good no more."
    if do == "cap":
        links.set_cap(workshop=workshop, by=by, cap=_cap(request))
        return "The link gives as many seats as you said."
    if do == "revoke":
        links.revoke(workshop=workshop, by=by)
        return "The link is withdrawn: nobody comes in by it any more. Who came by it stays."
    if do == "rules":
        services.admit(workshop=workshop, by=by, rules=_rules(request, workshop))
        return "Saved: it holds for everybody who comes from now on. Who is in stays."
    if do == "withdraw":
        count = guest_codes.withdraw_unused(workshop=workshop, by=by)
        return f"{count} unused guest code{'' if count == 1 else 's'} withdrawn."
    raise PortalError("portal:bad-input", reason="That cannot be done here.")


def _cap(request: HttpRequest) -> int | None:
    given = request.POST.get("cap", "").strip()
    if not given:
        return None
    return int(given) if given.isascii() and given.isdigit() and len(given) < 7 else 0


def _rules(request: HttpRequest, workshop: Workshop) -> Rules:
    given = re.split(r"[\s,;]+", request.POST.get("domains", "")[:4000])
    return Rules(
        roster_only=request.POST.get("who") == "roster",
        domains=tuple(dict.fromkeys(one.lower().removeprefix("@") for one in given if one)),
        approve=bool(request.POST.get("approve")),
        guests=bool(request.POST.get("guests")) and guest_codes.offered(workshop),
    )


def _context(workshop: Workshop) -> dict[str, Any]:
    link = links.live(workshop)
    rules = admission.rules_of(workshop.admits)
    made = workshop.guest_codes.filter(revoked_at=None)
    return {
        "workshop": workshop,
        "shown": links.shown(link) if link else None,
        "qr": _qr(links.shown(link).address) if link else "",
        "given_by_link": link.comings.filter(learner__state="in").count() if link else 0,
        "rules": rules,
        "domains": ", ".join(rules.domains),
        "offers_guests": guest_codes.offered(workshop),
        "takes_guests": guest_codes.open_in(workshop),
        "codes": made.count(),
        "codes_used": made.exclude(user=None).count(),
        "most_codes": guest_codes.MOST,
        "over": workshop.state in OVER,
        "counts": counted(workshop),
    }


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def guests(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """POST `count` makes codes; the answer alone has them, as slips to print."""
    workshop, by = workshop_for(request.user, workshop_id, Right.RUN), person(request)
    if request.method != "POST":
        return HttpResponseRedirect(reverse("roster:entry", args=[workshop.pk]))
    given = request.POST.get("count", "").strip()
    count = int(given) if given.isascii() and given.isdigit() and len(given) < 6 else 0
    made = guest_codes.make(workshop=workshop, by=by, count=count)
    context = {
        "workshop": workshop,
        "made": made,
        "address": request.build_absolute_uri(reverse("roster:guest")),
    }
    return render(request, "workshops/roster/guests.html", context)


@never_cache
@require_safe
def poster(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """For the wall: a part that other pages fetch. Empty without a link."""
    workshop = workshop_for(request.user, workshop_id, Right.HELP)
    link = links.live(workshop)
    shown = links.shown(link) if link else None
    context = {"shown": shown, "qr": _qr(shown.address) if shown else ""}
    return render(request, "workshops/roster/_poster.html", context)


def _qr(address: str) -> SafeString:
    """Drawn by the library from letters of our own: black on what the style sheet makes white, also in the dark."""
    drawn = segno.make(address, error="m", micro=False).svg_inline(
        scale=4, border=2, svgclass="qr", lineclass="qr-line", omitsize=True
    )
    return mark_safe(drawn)  # noqa: S308
