"""Course files with the seats that have them."""

from dataclasses import dataclass
from uuid import UUID

from instances.workshops.models import Seat, Workshop
from instances.workshops.runs import course_files
from instances.workshops.runs.jobs import State
from instances.workshops.runs.models import Push, SeatPut
from instances.workshops.runs.shown import place


@dataclass(frozen=True, slots=True)
class FileRow:
    push: Push
    place: str
    have: int
    missing: int
    going: int


def files_of(workshop: Workshop) -> list[FileRow]:
    """Four queries. Counted are seats that have a machine now."""
    files = course_files.of(workshop)
    seats = {one.pk: one for one in Seat.objects.filter(workshop=workshop).exclude(instance=None)}
    puts: dict[UUID, list[SeatPut]] = {}
    for row in SeatPut.objects.filter(push__in=files, seat__in=seats):
        puts.setdefault(row.push_id, []).append(row)
    return [_row(file, puts.get(file.pk, []), seats) for file in files]


def _row(file: Push, rows: list[SeatPut], seats: dict[UUID, Seat]) -> FileRow:
    have = sum(course_files.lies_there(row, file, seats[row.seat_id]) for row in rows)
    missing = sum(row.state in (State.FAILED, State.UNREACHABLE) for row in rows)
    going = sum(not row.over for row in rows)
    return FileRow(file, place(file), have, missing, going)
