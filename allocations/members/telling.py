"""Who hears of it when people come, go and change: the person, and those who manage the allocation."""

from collections.abc import Iterable

from django.urls import reverse

from allocations.keepers import managers
from allocations.members.models import Invitation
from allocations.members.rules import LABELS
from allocations.models import Allocation, Membership
from portal.accounts.models import User
from portal.notices import services as notices
from portal.notices.kinds import Kind, register

ADDED, REMOVED, ROLE = "member.added", "member.removed", "member.role"


def register_kinds() -> None:
    register(Kind(ADDED, "Somebody joined", group="people", ways={"page"}))
    register(
        Kind(REMOVED, "Somebody was removed, or left", group="people", ways={"page", "mail"}, always=True)
    )
    register(Kind(ROLE, "A role changed", group="people", ways={"page", "mail"}))


def joined(membership: Membership) -> None:
    """The cloud let somebody in for the first time: those who manage hear of it."""
    user, allocation = membership.user, membership.allocation
    _tell(
        ADDED,
        to=[one for one in managers(allocation) if one.pk != user.pk],
        key=f"member-joined:{membership.pk}",
        title=f"{user} joined {allocation.project_name}",
        text=f"The cloud lets {user} use {allocation} from now on, as {LABELS[membership.role]}.",
        allocation=allocation,
    )


def asked(*, allocation: Allocation, by: User, people: Iterable[tuple[User, str]], takes: str) -> None:
    """People whom the portal knows hear that somebody has asked for them."""
    for user, event in people:
        _tell(
            ADDED,
            to=[user],
            key=f"member-asked:{event}",
            title=f"{by} adds you to {allocation.project_name}",
            text=f"{by} has asked that you be added to {allocation}: {allocation.title or 'no title yet'}.\n{takes}".strip(),
            allocation=None,
        )


def invitation_used(*, invitation: Invitation, user: User, words: str) -> None:
    """Those who manage hear who came by a link, and how it stands with the source."""
    place = invitation.allocation
    _tell(
        ADDED,
        to=managers(place),
        key=f"invitation-used:{invitation.pk}:{user.pk}",
        title=f"{user} used an invitation to {place.project_name}",
        text=f"By the link …{invitation.hint}, as {LABELS[invitation.role]}. Adding them is {words}",
        allocation=place,
    )


def role_changed(
    *, allocation: Allocation, by: User, user: User | None, name: str, before: str, role: str, event: str
) -> None:
    if user is not None:
        _tell(
            ROLE,
            to=[user],
            key=f"member-role:{event}",
            title=f"You are {LABELS[role]} of {allocation.project_name} now",
            text=f"{by} changed your role in {allocation} from {LABELS.get(before, before)} to {LABELS[role]}.",
            allocation=allocation,
        )
    _tell(
        ROLE,
        to=_others(allocation, by, user),
        key=f"member-role-of:{event}",
        title=f"{name} is {LABELS[role]} of {allocation.project_name} now",
        text=f"{by} changed the role of {name} in {allocation} from {LABELS.get(before, before)} to {LABELS[role]}.",
        allocation=allocation,
    )


def removed(*, allocation: Allocation, by: User, user: User | None, name: str, event: str) -> None:
    if user is not None and user.pk != by.pk:
        _tell(
            REMOVED,
            to=[user],
            key=f"member-removed:{event}",
            title=f"You were removed from {allocation.project_name}",
            text=(
                f"{by} removed you from {allocation}. Your sessions on its machines have ended and your credentials "
                "for it are revoked. Machines and volumes stay with the allocation: ask its PI for what you need of them."
            ),
            allocation=None,
        )
    how = f"{name} has left" if user is not None and user.pk == by.pk else f"{by} removed {name} from"
    _tell(
        REMOVED,
        to=_others(allocation, by, user),
        key=f"member-removed-of:{event}",
        title=f"{how} {allocation.project_name}",
        text=f"{how} {allocation}. What they left behind is on the page of members.",
        allocation=allocation,
    )


def _others(allocation: Allocation, by: User, user: User | None) -> list[User]:
    known = {by.pk, user.pk if user else None}
    return [one for one in managers(allocation) if one.pk not in known]


def _tell(
    kind: str, *, to: list[User], key: str, title: str, text: str, allocation: Allocation | None
) -> None:
    """Without an allocation: to somebody who may not see its pages."""
    if not to:
        return
    notices.tell(
        kind,
        to=to,
        key=key,
        title=title,
        text=text,
        url=reverse("members:list", args=[allocation.slug]) if allocation else "",
        scope=f"allocation.{allocation.pk}" if allocation else "",
    )
