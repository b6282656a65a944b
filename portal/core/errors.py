"""The one exception that crosses our layers, and the catalogue that turns its id into words for a person.

An id is `area:what`. Each app lists its own in `problems.py`, which `portal.core.apps` imports at start.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

# refused: the answer is no, and will stay no. retry: nothing was done, try later. unknown: it may have been done:
# look before doing it again. auth: the credential no longer opens the door.
Outcome = Literal["refused", "retry", "unknown", "auth"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Words for one kind of error. Texts are `str.format` templates over the error's params."""

    title: str
    what: str
    means: str
    todo: str
    status: int = 400


class _Unknown(str):
    """Stands for a value that an old row lacks, whatever the text's format for it."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return "?"


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return _Unknown()


_catalogue: dict[str, Problem] = {}
UNLISTED = Problem(
    title="Something went wrong in the portal",
    what="An error of kind {id} occurred that has no explanation of its own.",
    means="Your machines and SUs are not affected by this message; what you asked for may not have been done.",
    todo="Try again; if it stays, send the error id to support.",
    status=500,
)


def register(problems: Mapping[str, Problem]) -> None:
    _catalogue.update(problems)


def listed(error_id: str) -> bool:
    return error_id in _catalogue


class PortalError(Exception):
    """An error that a person may see. `detail` is the cloud's own words, cleaned, shown folded away."""

    def __init__(
        self,
        id: str,
        *,
        outcome: Outcome = "refused",
        retry_after: float | None = None,
        detail: str = "",
        **params: Any,
    ) -> None:
        super().__init__(id)
        self.id = id
        self.outcome: Outcome = outcome
        self.retry_after = retry_after
        self.detail = detail
        self.params = params

    @property
    def problem(self) -> Problem:
        return explain(self.id, self.params)

    def __str__(self) -> str:
        return f"{self.id} {self.params}" if self.params else self.id


def explain(error_id: str, params: Mapping[str, Any] | None = None) -> Problem:
    """The catalogue's words for an error kept in the database as id and params."""
    found = _catalogue.get(error_id, UNLISTED)
    filled = _Blank({"id": error_id, **(params or {})})
    return Problem(
        title=found.title.format_map(filled),
        what=found.what.format_map(filled),
        means=found.means.format_map(filled),
        todo=found.todo.format_map(filled),
        status=found.status,
    )
