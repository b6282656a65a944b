"""Things of members' pages that other tests need the ids of."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from allocations.members import inviting
from allocations.members.models import Departure, Invitation
from allocations.members.people import key_of
from allocations.models import Allocation
from allocations.sources.people import login_name
from portal.accounts.models import User

TOKEN = "a-token-that-tests-know"


def people_of(allocation: Allocation, user: User) -> dict[str, Any]:
    """By the names of parameters in URLs: a person, somebody who left, an invitation with its token."""
    now = timezone.now()
    left = Departure.objects.create(
        allocation=allocation, username="gone", name="Gone", by_name="Alice", at=now, settled_at=now
    )
    invitation = Invitation.objects.create(
        allocation=allocation,
        digest=inviting.digest(TOKEN),
        hint="know",
        cap=5,
        created_at=now,
        expires_at=now + timedelta(days=1),
    )
    return {
        "key": key_of(login_name(user)),
        "departure_id": left.pk,
        "token": TOKEN,
        "invitation_id": invitation.pk,
    }
