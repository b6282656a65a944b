"""The class that the demo's instructor gives: it begins a few minutes after the demo, by the services that the pages call.

Once it is over, the next start of the demo plans another, so that whoever looks finds seats that live.
"""

import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from allocations.access import allocations_of
from allocations.models import Allocation
from instances import catalogue
from instances.workshops.courses import helping, services
from instances.workshops.courses.wanted import MeetingIn, Wanted
from instances.workshops.models import Learner, Workshop
from instances.workshops.roster import joining, links
from instances.workshops.roster import services as roster
from instances.workshops.roster.sheets import Entry
from portal.accounts.models import User

PROJECT, REGION = "TRA220028", "IU"
ZONE = "America/Chicago"
# The catalogue of a cloud that was just connected is read within seconds.
PATIENCE = 30.0
_FIRST, _HOURS = timedelta(minutes=10), timedelta(hours=4)
_ROSTER = (
    Entry(1, "Dave Brandt", "dave@example.edu", "dave@access-ci.org"),
    Entry(2, "Amara Okafor", "amara@example.edu"),
    Entry(3, "Jonas Weber", "jonas@example.edu"),
)
_HAND_OUT = """\
# The shell, in an afternoon

Welcome. The machine beside this text is yours alone for as long as the class lasts.

## 1. Look around

```
pwd
ls -la
```

## 2. Make something

Create a folder for your notes, and write a line into it:

```
mkdir notes
echo "my first line" > notes/first.txt
```

## 3. Make it sweat

Run `stress` for a minute, and look at how your instructor sees it on the board.

*Stuck?* Press **I need help**: somebody comes to your seat.
"""
_RULES = "Be kind, keep to your own seat, and do not use the machine for anything but the class. Instructors may look on."


def teach(instructor: User, students: list[User]) -> None:
    """Nothing where a class of theirs is still to come or goes on."""
    allocation = allocations_of(instructor).filter(project_name=PROJECT, region=REGION).first()
    now = timezone.now()
    if allocation is None or Workshop.objects.filter(allocation=allocation, closes_at__gt=now).exists():
        return
    offered = _offered(allocation)
    if offered is None:
        return
    image, flavor = offered
    begins = _in_steps(now + _FIRST).astimezone(ZoneInfo(ZONE))
    ends = begins + _HOURS
    wanted = Wanted(
        title="The shell, in an afternoon",
        summary="A first course for everybody who has never seen a command line.",
        time_zone=ZONE,
        meetings=(MeetingIn(day=begins.date(), begins=begins.time(), ends=ends.time()),),
        image_id=image,
        flavor_id=flavor,
        seats=5,
        spares=1,
        keep_days=1,
        hand_out=_HAND_OUT,
        house_rules=_RULES,
        steps=("Look around", "Make something", "Make it sweat"),
    )
    made = services.create(allocation=allocation, by=instructor, wanted=wanted)
    helping.add_helper(workshop=made, by=instructor, who="bob@example.edu")
    roster.add(workshop=made, by=instructor, entries=_ROSTER)
    services.plan(workshop=made, by=instructor, known=True)
    links.make(workshop=made, by=instructor)
    for student in students:
        if Learner.objects.filter(workshop=made, access_id=student.access_id).exists():
            joining.join(user=student, came=joining.Came(made.pk), accepted=True)


def _offered(allocation: Allocation) -> tuple[str, str] | None:
    """An image and a size for it, once the cloud was read; None where that takes too long."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = catalogue.load(allocation)
        image = next((one.id for one in found.images.values() if one.name == "Featured-Ubuntu24"), None)
        flavor = next((one.id for one in found.flavors.values() if one.name == "m3.tiny"), None)
        allocation.refresh_from_db()
        if image and flavor and found.read_at and allocation.quota_read_at:
            return image, flavor
        time.sleep(0.3)
    return None


def _in_steps(at: datetime) -> datetime:
    """The next five minutes past."""
    return at.replace(second=0, microsecond=0) + timedelta(minutes=-at.minute % 5 or 5)
