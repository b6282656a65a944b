"""The report as rows of a file: one line for each learner."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from instances.workshops.after.report import Report
from instances.workshops.clock.window import zone_of
from portal.core.csv_out import Cell


def header(report: Report) -> list[str]:
    zone = zone_of(report.workshop.time_zone)
    days = [
        _title(one.meeting.starts_at.astimezone(zone).strftime("%Y-%m-%d %H:%M"), zone)
        for one in report.meetings
    ]
    return [
        *(
            "Name",
            "E-mail",
            "ACCESS ID",
            "State",
            "Seat",
            "Joined (UTC)",
            "Meetings attended",
            "Minutes present",
        ),
        *days,
        *("Steps done", "Calls for help", "Machines", "SU"),
    ]


def rows(report: Report) -> Iterator[list[Cell]]:
    """Minutes present for each meeting; empty: not seen."""
    for line in report.learners:
        person = line.learner
        yield [
            person.name,
            person.email,
            person.access_id,
            person.get_state_display(),
            line.seat,
            f"{person.joined_at:%Y-%m-%d %H:%M}" if person.joined_at else "",
            line.came,
            line.minutes,
            *(one.minutes if one else None for one in line.present),
            person.step,
            line.calls,
            line.machines,
            line.su,
        ]


def _title(day: str, zone: ZoneInfo) -> str:
    return f"Minutes on {day} ({zone.key})"
