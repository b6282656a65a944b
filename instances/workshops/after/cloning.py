"""Last term's workshop once more: everything that was planned, on other days, for other people."""

from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from instances.workshops import live, trail
from instances.workshops.access import plannable, workshop_for
from instances.workshops.clock.keeping import derive
from instances.workshops.clock.reading import meetings_of, planned_of
from instances.workshops.clock.repeating import shifted
from instances.workshops.clock.window import moments
from instances.workshops.models import Helper, Learner, Meeting, Workshop
from instances.workshops.rights import Right
from portal.accounts.models import User
from portal.core import bulk
from portal.core.errors import PortalError

_WEEK = 7
# What is written in a clone as it was in the one that it was made from.
COPIED = (
    *("allocation", "title", "summary", "time_zone", "image_id", "image_name", "flavor_id", "flavor_name"),
    *("boot_volume_gb", "network_id", "desktop", "start_up", "start_port", "start_path", "login", "sudo"),
    *(
        "sealed_boot_script",
        "repository_url",
        "repository_ref",
        "data",
        "course",
        "seats",
        "spares",
        "su_cap",
    ),
    *("ready_minutes", "tail_minutes", "between", "keep_days", "hand_out", "house_rules", "steps", "admits"),
)


def first_day_after(workshop: Workshop, today: date) -> date:
    """The day that is proposed: the next one, at least a week from today, on the weekday of the first meeting."""
    first = (
        Meeting.objects.filter(workshop=workshop).order_by("starts_at").values_list("day", flat=True).first()
    )
    if first is None:
        return today + timedelta(days=_WEEK)
    soonest = max(today + timedelta(days=_WEEK), first + timedelta(days=1))
    return soonest + timedelta(days=(first.weekday() - soonest.weekday()) % _WEEK)


@transaction.atomic
def clone(
    *,
    workshop: Workshop,
    by: User,
    first_day: date,
    title: str = "",
    roster: bool = False,
    helpers: bool = True,
) -> Workshop:
    """A draft of `by`'s: its first meeting on `first_day`, all others as many whole days later, at the same wall clock.

    `roster`: those who were on it are invited again, without a seat. Who joined by a guest's code is nobody to invite.
    """
    old = workshop_for(by, workshop.pk, Right.PLAN)
    plannable(by, old.allocation.slug)
    if abs((first_day - timezone.now().date()).days) > 5 * 366:
        raise PortalError("workshops:bad-times", reason="Choose a day within the next five years.")
    made = Workshop(owner=by, created_at=timezone.now(), **{name: getattr(old, name) for name in COPIED})
    if title.strip():
        made.title = title.strip()[:120]
    made.save()
    _meetings(old, made, first_day)
    if helpers:
        _helpers(old, made, by)
    people = _roster(old, made) if roster else 0
    derive(made)
    made.save(update_fields=["opens_at", "closes_at", "remove_after"])
    trail.record("workshop.clone", made, by=by, clone_of=old.title, first_day=f"{first_day}", learners=people)
    live.workshop_changed(made)
    return made


def _meetings(old: Workshop, made: Workshop, first_day: date) -> None:
    before = meetings_of(old)
    if not before:
        return
    days = (first_day - before[0].day).days
    rows = []
    for one in shifted([planned_of(meeting) for meeting in before], days):
        starts_at, ends_at = moments(one.day, one.begins, one.ends, made.time_zone)
        rows.append(
            Meeting(
                workshop=made,
                title=one.title,
                day=one.day,
                begins=one.begins,
                ends=one.ends,
                starts_at=starts_at,
                ends_at=ends_at,
            )
        )
    bulk.insert(rows)


def _helpers(old: Workshop, made: Workshop, by: User) -> None:
    rows = Helper.objects.filter(workshop=old).exclude(user=by)
    bulk.insert(
        [
            Helper(
                workshop=made,
                user=one.user,
                name=one.name,
                email=one.email,
                access_id=one.access_id,
                role=one.role,
                added_by=by,
                added_at=made.created_at,
            )
            for one in rows.select_related("user")
        ]
    )


def _roster(old: Workshop, made: Workshop) -> int:
    """As they were named; nobody has joined."""
    ways = (Learner.Via.TEST, Learner.Via.GUEST)
    rows = Learner.objects.filter(workshop=old).exclude(state=Learner.State.OUT).exclude(via__in=ways)
    people = [
        Learner(
            workshop=made,
            name=one.name,
            email=one.email,
            access_id=one.access_id,
            via=Learner.Via.ROSTER,
            added_at=made.created_at,
        )
        for one in rows.order_by("pk")
        if one.email or one.access_id
    ]
    bulk.insert(people)
    return len(people)
