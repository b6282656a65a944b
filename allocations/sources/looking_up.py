"""The worker's side of a look-up: asks by id and by name, and leaves the answer in the row."""

from datetime import timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from allocations.models import Allocation
from allocations.sources.capabilities import access_of
from allocations.sources.lookups import PATIENCE
from allocations.sources.models import Lookup
from allocations.sources.names import key, valid
from portal.cloud import access_people, keys
from portal.cloud.schema_sources import Access
from portal.cloud.types_people import AccessPerson
from portal.core import events
from portal.core.claims import claim
from portal.core.errors import PortalError

LEASE = timedelta(seconds=30)


def due() -> list[UUID]:
    """Those that no worker has, because a message was lost or a worker died."""
    return list(_waiting().values_list("pk", flat=True)[:50])


def _waiting() -> QuerySet[Lookup]:
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    return Lookup.objects.filter(free, state=Lookup.State.ASKED, asked_at__gte=now - PATIENCE)


def look_up(lookup_id: str) -> None:
    if not claim(_waiting().filter(pk=lookup_id), lease_until=timezone.now() + LEASE):
        return
    row = Lookup.objects.select_related("allocation").get(pk=lookup_id)
    try:
        found = people(row.allocation, row.query)
    except PortalError as error:
        row.state, row.error_id = Lookup.State.FAILED, error.id
        row.error_params = {name: str(value) for name, value in error.params.items()}
    else:
        row.state = Lookup.State.DONE
        row.found = [_kept(person) for person in found]
    row.ended_at = timezone.now()
    row.save(update_fields=["state", "found", "error_id", "error_params", "ended_at"])
    events.publish([f"user.{row.asked_by_id}"], events.Changed("lookup:answered", {"id": str(row.pk)}))


def people(allocation: Allocation, query: str) -> list[AccessPerson]:
    """The person of exactly that id first, then those whose name fits."""
    access = access_of(allocation)
    if access is None:
        raise PortalError("sources:cannot", needs="People cannot be looked up for this allocation.")
    found = {key(one.username): one for one in access_people.search(allocation.cloud, access, query)}
    exact = found.get(key(query)) or _by_id(allocation.cloud, access, query)
    if exact is None:
        return list(found.values())
    exact = _eligible(allocation.cloud, access, exact)
    return [exact, *(one for name, one in found.items() if name != key(exact.username))]


def _by_id(cloud: str, access: Access, query: str) -> AccessPerson | None:
    """Somebody whom the search left out, looked for by the account's name on the cloud."""
    if not valid(query):
        return None
    try:
        return access_people.by_local_name(cloud, access, query)
    except PortalError as error:
        if error.id != "outside:unknown":
            raise
        return None


def _eligible(cloud: str, access: Access, person: AccessPerson) -> AccessPerson:
    """With what the profile says about whether they may be added, where the portal may read profiles."""
    if not keys.key(access.keys.profiles) or not valid(person.username):
        return person
    try:
        profile = access_people.profile(cloud, access, person.username)
    except PortalError:
        # The search has answered; what the profile would add is no reason to fail.
        return person
    return AccessPerson(
        username=person.username,
        name=person.name or profile.name,
        email=person.email or profile.email,
        organization=person.organization,
        eligible=person.eligible and profile.eligible,
        why_not=person.why_not or profile.why_not,
    )


def _kept(person: AccessPerson) -> dict[str, object]:
    """Without the address: it is not needed to choose somebody, and not for everybody to see."""
    return {
        "username": person.username,
        "name": person.name,
        "email": "",
        "organization": person.organization,
        "eligible": person.eligible,
        "why_not": person.why_not,
    }
