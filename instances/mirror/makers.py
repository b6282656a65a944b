"""Who made a machine. The cloud's user id decides; names in metadata are claims that anyone in the project can write.

A claim makes nobody the owner of anything, and is not believed where the portal knows better.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import F, Q

from allocations.models import Allocation, LedgerEntry
from allocations.usage import NAME
from instances import exosphere, live
from instances.mirror.fields import clean
from instances.models import Instance
from portal.accounts.models import CloudLink, User

CLAIM = "exoCreatorUsername"


@dataclass(frozen=True, slots=True)
class Makers:
    """`owners`, `known`, `agreed`: by the cloud's user id; `belongs`: whose a name is, where that is known."""

    owners: dict[str, User] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    agreed: dict[str, str] = field(default_factory=dict)
    belongs: dict[str, set[str]] = field(default_factory=dict)

    def owner_of(self, row: Instance) -> User | None:
        return self.owners.get(row.cloud_user_id)

    def name_of(self, row: Instance) -> str:
        """What the maker is called at the cloud; empty where nobody says it, or where what is said is untrue."""
        user_id = row.cloud_user_id
        if user_id in self.known:
            return self.known[user_id]
        claim = self.agreed.get(user_id) or _claim_of(row)
        # Somebody else has this name, as the cloud itself told at their sign-in.
        return "" if self.belongs.get(claim, {user_id}) - {user_id} else claim


def makers_of(allocation: Allocation, rows: Collection[Instance]) -> Makers:
    """What the portal knows of the people behind these machines. Two queries."""
    ids = {row.cloud_user_id for row in rows if row.cloud_user_id}
    if not ids:
        return Makers()
    agreed = _agreed(allocation, ids, rows)
    claims = {*agreed.values(), *map(_claim_of, rows)} - {""}
    links = CloudLink.objects.filter(
        Q(cloud_user_id__in=ids) | Q(cloud_user_name__in=claims), cloud=allocation.cloud
    ).exclude(cloud_user_id="")
    found = list(links.select_related("user"))
    belongs: dict[str, set[str]] = defaultdict(set)
    for link in found:
        belongs[link.cloud_user_name].add(link.cloud_user_id)
    return Makers(
        owners=_alone(found),
        known={link.cloud_user_id: link.cloud_user_name for link in found if link.cloud_user_name},
        agreed=agreed,
        belongs=dict(belongs),
    )


def recognise(user: User, cloud: str) -> int:
    """The person connected the cloud: machines there that they made with other tools are theirs here too. How many."""
    link = CloudLink.objects.filter(user=user, cloud=cloud).exclude(cloud_user_id="").first()
    if link is None:
        return 0
    same = CloudLink.objects.filter(cloud=cloud, cloud_user_id=link.cloud_user_id)
    if same.exclude(pk=link.pk).exists():
        return 0
    mine = Instance.objects.filter(allocation__cloud=cloud, cloud_user_id=link.cloud_user_id, owner=None)
    ids = list(mine.values_list("pk", flat=True))
    if ids:
        Instance.objects.filter(pk__in=ids, owner=None).update(
            owner=user, creator_name=link.cloud_user_name, version=F("version") + 1
        )
        _attribute(ids, user)
        live.push_on_commit(ids)
    return len(ids)


def _attribute(ids: Collection[UUID], user: User) -> None:
    """What these cost while nobody knew whose they were, was the person's too. Amounts stay as they are."""
    entries = LedgerEntry.objects.filter(instance_id__in=[str(pk) for pk in ids], owner_key__startswith=NAME)
    entries.update(owner_key=str(user.pk), owner_name=str(user)[:255])


def _alone(links: Iterable[CloudLink]) -> dict[str, User]:
    """People by the cloud's user id. An account that several people share says nothing of who it was."""
    people: dict[str, list[User]] = defaultdict(list)
    for link in links:
        people[link.cloud_user_id].append(link.user)
    return {user_id: users[0] for user_id, users in people.items() if len(users) == 1}


def _agreed(allocation: Allocation, ids: set[str], rows: Iterable[Instance]) -> dict[str, str]:
    """Names by user id that all machines of that user in the project claim alike, in every region, deleted ones too."""
    told = Instance.objects.filter(
        allocation__cloud=allocation.cloud,
        allocation__project_id=allocation.project_id,
        cloud_user_id__in=ids,
        metadata__has_key=CLAIM,
    ).values_list("cloud_user_id", f"metadata__{CLAIM}")
    claims: dict[str, set[str]] = defaultdict(set)
    for user_id, claim in told.distinct():
        claims[user_id].add(str(claim))
    for row in rows:
        claims[row.cloud_user_id].add(_claim_of(row))
    return {user_id: next(iter(said)) for user_id, names in claims.items() if len(said := names - {""}) == 1}


def _claim_of(row: Instance) -> str:
    return clean(exosphere.marks_of(row.metadata).creator, 255)
