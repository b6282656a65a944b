"""What a person does before a workshop: make it, change it, plan it. Dates and money are the clock's, seats the engine's.

Everything comes through the doors of `workshops.access`, with the workshop's row locked, and is in the trail.
"""

from collections.abc import Mapping
from copy import copy
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from allocations.models import Allocation
from instances import catalogue
from instances.models import CatalogueItem
from instances.workshops import live, trail
from instances.workshops.access import plannable, workshop_for
from instances.workshops.clock import keeping
from instances.workshops.clock import services as clock
from instances.workshops.clock.repeating import Planned
from instances.workshops.courses import changing, gathering, parameters
from instances.workshops.courses.preflight import Report
from instances.workshops.courses.wanted import Wanted
from instances.workshops.engine import acts, seating
from instances.workshops.models import Workshop
from instances.workshops.rights import Right
from portal.accounts import time_zones
from portal.accounts.models import User
from portal.cloud.config import clouds
from portal.core.errors import PortalError
from portal.core.seal import seal, unseal

State = Workshop.State
UNTITLED = "Untitled workshop"
_AROUND = frozenset({"ready_minutes", "tail_minutes", "between", "keep_days"})
# What makes a plan larger, or other: it is looked at again before it is kept.
_WEIGHS = changing.SIZE | changing.TIMES | changing.MACHINES | _AROUND
_START = ("start_up", "start_port", "desktop")
_FROM_THE_CLOUD = (
    ("image_id", "image_name", CatalogueItem.Kind.IMAGE),
    ("flavor_id", "flavor_name", CatalogueItem.Kind.FLAVOR),
)
# Too long, or not for everybody's eyes, in a line of the trail.
_UNSAID = frozenset({"hand_out", "house_rules", "data", "summary"})


@transaction.atomic
def create(
    *, allocation: Allocation, by: User, wanted: Wanted, course: Mapping[str, Any] | None = None
) -> Workshop:
    """A draft: nothing is built, and nobody can join."""
    allocation = plannable(by, allocation.slug)
    if not clouds().cloud(allocation.cloud).portal.workshops.offered:
        raise PortalError("workshops:not-offered")
    made = Workshop(
        allocation=allocation,
        owner=by,
        title=wanted.title or UNTITLED,
        time_zone=wanted.time_zone or str(time_zones.zone_of(by)),
        created_at=timezone.now(),
        course=dict(course or {}),
    )
    _require_zone(made.time_zone)
    _store(made, wanted, _filled(made, wanted))
    made.save()
    if wanted.meetings is not None:
        _set_meetings(made, by, wanted)
    trail.record("workshop.create", made, by=by, seats=made.seats, size=made.flavor_name)
    live.workshop_changed(made)
    made.viewer_right = Right.PLAN
    return made


@transaction.atomic
def change(
    *, workshop: Workshop, by: User, wanted: Wanted, course: Mapping[str, Any] | None = None
) -> frozenset[str]:
    """Take over what was sent. The names of what is another now; PortalError where it is too late for some of it."""
    held = locked(workshop.pk, by, Right.RUN)
    values = _filled(held, wanted)
    changed = frozenset(_changed(held, wanted, values))
    if course is not None and course != held.course:
        held.course = dict(course)
        changed |= {"boot_script"}
    if not changed:
        return changed
    if not changed <= changing.WORDS:
        workshop_for(by, held.pk, Right.PLAN)
    if reason := changing.refusal(held.state, changed):
        raise PortalError("workshops:not-now", reason=reason)
    weighed = gathering.report_of(held, by) if _to_weigh(held, changed, wanted) else None
    before = {name: _told(held, name) for name in sorted(changed)}
    _take_over(held, by, wanted, values, changed)
    if weighed is not None:
        _require_no_worse(weighed, gathering.report_of(held, by))
    after = {name: _told(held, name) for name in sorted(changed)}
    trail.record("workshop.change", held, by=by, before=before, after=after)
    live.workshop_changed(held)
    return changed


@transaction.atomic
def plan(*, workshop: Workshop, by: User, known: bool = False) -> None:
    """From a draft to what the clock builds. `known`: the person has seen what is warned of."""
    held = locked(workshop.pk, by, Right.PLAN)
    # Of two plans that draw on one quota the second waits here, and then counts the first.
    Allocation.objects.select_for_update(no_key=True).get(pk=held.allocation_id)
    if held.state != State.DRAFT:
        raise PortalError("workshops:not-now", reason="It is planned already, or it is over.")
    report = gathering.report_of(held, by)
    if report.blocks:
        raise _blocked(report)
    if report.warnings and not known:
        raise PortalError("workshops:warned", what=" ".join(one.what for one in report.warnings))
    # Its seats are there at once: people may be given one before the first round of the engine.
    seating.fit_rows(clock.plan(workshop=held, by=by))


def locked(workshop_id: UUID, by: User, right: Right) -> Workshop:
    """The workshop behind its door, with its row locked: two changes, or a change and the engine, come one by one."""
    Workshop.objects.select_for_update().filter(pk=workshop_id).first()
    return workshop_for(by, workshop_id, right)


def script_of(workshop: Workshop) -> str:
    """The boot script as its author wrote it, without the values that were put before it."""
    sealed = workshop.sealed_boot_script
    return parameters.without_values(unseal(sealed)) if sealed else ""


def sketch(row: Workshop, wanted: Wanted) -> Workshop:
    """The workshop as it would be, not saved: what a form that is still being written is looked at by."""
    found = copy(row)
    for name, value in _named(row, wanted).items():
        setattr(found, name, value)
    return found


