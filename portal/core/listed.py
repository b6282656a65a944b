"""What the address of a sorted list says, whatever is listed."""

from dataclasses import asdict, dataclass, fields, replace
from typing import ClassVar
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """Lists add fields of their own. `sort`: a column, with `-` before it the other way round; `after`: the place of the page."""

    USUAL: ClassVar[str] = ""
    sort: str = ""
    after: str = ""

    @classmethod
    def names(cls) -> list[str]:
        return [field.name for field in fields(cls)]

    @property
    def order(self) -> str:
        return self.sort.removeprefix("-")

    @property
    def descending(self) -> bool:
        return self.sort.startswith("-")

    def address(self, **changes: str) -> str:
        """The query string of this list with changes; what is empty or usual is left out."""
        given = asdict(replace(self, **changes)).items()
        kept = {name: value for name, value in given if value and (name, value) != ("sort", self.USUAL)}
        return f"?{urlencode(kept)}" if kept else "?"

    def sorted_by(self, order: str) -> str:
        """The address after a click on a column: the other way round where it is sorted by it already."""
        turned = f"-{order}" if self.sort == order else order
        return self.address(sort=turned, after="")
