"""Adding people: searched for, typed, pasted or from a file; looked at before they are asked for."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from allocations.access import allocation_for
from allocations.members import adding, rules, sheets, shown
from allocations.members.people import crew
from allocations.models import Allocation, Grant
from allocations.roles import Need
from allocations.sources import lookups
from allocations.sources import people as sources
from allocations.sources.capabilities import capabilities
from allocations.sources.models import MembershipRequest
from allocations.sources.names import key as name_key
from allocations.sources.people import Found
from portal.accounts.models import User
from portal.accounts.views_profile import person
from portal.core.errors import PortalError
from portal.core.htmx import wants_part

PAGE, FOUND, PREVIEW = "members/add.html", "members/_found.html", "members/preview.html"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, slug: str) -> HttpResponse:
    """POST `do`: search (`q`), preview (`pick`, `names`, `sheet`, `role`, `resource`), ask (`lines`)."""
    allocation, viewer = allocation_for(request.user, slug, Need.MANAGE), person(request)
    context = _form(request, allocation, viewer)
    do = request.POST.get("do", "") if request.method == "POST" else ""
    if do == "search":
        context |= _search(allocation, viewer, request.POST.get("q", ""))
        return render(request, FOUND if wants_part(request) else PAGE, context)
    if do == "ask":
        return _ask(request, allocation, viewer)
    if do == "preview":
        return _preview(request, allocation, viewer, context)
    return render(request, PAGE, context)


@never_cache
@require_safe
def found(request: HttpRequest, slug: str, id: UUID) -> HttpResponse:
    """What a worker has found meanwhile: a part that fetches itself until it is there."""
    allocation, viewer = allocation_for(request.user, slug, Need.MANAGE), person(request)
    answer = lookups.result(id, by=viewer)
    return render(request, FOUND, _answered(allocation, answer))


def _answered(allocation: Allocation, answer: lookups.Answer) -> dict[str, Any]:
    return {
        "allocation": allocation,
        "answer": answer,
        "elsewhere": _elsewhere(allocation, answer),
        "q": answer.query,
        "can": capabilities(allocation),
    }


def _elsewhere(allocation: Allocation, answer: lookups.Answer) -> list[tuple[Found, str]]:
    """Whom the source found besides those whom the portal knows, and why one of them cannot be chosen."""
    known = {name_key(one.username) for one in sources.search(allocation, answer.query)}
    inside = {name_key(one.username) for one in crew(allocation).inside}
    return [
        (one, "in this allocation already" if name_key(one.username) in inside else _why_not(one))
        for one in answer.found
        if name_key(one.username) not in known
    ]


def _why_not(one: Found) -> str:
    return "" if one.eligible else one.why_not or "cannot be added"


def _form(request: HttpRequest, allocation: Allocation, viewer: User) -> dict[str, Any]:
    # A link may bring names along: somebody who was removed is added again by it.
    given = request.POST if request.method == "POST" else request.GET
    resources = [(name, label) for name, label in Grant.Resource.choices if name in adding.RESOURCES]
    return {
        "allocation": allocation,
        "can": capabilities(allocation),
        "choices": rules.choices(crew(allocation).actor(viewer), rules.ADDABLE),
        "resources": resources,
        "names": given.get("names", "")[: sheets.LONGEST],
        "role": given.get("role", "member"),
        "wanted": given.getlist("resource"),
        "picked": given.getlist("pick")[: sheets.MOST],
        "q": given.get("q", ""),
        "most": sheets.MOST,
    }


def _search(allocation: Allocation, viewer: User, q: str) -> dict[str, Any]:
    """Whom the portal knows at once; the source is asked besides, where it can be."""
    context: dict[str, Any] = {"q": q, "known": sources.search(allocation, q), "searched": True}
    if capabilities(allocation).can_search and q.strip():
        try:
            context["answer"] = lookups.result(
                lookups.start(allocation=allocation, by=viewer, q=q), by=viewer
            )
        except PortalError as problem:
            context["problem"] = problem
    return context


def _preview(
    request: HttpRequest, allocation: Allocation, viewer: User, context: dict[str, Any]
) -> HttpResponse:
    sheet = _sheet(request)
    if not sheet.entries and not sheet.bad:
        context["wrong"] = "Nobody is chosen yet: search, type or paste names, or choose a file."
        return render(request, PAGE, context, status=422)
    role = context["role"] if context["role"] in rules.ADDABLE else "member"
    planned = adding.preview(
        allocation=allocation, by=viewer, sheet=sheet, role=role, resources=context["wanted"]
    )
    good = [one.entry.username for one in planned.good]
    context |= {
        "planned": planned,
        "lines": sheets.lines((one.entry for one in planned.good), role, context["wanted"]),
        "letter": shown.letter(allocation, "add", good, "", str(viewer)),
        "titles": {name: rules.title(name) for name in rules.ORDER},
    }
    return render(request, PREVIEW, context)


def _sheet(request: HttpRequest) -> sheets.Sheet:
    """All that was given, together: who was picked, what was typed, the file."""
    upload = request.FILES.get("sheet")
    of_file = sheets.read_bytes(upload.read(sheets.LONGEST + 1)) if upload else sheets.Sheet((), ())
    typed = sheets.read(request.POST.get("names", "")[: sheets.LONGEST])
    picked = sheets.read("\n".join(request.POST.getlist("pick")[: sheets.MOST]))
    return sheets.together(picked, typed, of_file)


def _ask(request: HttpRequest, allocation: Allocation, viewer: User) -> HttpResponse:
    sheet = sheets.read(request.POST.get("lines", "")[: sheets.LONGEST])
    comment = request.POST.get("comment", "")[:500]
    rows = adding.add(allocation=allocation, by=viewer, sheet=sheet, role="member", comment=comment)
    refused = sum(1 for row in rows if row.state == MembershipRequest.State.REFUSED)
    messages.success(request, _words(len(rows) - refused, refused, len(sheet.entries)))
    return HttpResponseRedirect(reverse("members:list", args=[allocation.slug]))


def _words(asked: int, refused: int, named: int) -> str:
    if not asked and not refused:
        return f"Noted for {named} {'person' if named == 1 else 'people'}: it holds as soon as the cloud lets them in."
    said = (
        f"{asked} {'person' if asked == 1 else 'people'} asked for: how it goes on stands under “Under way”."
    )
    return f"{said} {refused} could not be asked for; why stands there too." if refused else said
