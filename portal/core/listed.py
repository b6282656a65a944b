"""What the address of a list says, whatever is listed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Lists add fields of their own, all of them texts. `USUAL`: what a field says where the address does not name it."""

    USUAL: ClassVar[Mapping[str, str]] = MappingProxyType({})

    @classmethod
    def names(cls) -> list[str]:
        return [field.name for field in fields(cls)]

    def address(self, **changes: str) -> str:
        """The query string of this list with changes; what is empty or usual is left out."""
        given: dict[str, Any] = asdict(replace(self, **changes))
        kept = {name: value for name, value in given.items() if value and value != self.USUAL.get(name)}
        return f"?{urlencode(kept)}" if kept else "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted(Address):
    """`sort`: a column, with `-` before it the other way round; `after`: the place of the page."""

    sort: str = ""
    after: str = ""

    @property
    def order(self) -> str:
        return self.sort.removeprefix("-")

    @property
    def descending(self) -> bool:
        return self.sort.startswith("-")

    def sorted_by(self, order: str) -> str:
        """The address after a click on a column: the other way round where it is sorted by it already."""
        turned = f"-{order}" if self.sort == order else order
        return self.address(sort=turned, after="")
