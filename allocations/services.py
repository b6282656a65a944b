"""Changes to allocations and memberships."""

from collections.abc import Iterable, Mapping, Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from allocations import hooks_people, hooks_sources, tasks
from allocations.mapping import Claimed, Granted, Held, Key, Seat, plan
from allocations.models import Allocation, Membership
from portal.accounts import credentials, tools
from portal.accounts.hooks import GrantedProject
from portal.accounts.models import User
from portal.accounts.oidc import GroupClaim
from portal.cloud.config import clouds
from portal.core import events
from portal.core.audit import record
from portal.core.errors import PortalError

# Somebody may take the address that we have just seen free.
_TRIES = 3


def apply_projects(
    user: User,
    cloud: str,
    projects: Sequence[GrantedProject],
    claims: Sequence[GroupClaim],
    *,
    complete: bool = True,
) -> None:
    """Bring the person's memberships at that cloud to what cloud and claims say: all or nothing, audited."""
    granted = [
        Granted(region, found.project.id, found.project.name, found.roles)
        for found in projects
        for region in found.regions
    ]
    with transaction.atomic():
        allocations = _allocations(cloud, projects)
        memberships = {
            (membership.allocation.region, membership.allocation.project_id): membership
            for membership in _live(user, cloud)
        }
        held = [Held(*key, membership.role, membership.source) for key, membership in memberships.items()]
        told = [Claimed(claim.grant, claim.role) for claim in claims]
        claimed = hooks_sources.claims_of(user, cloud, told)
        said = hooks_people.decided(user, cloud)
        found = plan(
            granted,
            claimed,
            held,
            clouds().roles,
            complete=complete,
            out={project for project, word in said.items() if word.out},
            given={project: word.role for project, word in said.items() if word.role},
        )
        for seat in found.add:
            _add(user, allocations[seat.key], seat)
        for seat in found.change:
            assign(memberships[seat.key], seat.role, seat.source)
        end(user, [memberships[key] for key in found.end])
        if found.add or found.change:
            tell(
                user,
                [
                    *(allocations[seat.key] for seat in found.add),
                    *(memberships[seat.key].allocation for seat in found.change),
                ],
            )


def read_again(user: User, cloud: str) -> None:
    """The person can be acted for again: allocations that nobody could read are due now."""
    Allocation.objects.filter(memberships__user=user, memberships__ended_at=None, cloud=cloud).exclude(
        read_error_id=""
    ).update(refresh_after=timezone.now())


def _live(user: User, cloud: str) -> Iterable[Membership]:
    return Membership.objects.filter(user=user, allocation__cloud=cloud, ended_at=None).select_related(
        "allocation"
    )


def _allocations(cloud: str, projects: Sequence[GrantedProject]) -> dict[Key, Allocation]:
    """The allocations of these projects, made where the portal meets one for the first time."""
    ids = [found.project.id for found in projects]
    known = {
        (allocation.region, allocation.project_id): allocation
        for allocation in Allocation.objects.filter(cloud=cloud, project_id__in=ids)
    }
    for found in projects:
        for region in found.regions:
            key = (region, found.project.id)
            allocation = known.get(key)
            if allocation is None:
                known[key] = _meet(cloud, region, found)
            elif allocation.project_name != found.project.name:
                allocation.project_name = found.project.name
                allocation.save(update_fields=["project_name"])
    return known


def _meet(cloud: str, region: str, found: GrantedProject) -> Allocation:
    """Of two people of a new project who come at the same moment, the second finds what the first has made."""
    place = {"cloud": cloud, "region": region, "project_id": found.project.id}
    for _ in range(_TRIES):
        slug = _free_slug(f"{found.project.name}-{region}", cloud)
        try:
            with transaction.atomic():
                allocation = _make(place, slug, found)
            break
        except IntegrityError:
            known = Allocation.objects.filter(**place).first()
            if known is not None:
                return known
    else:
        raise PortalError("portal:unavailable", outcome="retry", part="The database")
    _record("allocation.found", None, allocation)
    transaction.on_commit(lambda: tasks.refresh.delay(allocation.pk), robust=True)
    return allocation


