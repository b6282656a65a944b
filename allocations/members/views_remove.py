"""Removing somebody: what they leave behind, what becomes of it, and how that went."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from allocations.access import allocation_for
from allocations.hooks_people import HAND, Choice, LeftBehind
from allocations.members import removing, rules, shown
from allocations.members.models import Departure
from allocations.members.people import Crew, crew, siblings
from allocations.models import Allocation, Membership
from allocations.roles import Need, having
from allocations.sources.capabilities import capabilities
from allocations.sources.people import Person
from portal.accounts.models import User
from portal.accounts.views_profile import person
from portal.core.errors import PortalError

_USING = having(Need.ACT)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """GET shows what they leave behind; POST with a choice for each thing (`do:<kind>:<id>`, `to:…`) does it."""
    allocation, viewer = allocation_for(request.user, slug, Need.MANAGE), person(request)
    people = crew(allocation)
    leaver = people.find(key)
    if leaver not in people.out:
        _check(people, viewer, leaver)
    left, heirs = removing.left_by(allocation, leaver.user), _heirs(allocation, leaver.user)
    if request.method == "POST":
        choices = _choices(request, left, heirs)
        comment = request.POST.get("comment", "")
        found = removing.remove(allocation=allocation, by=viewer, key=key, choices=choices, comment=comment)
        if leaver.user is not None and leaver.user.pk == viewer.pk:
            messages.success(request, f"You have left {allocation.project_name}.")
            return HttpResponseRedirect(reverse("home"))
        return HttpResponseRedirect(reverse("members:departure", args=[allocation.slug, found.pk]))
    return render(request, "members/remove.html", _context(allocation, people, viewer, leaver, left, heirs))


def _check(people: Crew, viewer: User, leaver: Person) -> None:
    own = leaver.user is not None and leaver.user.pk == viewer.pk
    reason = rules.why_not_remove(people.actor(viewer), people.role_of(leaver), own=own)
    if reason:
        raise PortalError("members:refused", person=leaver.name or leaver.username, reason=reason)


def _context(
    allocation: Allocation,
    people: Crew,
    viewer: User,
    leaver: Person,
    left: list[LeftBehind],
    heirs: dict[str, User],
) -> dict[str, Any]:
    own = leaver.user is not None and leaver.user.pk == viewer.pk
    things = [
        (
            thing,
            [(what, removing.WORDS[what]) for what in thing.choices if not own or what in ("hand", "leave")],
        )
        for thing in left
        if thing.choices
    ]
    return {
        "allocation": allocation,
        "leaver": leaver,
        "name": leaver.name or leaver.username,
        "own": own,
        "role_label": rules.LABELS.get(people.role_of(leaver), ""),
        "things": things,
        "ends": [thing for thing in left if not thing.choices],
        "burn": sum((thing.su_per_hour or 0 for thing, _ in things), start=0),
        "heirs": list(heirs.items()),
        "viewer_pk": str(viewer.pk),
        "can": capabilities(allocation),
        "letter": shown.letter(allocation, "remove", [leaver.username], "", str(viewer)),
    }


def _heirs(allocation: Allocation, leaver: User | None) -> dict[str, User]:
    """Members who may use machines, but for who goes."""
    members = Membership.objects.filter(allocation=allocation, ended_at=None, role__in=_USING)
    found = User.objects.filter(pk__in=members.values("user"), is_active=True)
    gone = leaver.pk if leaver else None
    return {str(user.pk): user for user in found.order_by("display_name", "username") if user.pk != gone}


def _choices(
    request: HttpRequest, left: list[LeftBehind], heirs: dict[str, User]
) -> dict[tuple[str, str], Choice]:
    """As the form has them: by the thing's own kind and id, since the list may have grown meanwhile."""
    given = request.POST
    found = {}
    for thing in left:
        what = given.get(f"do:{thing.kind}:{thing.id}", "leave")
        if not thing.choices or what not in thing.choices:
            continue
        heir = heirs.get(given.get(f"to:{thing.kind}:{thing.id}", "")) if what == HAND else None
        if what == HAND and heir is None:
            raise PortalError("portal:bad-input", reason=f"Choose who gets {thing.name}.")
        found[thing.kind, thing.id] = Choice(what, heir)
    return found


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def departure(request: HttpRequest, slug: str, id: UUID) -> HttpResponse:
    """How a removal went; POST tries again what could not be done, or settles what was left."""
    allocation, viewer = allocation_for(request.user, slug, Need.MANAGE), person(request)
    found = (
        Departure.objects.filter(pk=id, allocation__in=siblings(allocation)).select_related("user").first()
    )
    if found is None:
        raise PortalError("portal:not-found")
    back = _is_back(found, allocation)
    left = [] if back else [one for one in removing.left_by(allocation, found.user) if one.choices]
    heirs = _heirs(allocation, found.user)
    if request.method == "POST":
        _settle(request, allocation, viewer, found, _choices(request, left, heirs))
        return HttpResponseRedirect(reverse("members:departure", args=[allocation.slug, found.pk]))
    context = {
        "allocation": allocation,
        "departure": found,
        "back": back,
        "items": [(item, removing.WORDS[item.choice]) for item in found.items.all()],
        "problems": found.items.exclude(problem="").count(),
        "can": capabilities(allocation),
        "letter": shown.letter(allocation, "remove", [found.username], "", str(viewer)),
        "things": [(one, [(what, removing.WORDS[what]) for what in one.choices]) for one in left],
        "heirs": list(heirs.items()),
        "viewer_pk": str(viewer.pk),
    }
    return render(request, "members/departure.html", context)


def _is_back(departure: Departure, allocation: Allocation) -> bool:
    """Whether they are a member again since."""
    return Membership.objects.filter(user=departure.user, allocation=allocation, ended_at=None).exists()


def _settle(
    request: HttpRequest,
    allocation: Allocation,
    viewer: User,
    found: Departure,
    choices: dict[tuple[str, str], Choice],
) -> None:
    """`again`: what could not be done; else what is chosen for the things that are still there."""
    if request.POST.get("do") == "again":
        number = removing.try_again(allocation=allocation, by=viewer, departure=found)
    else:
        number = removing.settle_more(allocation=allocation, by=viewer, departure=found, choices=choices)
    messages.info(request, f"{number} thing{'' if number == 1 else 's'} under way.")
