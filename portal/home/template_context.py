"""The bar of every page: the allocations to switch between, and the pages of the one that is open."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from allocations.access import allocations_of
from allocations.models import Allocation
from allocations.roles import Need, allows
from instances.models import Instance
from portal.accounts.models import User
from portal.cloud.config import clouds
from portal.core.context import provide


@provide
def bar(request: HttpRequest) -> dict[str, Any]:
    """Worked out only where a template shows it: parts of pages cost no query."""
    return {"bar": SimpleLazyObject(lambda: _bar(request))}


def _bar(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {}
    mine = sorted(allocations_of(user), key=lambda found: (found.cloud, found.region, found.project_name))
    current = _current(request, mine)
    return {
        "current": _entry(current, current) | _place(current) if current else None,
        "groups": [
            {**_place(group[0]), "allocations": [_entry(allocation, current) for allocation in group]}
            for group in _by_place(mine)
        ],
        "nav": _nav(request, current) if current else [],
    }


def _current(request: HttpRequest, mine: Iterable[Allocation]) -> Allocation | None:
    """The allocation of the page: named in its address, or that of the machine named there."""
    named = request.resolver_match.kwargs if request.resolver_match else {}
    by_slug = {allocation.slug: allocation for allocation in mine}
    if "slug" in named:
        return by_slug.get(named["slug"])
    if request.resolver_match and request.resolver_match.namespace == "instances" and "id" in named:
        slug = Instance.objects.filter(pk=named["id"]).values_list("allocation__slug", flat=True).first()
        return by_slug.get(slug or "")
    return None


def _by_place(allocations: Iterable[Allocation]) -> list[list[Allocation]]:
    return [list(group) for _, group in groupby(allocations, key=lambda found: (found.cloud, found.region))]


def _place(allocation: Allocation) -> dict[str, str]:
    cloud = clouds().clouds.get(allocation.cloud)
    if cloud is None:
        return {"cloud": allocation.cloud, "region": allocation.region}
    return {"cloud": cloud.title, "region": cloud.region_title(allocation.region)}


def _entry(allocation: Allocation, current: Allocation | None) -> dict[str, Any]:
    return {
        "name": allocation.project_name,
        "title": allocation.title,
        "url": reverse("instances:list", args=[allocation.slug]),
        "current": allocation == current,
    }


def _nav(request: HttpRequest, current: Allocation) -> list[dict[str, Any]]:
    here = request.resolver_match.view_name if request.resolver_match else ""
    words = clouds().words(current.cloud if current.cloud in clouds().clouds else None)
    pages = [("instances:list", f"{words.get('server', 'instance').capitalize()}s", "server")]
    if allows(current.viewer_role, Need.LAUNCH):
        pages.append(("instances:launch", "Launch", "rocket"))
    return [
        {"label": label, "url": reverse(name, args=[current.slug]), "icon": icon, "current": here == name}
        for name, label, icon in pages
    ]