def _named(row: Workshop, wanted: Wanted) -> dict[str, Any]:
    """Fields for the row: ids with the names that the cloud gives them."""
    values = wanted.given()
    if not values.get("title", "x"):
        values.pop("title")
    if not values.get("time_zone", "x"):
        values.pop("time_zone")
    for id_field, name_field, kind in _FROM_THE_CLOUD:
        values.pop(name_field, None)
        if id_field not in values:
            continue
        found = catalogue.item(row.allocation, kind, values[id_field]) if values[id_field] else None
        same = values[id_field] == getattr(row, id_field)
        values[name_field] = found.name if found else getattr(row, name_field) if same else ""
    return values


def _filled(row: Workshop, wanted: Wanted) -> dict[str, Any]:
    values = _named(row, wanted)
    if "time_zone" in values:
        _require_zone(values["time_zone"])
    _require_start({name: values.get(name, getattr(row, name)) for name in _START})
    return values


def _require_start(values: Mapping[str, Any]) -> None:
    """A web application needs the port on which it listens; a desktop one on the machine."""
    if values["start_up"] == "port" and not values["start_port"]:
        raise PortalError("workshops:bad-input", reason="Give the port on which the web application listens.")
    if values["start_up"] == "desktop" and not values["desktop"]:
        reason = "Learners can begin with a desktop only where seats have one."
        raise PortalError("workshops:bad-input", reason=reason)


def _require_zone(name: str) -> None:
    if name not in time_zones.names():
        reason = f"“{name[:60]}” is no time zone such as America/Chicago."
        raise PortalError("workshops:bad-input", reason=reason)


def _changed(held: Workshop, wanted: Wanted, values: Mapping[str, Any]) -> set[str]:
    # Names follow the ids: what the cloud calls something else now is no change of the workshop.
    told = {name: value for name, value in values.items() if name not in ("image_name", "flavor_name")}
    found = {name for name, value in told.items() if getattr(held, name) != value}
    if wanted.boot_script is not None and wanted.boot_script != script_of(held):
        found.add("boot_script")
    if wanted.meetings is not None and planned(wanted) != meetings_of(held):
        found.add("meetings")
    return found


def _take_over(
    held: Workshop, by: User, wanted: Wanted, values: Mapping[str, Any], changed: frozenset[str]
) -> None:
    size = {name: values.get(name, getattr(held, name)) for name in ("seats", "spares")}
    by_engine = bool(changed & changing.SIZE) and held.state != State.DRAFT
    if by_engine:
        values = {name: value for name, value in values.items() if name not in size}
    _store(held, wanted, values)
    held.save()
    if by_engine:
        acts.set_size(workshop=held, by=by, seats=size["seats"], spares=size["spares"])
        held.refresh_from_db(fields=["seats", "spares"])
    if changed & changing.TIMES:
        _set_meetings(held, by, wanted)
    elif changed & _AROUND:
        keeping.refresh(held)


def _store(row: Workshop, wanted: Wanted, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    if wanted.boot_script is not None or row.course:
        script = script_of(row) if wanted.boot_script is None else wanted.boot_script
        try:
            whole = parameters.with_values(script, row.course.get("values", {}))
        except parameters.BadValues as wrong:
            raise PortalError("workshops:bad-parameters", reason=str(wrong)) from None
        row.sealed_boot_script = seal(whole) if whole.strip() else ""


def _set_meetings(row: Workshop, by: User, wanted: Wanted) -> None:
    """The same wall-clock times in another zone are other moments, so that they are set again."""
    meetings = meetings_of(row) if wanted.meetings is None else planned(wanted)
    clock.set_meetings(workshop=row, by=by, meetings=meetings)


def planned(wanted: Wanted) -> list[Planned]:
    found = [Planned(one.day, one.begins, one.ends, one.title) for one in wanted.meetings or ()]
    return sorted(found, key=lambda one: (one.day, one.begins))


def meetings_of(workshop: Workshop) -> list[Planned]:
    if workshop._state.adding:
        return []
    rows = workshop.meetings.order_by("day", "begins")
    return [Planned(one.day, one.begins, one.ends, one.title) for one in rows]


def _to_weigh(held: Workshop, changed: frozenset[str], wanted: Wanted) -> bool:
    """Whether it may take more than was planned. A smaller one is never refused for what was in the way before."""
    if held.state not in (State.PLANNED, State.RUNNING) or not changed & _WEIGHS:
        return False
    fewer = wanted.seats <= held.seats and wanted.spares <= held.spares
    return not (changed <= changing.SIZE and fewer)


def _require_no_worse(before: Report, after: Report) -> None:
    """What stood in the way already does not keep anybody from changing something else."""
    known = {one.id for one in before.blocks}
    new = [one for one in after.blocks if one.id not in known]
    if new:
        raise _blocked(Report(tuple(new), after.needs))


def _blocked(report: Report) -> PortalError:
    return PortalError(
        "workshops:blocked",
        what=" ".join(f"{one.title}: {one.what}" for one in report.blocks),
        todo=report.blocks[0].todo,
    )


def _told(row: Workshop, name: str) -> str | None:
    """As the trail keeps it."""
    if name == "boot_script":
        return "a script" if row.sealed_boot_script else None
    if name == "meetings":
        return "; ".join(f"{one.day} {one.begins:%H:%M}–{one.ends:%H:%M}" for one in meetings_of(row)) or None
    named = {"image_id": "image_name", "flavor_id": "flavor_name"}
    value = getattr(row, named.get(name, name))
    if name in _UNSAID:
        return "text" if value else None
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if value not in (None, "", [], {}) else None
