"""Moving every stored secret to the newest key, so that an old one can be taken out of SEAL_KEYS.

Each app that stores sealed text registers in `handlers.py` a function that moves its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from portal.core.errors import PortalError
from portal.core.seal import reseal


@dataclass(slots=True)
class Tally:
    """`unopened`: sealed with a key that is in SEAL_KEYS no more."""

    moved: int = 0
    unopened: int = 0


Store = Callable[[Tally], None]
_stores: list[Store] = []


def store(function: Store) -> Store:
    if function not in _stores:
        _stores.append(function)
    return function


def reseal_all() -> Tally:
    tally = Tally()
    for function in _stores:
        function(tally)
    return tally


def column(rows: QuerySet[Any], name: str, tally: Tally) -> None:
    """Move one text column. A row that changes meanwhile holds a secret of the newest key already."""
    for pk, sealed in rows.exclude(**{name: ""}).values_list("pk", name).iterator(chunk_size=500):
        try:
            moved = reseal(sealed)
        except PortalError:
            tally.unopened += 1
            continue
        tally.moved += rows.model._default_manager.filter(**{"pk": pk, name: sealed}).update(**{name: moved})
