"""Boot scripts of workshops and templates, and keys of shares, moved to the newest key."""

from instances.workshops.courses.models import CourseVersion
from instances.workshops.models import Workshop
from portal.core.errors import PortalError
from portal.core.resealing import Tally, column
from portal.core.seal import reseal


def reseal_scripts(tally: Tally) -> None:
    column(Workshop.objects.all(), "sealed_boot_script", tally)
    column(CourseVersion.objects.all(), "sealed_boot_script", tally)


def reseal_data(tally: Tally) -> None:
    """Keys of shares stand within what seats are given to read."""
    for pk, data in Workshop.objects.exclude(data=[]).values_list("pk", "data"):
        if not any(entry.get("sealed_key") for entry in data):
            continue
        try:
            moved = [
                {**entry, "sealed_key": reseal(entry["sealed_key"])} if entry.get("sealed_key") else entry
                for entry in data
            ]
        except PortalError:
            tally.unopened += 1
            continue
        tally.moved += Workshop.objects.filter(pk=pk, data=data).update(data=moved)
