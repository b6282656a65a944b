"""What is decided here about people, written down so that it outlives memberships and sign-ins."""

from typing import Any

from django.db.models import Q
from django.utils import timezone

from allocations.hooks_people import Decided
from allocations.members.models import Decision
from allocations.models import Allocation
from allocations.sources.capabilities import name_pattern
from allocations.sources.names import key, plain
from allocations.sources.people import Person
from portal.accounts.models import CloudLink, User


def decide(
    allocation: Allocation, username: str, user: User | None, *, by: User, out: bool = False, role: str = ""
) -> None:
    """In the caller's transaction. An empty role: as others say."""
    fields: dict[str, Any] = {
        "out": out,
        "role": role,
        "by": by,
        "by_name": str(by)[:255],
        "at": timezone.now(),
        **({"user": user} if user is not None else {}),
    }
    where: dict[str, Any] = {"cloud": allocation.cloud, "project_id": allocation.project_id}
    Decision.objects.update_or_create(**where, username=key(username), defaults=fields)
    if user is not None:
        # Under whatever other name they were decided about before.
        others = Decision.objects.filter(**where, user=user).exclude(username=key(username))
        others.delete()


def about(allocation: Allocation, person: Person) -> Decision | None:
    where = Q(username=key(person.username))
    if person.user is not None:
        where |= Q(user=person.user)
    found = Decision.objects.filter(where, cloud=allocation.cloud, project_id=allocation.project_id)
    return found.order_by("-at").first()


def decided(user: User, cloud: str) -> dict[str, Decided]:
    """What was decided about somebody who signs in, by project. Two queries.

    A name counts only where the identity provider or the cloud itself says that it is theirs.
    """
    names = _names(user, cloud)
    found: dict[str, Decided] = {}
    rows = Decision.objects.filter(Q(user=user) | Q(user=None, username__in=names), cloud=cloud)
    for row in rows.order_by("at"):
        known = found.get(row.project_id, Decided())
        found[row.project_id] = Decided(known.out or row.out, row.role or known.role)
    return found


def _names(user: User, cloud: str) -> set[str]:
    pattern = name_pattern()
    links = CloudLink.objects.filter(user=user, cloud=cloud).exclude(cloud_user_id="")
    names = {key(name) for name in links.values_list("cloud_user_name", flat=True)}
    return (names | {key(user.access_id), key(plain(user.access_id, pattern))}) - {""}
