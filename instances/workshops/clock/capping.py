"""Looking, each minute, at what the workshops that run have spent: who runs one is told before and when its cap is reached."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from instances.workshops.clock import telling
from instances.workshops.clock.cap import verdicts
from instances.workshops.clock.cap_rules import Verdict
from instances.workshops.models import Workshop
from portal.notices.models import Told

State = Workshop.State


def look(now: datetime | None = None) -> int:
    """A fixed number of queries where nothing is new. How many workshops were told of."""
    now = now or timezone.now()
    capped = Workshop.objects.filter(state__in=(State.PLANNED, State.RUNNING)).exclude(su_cap=None)
    workshops = list(capped.select_related("allocation", "owner"))
    if not workshops:
        return 0
    found = verdicts(workshops, now)
    due = [(one, found[one.pk]) for one in workshops if found[one.pk].state != "ok"]
    known = set(
        Told.objects.filter(key__in=[telling.cap_key(one, verdict) for one, verdict in due]).values_list(
            "key", flat=True
        )
    )
    new = [(one, verdict) for one, verdict in due if telling.cap_key(one, verdict) not in known]
    for one, verdict in new:
        _tell(one, verdict)
    return len(new)


@transaction.atomic
def _tell(workshop: Workshop, verdict: Verdict) -> None:
    if verdict.state == "reached":
        telling.cap_reached(workshop, verdict)
    else:
        telling.cap_near(workshop, verdict)