def _make(place: Mapping[str, str], slug: str, found: GrantedProject) -> Allocation:
    return Allocation.objects.create(
        **place,
        slug=slug,
        project_name=found.project.name,
        title=found.project.description[:500],
        refresh_after=timezone.now(),
    )


def _free_slug(wanted: str, cloud: str) -> str:
    plain = slugify(wanted)[:80] or "allocation"
    taken = set(Allocation.objects.filter(slug__startswith=plain).values_list("slug", flat=True))
    choices = [plain, f"{plain}-{slugify(cloud)}"[:110]]
    choices += [f"{choices[1]}-{number}" for number in range(2, len(taken) + 3)]
    return next(slug for slug in choices if slug not in taken)


def _add(user: User, allocation: Allocation, seat: Seat) -> None:
    made = Membership.objects.create(user=user, allocation=allocation, role=seat.role, source=seat.source)
    _name_pi(user, allocation, seat.role)
    _record("membership.add", user, allocation, role=seat.role, source=seat.source)
    hooks_people.joined(made)


def assign(membership: Membership, role: str, source: str, *, by: User | None = None) -> None:
    """Give the membership this role, on the word of that source, in the caller's transaction."""
    before = membership.role
    membership.role, membership.source = role, source
    membership.save(update_fields=["role", "source"])
    user, allocation = membership.user, membership.allocation
    _name_pi(user, allocation, role)
    _record("membership.change", user, allocation, by=by, before=before, after=role, source=source)


def _name_pi(user: User, allocation: Allocation, role: str) -> None:
    if role == Membership.Role.PI and allocation.pi_name != str(user):
        allocation.pi_name = str(user)[:255]
        allocation.save(update_fields=["pi_name"])


def tell(user: User, allocations: Iterable[Allocation]) -> None:
    """What the person may do is different now: their sockets look again, and pages about people fetch again."""
    events.publish([f"user.{user.pk}"], events.AccessChanged())
    events.publish([f"user.{user.pk}"], events.Changed("allocations:changed"))
    for found in {allocation.pk: allocation for allocation in allocations}.values():
        events.publish([f"allocation.{found.pk}"], events.Changed("members:changed", {"slug": found.slug}))


def end(user: User, memberships: Sequence[Membership], *, by: User | None = None, reason: str = "") -> None:
    """End memberships and what hangs on them, in the caller's transaction: sessions, and with the last of a project's
    regions also the credentials of the project."""
    if not memberships:
        return
    for membership in memberships:
        membership.ended_at = timezone.now()
        membership.save(update_fields=["ended_at"])
        detail = {"reason": reason} if reason else {}
        _record("membership.end", user, membership.allocation, by=by, role=membership.role, **detail)
    hooks_people.ended(user, [membership.allocation_id for membership in memberships])
    _revoke(user, memberships, by)
    tell(user, [membership.allocation for membership in memberships])


def _revoke(user: User, memberships: Sequence[Membership], by: User | None) -> None:
    for cloud, project_id in {(m.allocation.cloud, m.allocation.project_id) for m in memberships}:
        elsewhere = Membership.objects.filter(
            user=user, ended_at=None, allocation__cloud=cloud, allocation__project_id=project_id
        )
        if not elsewhere.exists():
            tools.revoke_for(user=user, cloud=cloud, project_id=project_id, by=by, reason="membership ended")
            credentials.revoke_for(
                user=user, cloud=cloud, project_id=project_id, by=by, reason="membership ended"
            )


def _record(
    action: str, user: User | None, allocation: Allocation, *, by: User | None = None, **detail: object
) -> None:
    record(
        action,
        by=by,
        scope=f"allocation.{allocation.pk}",
        target_type="user" if user else "allocation",
        target_id=user.pk if user else allocation.pk,
        target_name=str(user or allocation),
        **detail,
    )
