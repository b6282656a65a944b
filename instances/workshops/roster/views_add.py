"""Putting people on the roster: one by hand, or a list that is looked at before anybody is added."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from instances.workshops.access import workshop_for
from instances.workshops.models import Learner, Workshop
from instances.workshops.rights import Right
from instances.workshops.roster import acts, services, sheets
from instances.workshops.roster.people import words
from instances.workshops.roster.sheets import Sheet
from portal.accounts.models import User
from portal.accounts.views_profile import person
from portal.core.errors import PortalError
from portal.notices import mails

PAGE, PREVIEW = "workshops/roster/add.html", "workshops/roster/preview.html"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """POST `do`: one (`name`, `email`, `access_id`), preview (`names`, `sheet`), add (`lines`); `invite` writes to them."""
    workshop, by = workshop_for(request.user, workshop_id, Right.RUN), person(request)
    do = request.POST.get("do", "") if request.method == "POST" else ""
    if do == "preview":
        return _preview(request, workshop)
    if do in {"one", "add"}:
        sheet = _one(request) if do == "one" else _read(request.POST.get("lines", ""))
        try:
            return _add(request, workshop, by, sheet, Learner.Via.HAND if do == "one" else Learner.Via.ROSTER)
        except PortalError as problem:
            if problem.id not in {"roster:nobody", "roster:full"}:
                raise
            return render(request, PAGE, _form(request, workshop, problem), status=problem.problem.status)
    return render(request, PAGE, _form(request, workshop))


def _form(request: HttpRequest, workshop: Workshop, problem: PortalError | None = None) -> dict[str, Any]:
    return {
        "workshop": workshop,
        "given": request.POST,
        "id_title": words().id_title,
        "most": sheets.MOST,
        "kib": sheets.LONGEST // 1024,
        "mails": mails.configured(),
        "wrong": problem.problem if problem else None,
    }


def _one(request: HttpRequest) -> Sheet:
    cells = [request.POST.get(name, "").strip() for name in ("name", "email", "access_id")]
    row = "\t".join('"' + cell[:400].replace('"', "'").replace("\n", " ") + '"' for cell in cells)
    return _read(f"name\temail\tusername\n{row}")


def _read(text: str) -> Sheet:
    return sheets.read(text[: sheets.LONGEST], words())


def _preview(request: HttpRequest, workshop: Workshop) -> HttpResponse:
    upload = request.FILES.get("sheet")
    of_file = sheets.read_bytes(upload.read(sheets.LONGEST + 1), words()) if upload else Sheet((), ())
    found = sheets.together(_read(request.POST.get("names", "")), of_file)
    if not found.entries and not found.bad:
        nobody = PortalError("roster:nobody", reason="the list is empty.")
        return render(request, PAGE, _form(request, workshop, nobody), status=422)
    sheet, again = sheets.against(found, services.keys_of(workshop))
    context = _form(request, workshop) | {
        "sheet": sheet,
        "again": again,
        "good": len(sheet.entries) + len(again),
        "lines": sheets.lines((*sheet.entries, *again)),
        "room": _room(workshop, len(sheet.entries) + len(again)),
    }
    return render(request, PREVIEW, context)


def _room(workshop: Workshop, more: int) -> int:
    """How many of them there will be no seat for."""
    held = workshop.learners.filter(state__in=(Learner.State.IN, Learner.State.INVITED))
    return max(0, held.exclude(via=Learner.Via.TEST).count() + more - workshop.seats)


def _add(request: HttpRequest, workshop: Workshop, by: User, sheet: Sheet, via: str) -> HttpResponse:
    if not sheet.entries:
        raise PortalError("roster:nobody", reason=sheet.bad[0].why if sheet.bad else "the list is empty.")
    added = services.add(workshop=workshop, by=by, entries=sheet.entries, via=via)
    people = [*added.made, *added.again]
    messages.success(request, f"{len(people)} {_people(len(people))} on the roster.")
    if request.POST.get("invite"):
        results = acts.do(act=acts.ACTS["invite"], learners=people, by=by)
        failed = [one for one in results if one.problem]
        messages.info(
            request, f"{len(results) - len(failed)} {_people(len(results) - len(failed))} written to."
        )
        if failed:
            names = ", ".join(one.learner.name for one in failed[:10])
            more = f" and {len(failed) - 10} more" if len(failed) > 10 else ""
            messages.warning(
                request, f"{len(failed)} could not be written to, and are on the roster: {names}{more}."
            )
    for bad in added.sheet.bad[:5]:
        messages.warning(request, f"{bad.text}: {bad.why}")
    return HttpResponseRedirect(reverse("roster:list", args=[workshop.pk]))


def _people(number: int) -> str:
    return "person is" if number == 1 else "people are"
