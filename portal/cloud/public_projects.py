"""A public list of projects, looked into by grant number: at most a few pages, and only when it has changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.cloud.outside import Reply, Service, ask, reading
from portal.cloud.parse import text
from portal.cloud.schema_sources import PublicProjects
from portal.cloud.types_people import PublicProject

_LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Answer:
    """`unchanged`: as it was when `validator` was given. `project` None: the list has no such number."""

    project: PublicProject | None
    validator: str = ""
    unchanged: bool = False


def look_up(cloud: str, config: PublicProjects, number: str, validator: str = "") -> Answer:
    """What the list says of one grant. A list that does not filter is read no further than `most_pages`."""
    service = Service(cloud, config.title, "projects", config.url)
    mark = ""
    for page in range(1, config.most_pages + 1):
        asked: dict[str, str | int] = {"request_number": number, "page": page}
        reply = ask(service, "GET", params=asked, validator=validator if page == 1 else "")
        if reply.body is None:
            return Answer(None, validator, unchanged=True)
        mark = reply.validator if page == 1 else mark
        with reading(service):
            found, last = _on_page(reply, number)
        if found is not None or page >= last:
            # A mark of the first page says nothing of the others.
            return Answer(found, mark if page == 1 else "")
    return Answer(None)


def _on_page(reply: Reply, number: str) -> tuple[PublicProject | None, int]:
    rows = reply.body["projects"]
    pages = reply.body.get("pages") or 1
    fitting = [row for row in rows if _bare(text(row, "requestNumber")) == _bare(number)]
    # A grant that was renewed is there more than once: the period that ends last is the present one.
    newest = max(fitting, key=lambda row: text(row, "endDate"), default=None)
    return (_project(newest) if newest is not None else None), int(pages)


def _bare(number: str) -> str:
    return number.strip().upper().removeprefix("TG-")


def _project(row: Mapping[str, Any]) -> PublicProject:
    return PublicProject(
        number=text(row, "requestNumber")[:64],
        title=text(row, "requestTitle")[:500],
        abstract=text(row, "abstract")[:_LONGEST],
        field_of_science=text(row, "fos")[:255],
        pi=text(row, "pi")[:255],
        institution=text(row, "piInstitution")[:255],
        kind=text(row, "allocationType")[:255],
        begins=_day(row.get("beginDate")),
        ends=_day(row.get("endDate")),
    )


def _day(value: object) -> date | None:
    """A date that cannot be read is no date: the rest of the row is still of use."""
    try:
        return date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        return None
