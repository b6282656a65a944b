"""Which budgets and limits count for a person. Pure.

A budget on a person and those of their groups all count. Defaults are for whoever has none of these for the same
resource, and never for those who manage the allocation. Limits on a person replace those of their groups, which replace
the default; of several groups each counts, so that the strictest decides.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from allocations.roles import Need, allows


class Rule(Protocol):
    @property
    def subject(self) -> str: ...
    @property
    def user_id(self) -> int | None: ...
    @property
    def group_id(self) -> int | None: ...


class ResourceRule(Rule, Protocol):
    @property
    def resource(self) -> str: ...


R = TypeVar("R", bound=Rule)
B = TypeVar("B", bound=ResourceRule)


@dataclass(frozen=True, slots=True)
class Who:
    """A person in an allocation. `role` empty: no member of it (any more)."""

    user_id: int | None
    role: str = ""
    groups: frozenset[int] = field(default_factory=frozenset)

    @property
    def takes_defaults(self) -> bool:
        return self.user_id is not None and bool(self.role) and not allows(self.role, Need.MANAGE)


def budgets_for(budgets: Iterable[B], who: Who) -> list[B]:
    """Those of the budgets (all in force) that the person spends from; not those of single machines."""
    given = list(budgets)
    own = [one for one in given if _personal(one, who) or _of_group(one, who)]
    held = {one.resource for one in own}
    defaults = [
        one
        for one in given
        if one.subject == "default" and who.takes_defaults and not _covered(one.resource, held)
    ]
    return [*own, *defaults]


def limits_for(limits: Sequence[R], who: Who) -> list[R]:
    for found in (
        [one for one in limits if _personal(one, who)],
        [one for one in limits if _of_group(one, who)],
        [one for one in limits if one.subject == "default" and who.takes_defaults],
    ):
        if found:
            return found
    return []


def counts(budget_resource: str, resource: str) -> bool:
    """Whether spending of that resource counts against a budget; an empty one is of all."""
    return not budget_resource or budget_resource == resource


def _covered(resource: str, held: set[str]) -> bool:
    return "" in held or resource in held


def _personal(rule: Rule, who: Who) -> bool:
    return rule.subject == "member" and who.user_id is not None and rule.user_id == who.user_id


def _of_group(rule: Rule, who: Who) -> bool:
    return rule.subject == "group" and rule.group_id in who.groups
