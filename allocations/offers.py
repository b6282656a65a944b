"""What the cloud offers to an allocation, kept with it: written by whoever has just asked, read by pages."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from django.db import transaction

from allocations.models import Allocation
from portal.cloud import features
from portal.cloud.features import Feature, Where
from portal.cloud.types import Offer


@transaction.atomic
def note(allocation: Allocation, found: Iterable[Offer]) -> bool:
    """Store these; what was found of other services stays. True when something is different now."""
    row = Allocation.objects.select_for_update().get(pk=allocation.pk)
    allocation.offers = {**_kept(row), **{offer.service: _stored(offer) for offer in found}}
    if allocation.offers == row.offers:
        return False
    Allocation.objects.filter(pk=row.pk).update(offers=allocation.offers)
    return True


def offers_of(allocation: Allocation) -> tuple[Offer, ...]:
    """As stored; what another version of the portal wrote is read all the same."""
    return tuple(_offer(service, data) for service, data in _kept(allocation).items())


def lost(allocation: Allocation, *where: Where) -> list[Feature]:
    """Features that this cloud cannot have; with `where` those that are noticed there."""
    return [feature for feature in _lost(offers_of(allocation)) if not where or feature.where in where]


@lru_cache(maxsize=256)
def _lost(offers: tuple[Offer, ...]) -> tuple[Feature, ...]:
    return tuple(features.lost(offers))


def _kept(allocation: Allocation) -> dict[str, Mapping[str, Any]]:
    found = allocation.offers if isinstance(allocation.offers, dict) else {}
    return {service: data for service, data in found.items() if isinstance(data, dict)}


def _stored(offer: Offer) -> dict[str, Any]:
    extensions = None if offer.extensions is None else list(offer.extensions)
    return {"state": offer.state, "version": offer.version, "extensions": extensions}


def _offer(service: str, data: Mapping[str, Any]) -> Offer:
    extensions = data.get("extensions")
    return Offer(
        service=service,
        state=data.get("state", "there"),
        version=data.get("version", ""),
        extensions=None if extensions is None else tuple(extensions),
    )
