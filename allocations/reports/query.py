"""What the address of a usage report asks for. Pure. What makes no sense falls back: people keep and share addresses."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self
from urllib.parse import urlencode

GROUPS = {"person": "Person", "machine": "Machine", "size": "Size group", "resource": "Resource"}
DEFAULT_SORT = "-su"
_LONGEST = 300
_USUAL = {"by": "person", "sort": DEFAULT_SORT, "period": "month"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportQuery:
    """`since` and `until` are the days of the period named `days`; `every` empty: as the period's length suggests."""

    period: str = ""
    since: str = ""
    until: str = ""
    by: str = "person"
    every: str = ""
    person: str = ""
    resource: str = ""
    sort: str = DEFAULT_SORT

    @classmethod
    def read(cls, params: Mapping[str, Any]) -> Self:
        given = {name: _plain(params.get(_ADDRESS.get(name, name), "")) for name in cls.__slots__}
        if given["by"] not in GROUPS:
            given["by"] = "person"
        return cls(**{**given, "sort": given["sort"] or DEFAULT_SORT})

    @property
    def dates(self) -> dict[str, str]:
        return {"period": self.period, "from": self.since, "to": self.until}

    @property
    def filtered(self) -> bool:
        return bool(self.person or self.resource)

    def address(self, **changes: str) -> str:
        """The query string of this report with changes; what is empty or usual is left out."""
        fields = asdict(replace(self, **changes))
        if fields["period"] != "days" and fields["period"]:
            fields["since"] = fields["until"] = ""
        kept = {
            _ADDRESS.get(name, name): value for name, value in fields.items() if value != _USUAL.get(name)
        }
        return "?" + urlencode({name: value for name, value in kept.items() if value})

    def sorted_by(self, order: str) -> str:
        """The address after a click on a column: largest first, names from A; a second click turns it round."""
        first = order if order == "name" else f"-{order}"
        turned = order if first.startswith("-") else f"-{order}"
        return self.address(sort=turned if self.sort == first else first)


_ADDRESS = {"since": "from", "until": "to"}


def _plain(value: object) -> str:
    """Without what PostgreSQL does not take, such as a zero byte."""
    return "".join(letter for letter in str(value)[:_LONGEST] if letter.isprintable()).strip()
