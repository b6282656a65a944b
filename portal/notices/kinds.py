"""The kinds of things that people are told. Each app registers its own in `handlers.py`, which is imported at start."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

# Where a person may hear of something: in the portal's inbox, by e-mail, by their own webhooks.
PAGE, MAIL, WEBHOOK = "page", "mail", "webhook"
WAYS = (PAGE, MAIL, WEBHOOK)
GROUPS = {
    "machines": "Machines",
    "spending": "Spending",
    "people": "People",
    "policies": "Policies and leases",
    "allocations": "Allocations",
    "workshops": "Workshops",
    "portal": "The portal",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """`ways`: how people hear of it unless they chose otherwise; their webhooks, which they made for it, always.

    `always`: the copy in the inbox cannot be turned off. `group` is one of GROUPS, under which people find it.
    """

    name: str
    title: str
    group: str = "portal"
    ways: Collection[str] = frozenset({PAGE})
    always: bool = False
    note: str = ""

    def usual(self, way: str) -> bool:
        return way == WEBHOOK or way in self.ways or (way == PAGE and self.always)


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Registered twice it has to be the same: two apps may not mean different things by one name."""
    if unknown := set(kind.ways) - set(WAYS):
        raise ValueError(f"kind {kind.name}: {sorted(unknown)} are no ways; {WAYS} are")
    if kind.group not in GROUPS:
        raise ValueError(f"kind {kind.name}: {kind.group!r} is no group; {sorted(GROUPS)} are")
    if _kinds.setdefault(kind.name, kind) != kind:
        raise ValueError(f"kind {kind.name} is registered with another meaning already")
    return kind


def known(name: str) -> Kind:
    """ValueError for one that no app registered: nobody could choose how to hear of it."""
    found = _kinds.get(name)
    if found is None:
        raise ValueError(f"notice kind {name!r} is not registered")
    return found


def find(name: str) -> Kind | None:
    return _kinds.get(name)


def title_of(name: str) -> str:
    """What a kind is called; its name, where the app that knew it is gone."""
    found = _kinds.get(name)
    return found.title if found else name


def all_kinds() -> Iterator[Kind]:
    """By group, in the order of GROUPS, then as they were registered."""
    order = list(GROUPS)
    yield from sorted(_kinds.values(), key=lambda kind: order.index(kind.group))
