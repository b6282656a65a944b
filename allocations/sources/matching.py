"""Who of those whom a source lists has an account of this portal."""

from collections.abc import Iterable, Sequence

from django.db.models import Q
from django.utils import timezone
from django.utils.text import slugify

from allocations.models import Membership
from allocations.sources.capabilities import name_pattern
from allocations.sources.interface import Seen
from allocations.sources.models import MemberRecord, MembershipRequest
from allocations.sources.names import key, plain
from allocations.sources.people import login_name
from portal.accounts.models import CloudLink, User


def users_of(cloud: str, listed: Sequence[Seen]) -> dict[str, int]:
    """{key of the listed name: primary key of the user}: by the cloud's own id, else by the id people sign in with."""
    found = _by_name(seen for seen in listed if not seen.external_id)
    by_id = _by_external_id(cloud, [seen.external_id for seen in listed if seen.external_id])
    return found | {
        key(seen.username): by_id[seen.external_id] for seen in listed if seen.external_id in by_id
    }


def _by_name(listed: Iterable[Seen]) -> dict[str, int]:
    names = {key(plain(seen.username, name_pattern())): key(seen.username) for seen in listed}
    if not names:
        return {}
    # The portal's user names are made of the ids: an index to look by. Who it is, the id alone says.
    near = User.objects.filter(username__in={slugify(name)[:100] for name in names}, is_active=True)
    found = near.exclude(access_id="").only("pk", "access_id", "username")
    return {names[key(login_name(user))]: user.pk for user in found if key(login_name(user)) in names}


def _by_external_id(cloud: str, ids: Sequence[str]) -> dict[str, int]:
    if not ids:
        return {}
    links = CloudLink.objects.filter(cloud=cloud, cloud_user_id__in=ids, state=CloudLink.State.CONNECTED)
    return dict(links.values_list("cloud_user_id", "user_id"))


def link(user: User, cloud: str) -> None:
    """The person has signed in: those records that speak of them say so from now on."""
    mine = Q(pk__in=[])
    if user.access_id:
        mine |= Q(external_id="") & (
            Q(username__iexact=login_name(user)) | Q(username__iexact=user.access_id)
        )
    links = CloudLink.objects.filter(user=user, cloud=cloud).exclude(cloud_user_id="")
    mine |= Q(external_id__in=list(links.values_list("cloud_user_id", flat=True)))
    records = MemberRecord.objects.filter(mine, allocation__cloud=cloud)
    records.exclude(user=user).update(user=user)


def arrived(user: User, cloud: str) -> None:
    """The cloud lets the person into projects: where they were asked for, it is looked again at once."""
    now = timezone.now()
    allocations = list(
        Membership.objects.filter(user=user, ended_at=None, allocation__cloud=cloud).values_list(
            "allocation_id", flat=True
        )
    )
    asked = MembershipRequest.objects.filter(
        allocation_id__in=allocations,
        action=MembershipRequest.Action.ADD,
        state=MembershipRequest.State.PENDING,
        username__iexact=login_name(user),
    )
    asked.update(due_at=now)
