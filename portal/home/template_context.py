"""The bar of every page: where you are, the allocations to switch between, and the pages of the current one."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from allocations.access import allocations_of
from allocations.models import Allocation
from portal.accounts.models import User
from portal.cloud.config import clouds
from portal.core.context import provide
from portal.home.current import cloud_of, named, opened, remembered
from portal.home.kinds import LIST, address_in, kind_of, pages_of
from portal.home.places import titles

# From so many on, a list is searched rather than read.
SEARCHED_FROM = 8


@provide
def bar(request: HttpRequest) -> dict[str, Any]:
    """Worked out only where a template shows it: parts of pages cost no query."""
    return {"bar": SimpleLazyObject(lambda: _bar(request))}


@provide
def words(request: HttpRequest) -> dict[str, Any]:
    """The words of the cloud that the page is about, where clouds have words of their own."""
    return {"words": SimpleLazyObject(lambda: _words(request))}


def _words(request: HttpRequest) -> dict[str, str]:
    configured = clouds()
    if not any(cloud.portal.vocabulary for cloud in configured.clouds.values()):
        return configured.words()
    cloud = cloud_of(request)
    return configured.words(cloud if cloud in configured.clouds else None)


def _bar(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {}
    mine = sorted(allocations_of(user), key=_place_and_name)
    by_slug = {allocation.slug: allocation for allocation in mine}
    here = named(request, user, by_slug)
    if here is not None and here.slug in by_slug:
        opened(request, here)
    current = here or remembered(user, by_slug)
    view = request.resolver_match.view_name if request.resolver_match else ""
    kind = kind_of(view) if here else LIST
    return {
        "current": _entry(current, here, kind) | _place(current) if current else None,
        "groups": _groups(mine, here, kind),
        "count": len(mine),
        "searched": len(mine) >= SEARCHED_FROM,
        "switch": f"{reverse('home-switch')}?{urlencode({'kind': kind, 'at': here.slug if here else ''})}",
        "nav": pages_of(current, view if here else "") if current else [],
    }


def _groups(mine: Sequence[Allocation], here: Allocation | None, kind: str) -> list[dict[str, Any]]:
    groups = [list(group) for _, group in groupby(mine, key=lambda one: _place_and_name(one)[:2])]
    return [
        {**_place(group[0]), "allocations": [_entry(one, here, kind) for one in group]} for group in groups
    ]


def _place_and_name(allocation: Allocation) -> tuple[str, str, str]:
    """Clouds and regions in the order of the configuration, those that left it last."""
    configured = clouds().clouds
    order = list(configured)
    where = order.index(allocation.cloud) if allocation.cloud in configured else len(order)
    regions = configured[allocation.cloud].regions if allocation.cloud in configured else ()
    at = regions.index(allocation.region) if allocation.region in regions else len(regions)
    return f"{where:04}{allocation.cloud}", f"{at:04}{allocation.region}", allocation.project_name


def _place(allocation: Allocation) -> dict[str, str]:
    cloud, region = titles(allocation.cloud, allocation.region)
    return {"cloud": cloud, "region": region}


def _entry(allocation: Allocation, here: Allocation | None, kind: str) -> dict[str, Any]:
    return {
        "name": allocation.project_name,
        "title": allocation.title,
        "url": address_in(allocation, kind),
        "current": allocation == here,
    }
