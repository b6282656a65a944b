"""Workshops for browser tests, made by the services that the pages call, in a process that has the demo's database.

`python -m tests.browser.classes INSTRUCTOR SEATS LEARNER…` plans one that begins in minutes, and prints its id.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta

from tests.browser.running import ROOT, Demo

TITLE = "Shells for three"


def taught(demo: Demo, *, by: str, seats: int, learners: Sequence[str] = ()) -> str:
    """The id of a workshop of so many seats, which these people of the demo have joined; it is built from now on."""
    command = [sys.executable, "-m", "tests.browser.classes", by, str(seats), *learners]
    environment = {**os.environ, **demo.environment(), "DJANGO_SETTINGS_MODULE": "portal.settings"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1]


def main(username: str, seats: int, learners: Sequence[str]) -> None:
    import django

    django.setup()
    from django.utils import timezone

    from allocations.access import allocations_of
    from instances import catalogue
    from instances.workshops.courses import services
    from instances.workshops.courses.wanted import MeetingIn, Wanted
    from instances.workshops.roster import joining
    from instances.workshops.roster import services as roster
    from instances.workshops.roster.sheets import Entry
    from portal.accounts.models import User

    instructor = User.objects.get(access_id__startswith=f"{username}@")
    allocation = allocations_of(instructor).filter(memberships__user=instructor).order_by("pk")[0]
    offered = catalogue.load(allocation)
    begins = timezone.now() + timedelta(minutes=5)
    ends = begins + timedelta(hours=2)
    made = services.create(
        allocation=allocation,
        by=instructor,
        wanted=Wanted(
            title=TITLE,
            time_zone="UTC",
            meetings=(MeetingIn(day=begins.date(), begins=begins.time(), ends=ends.time()),),
            image_id=next(one.id for one in offered.images.values() if one.name == "Featured-Ubuntu24"),
            flavor_id=next(one.id for one in offered.flavors.values() if one.name == "m3.tiny"),
            seats=seats,
            spares=0,
            steps=("One", "Two"),
        ),
    )
    people = [User.objects.get(access_id__startswith=f"{name}@") for name in learners]
    entries = [Entry(line, str(one), one.email, one.access_id) for line, one in enumerate(people, 1)]
    if entries:
        roster.add(workshop=made, by=instructor, entries=entries)
    services.plan(workshop=made, by=instructor, known=True)
    for one in people:
        joining.join(user=one, came=joining.Came(made.pk), accepted=True)
    sys.stdout.write(f"{made.pk}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
