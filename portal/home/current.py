"""Which allocation a page is in: the one that its address names, else the one that the person was in last."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from allocations.access import allocation_by_id, allocation_for
from allocations.models import Allocation
from allocations.roles import Need
from instances.models import Instance
from instances.workshops.models import Workshop
from portal.accounts.models import User
from portal.accounts.preferences import remember
from portal.core.errors import PortalError

PREFERENCE = "allocation"
_OPENED = "_allocation_opened"


def named(request: HttpRequest, user: User, mine: Mapping[str, Allocation]) -> Allocation | None:
    """The allocation in the page's address, or that of the machine or workshop named there, if the person may see it."""
    slug, thing = _in_address(request)
    if slug:
        return mine.get(slug) or _looked_at(user, slug=slug)
    if thing is None:
        return None
    of = thing.values_list("allocation_id", flat=True).first()
    known = {allocation.pk: allocation for allocation in mine.values()}
    return None if of is None else known.get(of) or _looked_at(user, pk=of)


def cloud_of(request: HttpRequest) -> str:
    """The cloud that the page is about; empty for pages that are about none. One query."""
    slug, thing = _in_address(request)
    if slug:
        return Allocation.objects.filter(slug=slug).values_list("cloud", flat=True).first() or ""
    return "" if thing is None else thing.values_list("allocation__cloud", flat=True).first() or ""


def remembered(user: User, mine: Mapping[str, Allocation]) -> Allocation | None:
    """The one that they were in last, on any device; the only one, where there is but one."""
    last = mine.get(str(user.preferences.get(PREFERENCE, "")))
    return last or (next(iter(mine.values())) if len(mine) == 1 else None)


def opened(request: HttpRequest, allocation: Allocation) -> None:
    """A page of this allocation is being shown."""
    setattr(request, _OPENED, allocation.slug)


def remember_allocation(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: the allocation whose page was opened is the one to come back to. Written when it is another."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        slug = getattr(request, _OPENED, "")
        user = getattr(request, "user", None)
        looked_at = getattr(request, "looking", None) is not None
        if (
            slug
            and not looked_at
            and isinstance(user, User)
            and request.method == "GET"
            and response.status_code == 200
        ):
            remember(user, PREFERENCE, slug)
        return response

    return middleware


def _in_address(request: HttpRequest) -> tuple[str, QuerySet[Any] | None]:
    """The slug of an allocation, or the machine or workshop that the page's address names."""
    found = request.resolver_match
    if found is None:
        return "", None
    about_machine = found.app_names[:1] in (["instances"], ["metrics"])
    given: dict[str, Any] = found.kwargs
    machine = given.get("instance_id") or (given.get("id") if about_machine else None)
    if machine is not None:
        return given.get("slug", ""), Instance.objects.filter(pk=machine)
    workshop = given.get("workshop_id")
    return given.get("slug", ""), Workshop.objects.filter(pk=workshop).order_by() if workshop else None


def _looked_at(user: User, *, slug: str = "", pk: int = 0) -> Allocation | None:
    """Operators look at allocations that they are not members of."""
    if not user.is_operator:
        return None
    try:
        return allocation_for(user, slug, Need.SEE) if slug else allocation_by_id(user, pk, Need.SEE)
    except PortalError:
        return None
