"""The page of an allocation's budgets, and everybody's own as a fragment of other pages."""

from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from allocations.access import allocation_for
from allocations.budgets import hooks, meters, overview_rows
from allocations.budgets.applies import Who, limits_for
from allocations.budgets.history import history
from allocations.budgets.models import GroupMember, Limits
from allocations.models import Allocation
from allocations.roles import Need, allows
from portal.accounts.models import User
from portal.core.htmx import page_or_part

PAGE, PART = "budgets/page.html", "budgets/_all.html"


@login_required
@never_cache
@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Who manages the allocation sees and sets all; a member their own, the defaults, and what concerns them."""
    allocation = allocation_for(request.user, slug, Need.SEE)
    user = cast(User, request.user)
    manages = allows(allocation.viewer_role, Need.MANAGE) or user.is_operator
    context = _own(allocation, user) | {
        "section": "budgets",
        "may_set": allows(allocation.viewer_role, Need.MANAGE),
        "sees_all": manages,
        "history": history(allocation, None if manages else _who(allocation, user)),
    }
    if manages:
        context |= _all(request, allocation)
    return page_or_part(request, PAGE, PART, context)


@login_required
@never_cache
@require_safe
def mine(request: HttpRequest, slug: str) -> HttpResponse:
    """One's own budgets and limits: a part of the start page's card and of the allocation's page. `?brief=1`: nothing
    where there is none; `?panel=1`: likewise, else with a heading. `?machine=`: what matters on that machine's page."""
    allocation = allocation_for(request.user, slug, Need.SEE)
    user = cast(User, request.user)
    machine = request.GET.get("machine", "")
    if machine:
        return render(request, "budgets/_mine.html", _of_machine(allocation, user, machine))
    brief = request.GET.get("brief") == "1"
    panel = request.GET.get("panel") == "1"
    context = _own(allocation, user, brief=brief) | {"brief": brief or panel}
    return render(request, "budgets/_own_panel.html" if panel else "budgets/_mine.html", context)


def _of_machine(allocation: Allocation, user: User, machine: str) -> dict[str, Any]:
    """That it will be shelved, for everybody; and to its owner the budgets that it strains."""
    owned = any(one.id == machine and one.owner_id == user.pk for one in hooks.machines([allocation.pk]))
    found = meters.of_person(allocation, user, machine_id=machine) if owned else []
    return {
        "allocation": allocation,
        "meters": [one for one in found if one.tone or one.lasts_until],
        "coming": overview_rows.shelvings(allocation, [machine]),
        "brief": True,
    }


def _own(allocation: Allocation, user: User, *, brief: bool = False) -> dict[str, Any]:
    found = meters.of_person(allocation, user)
    own_limits = [] if brief else _own_limits(allocation, user)
    held = [one.id for one in hooks.machines([allocation.pk]) if one.owner_id == user.pk] if found else []
    return {
        "allocation": allocation,
        "meters": found,
        "own_limits": own_limits,
        "coming": overview_rows.shelvings(allocation, held) if held else [],
    }


def _own_limits(allocation: Allocation, user: User) -> list[str]:
    rows = list(Limits.objects.filter(allocation=allocation).select_related("user", "group"))
    binding = limits_for(rows, _who(allocation, user)) if rows else []
    return [text for row in binding for text in overview_rows.limits_say(allocation, row)]


def _who(allocation: Allocation, user: User) -> Who:
    seats = GroupMember.objects.filter(group__allocation=allocation, user=user)
    return Who(user.pk, allocation.viewer_role, frozenset(seats.values_list("group_id", flat=True)))


def _all(request: HttpRequest, allocation: Allocation) -> dict[str, Any]:
    query = request.GET.get("q", "").strip()
    set_ones, of_people = overview_rows.lines(allocation, timezone.now())
    shown = [line for line in set_ones if query.casefold() in line.name.casefold()]
    number = max(1, int(request.GET["page"]) if request.GET.get("page", "").isdecimal() else 1)
    first = (number - 1) * overview_rows.PAGE
    return {
        "lines": shown[first : first + overview_rows.PAGE],
        "total": len(shown),
        "query": query,
        "number": number,
        "more": len(shown) > first + overview_rows.PAGE,
        "searched": len(set_ones) > overview_rows.PAGE // 2 or bool(query),
        "of_people": of_people[: overview_rows.PAGE],
        "more_people": max(0, len(of_people) - overview_rows.PAGE),
        "groups": overview_rows.groups(allocation),
        "limits": overview_rows.limits(allocation),
        "all_coming": overview_rows.shelvings(allocation),
    }
