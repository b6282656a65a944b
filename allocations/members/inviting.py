"""Invitation links: made, mailed, withdrawn by those who manage; used by whoever is meant, as often as they say."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone

from allocations.access import allocation_by_id, require
from allocations.members import deciding, eligible, rules, telling
from allocations.members.models import Invitation, InvitationUse
from allocations.members.people import crew, held_for
from allocations.models import Allocation, Membership
from allocations.roles import Need
from allocations.sources import requests
from allocations.sources.models import MembershipRequest
from allocations.sources.people import login_name
from portal.accounts.models import User
from portal.core import events, limits
from portal.core.audit import record
from portal.core.claims import claim
from portal.core.errors import PortalError
from portal.notices import mails
from portal.notices import services as notices

MOST_DAYS, MOST_USES, MOST_MAILS, MOST_LIVE = 90, 1000, 50, 50


def make(
    *,
    allocation: Allocation,
    by: User,
    role: str,
    days: int,
    cap: int,
    domain: str = "",
    note: str = "",
    resources: Sequence[str] = (),
    mail_to: Sequence[str] = (),
) -> tuple[Invitation, str]:
    """The invitation, and its address, which is shown once: only a digest of it is kept."""
    with transaction.atomic():
        allocation, _ = held_for(by, allocation)
        rule = eligible.tidy(domain)
        _check(allocation, by, role, days, cap, rule, mail_to)
        token = secrets.token_urlsafe(24)
        now = timezone.now()
        made = Invitation.objects.create(
            allocation=allocation,
            digest=digest(token),
            hint=token[-4:],
            role=role,
            resources=list(resources),
            note=note.strip()[:200],
            domain=rule,
            cap=cap,
            expires_at=now + timedelta(days=days),
            created_at=now,
            created_by=by,
        )
        _record("invitation.make", by, made, role=role, days=days, cap=cap, domain=rule, mails=len(mail_to))
        address = settings.SITE_URL + reverse("members:invited", args=[token])
        for to in mail_to:
            _mail(made, by, to, address)
        _changed(allocation)
    return made, address


def _check(
    allocation: Allocation, by: User, role: str, days: int, cap: int, rule: str, mail_to: Sequence[str]
) -> None:
    live = Invitation.objects.filter(allocation=allocation, revoked_at=None, expires_at__gt=timezone.now())
    reasons = (
        rules.why_not_add(crew(allocation).actor(by), role),
        "" if 1 <= days <= MOST_DAYS else f"A link lives 1 to {MOST_DAYS} days.",
        "" if 1 <= cap <= MOST_USES else f"A link can be used 1 to {MOST_USES} times.",
        eligible.wrong(rule),
        "" if len(mail_to) <= MOST_MAILS else f"A link is mailed to at most {MOST_MAILS} addresses.",
        ""
        if mails.configured() or not mail_to
        else "This portal sends no mail: hand the link over yourself.",
        "" if live.count() < MOST_LIVE else f"There are {MOST_LIVE} links already: withdraw one first.",
    )
    reason = next(filter(None, reasons), "")
    if reason:
        raise PortalError("portal:bad-input", reason=reason)
    if mail_to:
        limits.check(f"members:mail:{by.pk}", most=20, seconds=3600)


def _mail(made: Invitation, by: User, to: str, address: str) -> None:
    place = made.allocation
    until = timezone.localtime(made.expires_at)
    notices.mail(
        to_address=to.strip(),
        subject=f"{by} invites you to {place.project_name}",
        text=(
            f"{by} invites you to use {place.project_name}"
            f"{f' ({place.title})' if place.title else ''} as {rules.LABELS[made.role]}.\n\n"
            f"Open this link and sign in:\n{address}\n\n"
            f"It is valid until {until:%-d %B %Y %H:%M %Z}. If you do not know {by}, ignore this message."
        ),
        key=f"invitation:{made.pk}:{hashlib.sha256(to.strip().lower().encode()).hexdigest()[:32]}",
    )


def revoke(*, allocation: Allocation, by: User, id: UUID) -> None:
    """From now on nobody can use it; who came by it stays."""
    require(allocation, Need.MANAGE)
    with transaction.atomic():
        found = Invitation.objects.select_related("allocation").filter(pk=id, allocation=allocation).first()
        if found is None:
            raise PortalError("portal:not-found")
        if claim(
            Invitation.objects.filter(pk=found.pk, revoked_at=None), revoked_at=timezone.now(), revoked_by=by
        ):
            _record("invitation.revoke", by, found, used=found.used)
            _changed(allocation)


def find(token: str, *, asker: str) -> Invitation:
    """The invitation behind a link. `asker`: who tries, by which wrong tokens are counted."""
    found = _invitations().filter(digest=digest(token)).first() if len(token) <= 100 else None
    if found is None:
        limits.check(f"members:wrong-token:{asker}", most=10, seconds=600)
        raise PortalError("members:invitation-unknown")
    return found


def by_id(id: UUID | str) -> Invitation:
    """As a session remembers it."""
    found = _invitations().filter(pk=id).first()
    if found is None:
        raise PortalError("members:invitation-unknown")
    return found


def usable(invitation: Invitation, user: User, now: datetime | None = None) -> bool:
    """False: they used it already. PortalError says why it cannot be used at all, or not by them."""
    now = now or timezone.now()
    if InvitationUse.objects.filter(invitation=invitation, user=user).exists():
        return False
    _check_live(invitation, now)
    said = deciding.decided(user, invitation.allocation.cloud).get(invitation.allocation.project_id)
    if said is not None and said.out:
        # A link is for whoever has it: who was removed comes back by name, or not at all.
        raise PortalError("members:invitation-removed")
    if not eligible.fits(invitation.domain, email=user.email, identity_provider=user.identity_provider):
        raise PortalError(
            "members:invitation-not-yours", domain=invitation.domain, who=user.email or str(user)
        )
    return True


def _check_live(invitation: Invitation, now: datetime) -> None:
    if invitation.revoked_at is not None:
        raise PortalError("members:invitation-revoked")
    if invitation.expires_at <= now:
        until = timezone.localtime(invitation.expires_at)
        raise PortalError("members:invitation-expired", until=f"{until:%-d %B %Y %H:%M %Z}")
    if invitation.used >= invitation.cap:
        raise PortalError("members:invitation-full")
    _inviter(invitation)


def _inviter(invitation: Invitation) -> User:
    """Whoever made it, if they may still add people as that: in their name the source is asked."""
    by = invitation.created_by
    if by is not None:
        try:
            place = allocation_by_id(by, invitation.allocation_id, Need.MANAGE)
        except PortalError:
            place = None
        if place is not None and not rules.why_not_add(rules.Actor(place.viewer_role, 1), invitation.role):
            return by
    raise PortalError("members:invitation-orphaned")


def redeem(*, invitation: Invitation, user: User) -> MembershipRequest | None:
    """Use it: the source is asked to add the person. None: they are in, or used it before. The cap is decided once."""
    if not usable(invitation, user):
        return None
    now = timezone.now()
    with transaction.atomic():
        if Membership.objects.filter(user=user, allocation=invitation.allocation, ended_at=None).exists():
            return None
        _, made = InvitationUse.objects.get_or_create(invitation=invitation, user=user, defaults={"at": now})
        if not made:
            return None
        free = Invitation.objects.filter(
            pk=invitation.pk, revoked_at=None, expires_at__gt=now, used__lt=F("cap")
        )
        if not claim(free, used=F("used") + 1):
            raise PortalError("members:invitation-full")
        return _ask(invitation, user)


def _ask(invitation: Invitation, user: User) -> MembershipRequest:
    place, by = invitation.allocation, _inviter(invitation)
    deciding.decide(
        place, login_name(user), user, by=by, role="" if invitation.role == "member" else invitation.role
    )
    _record("invitation.use", user, invitation, role=invitation.role)
    (row,) = requests.ask(
        allocation=place,
        by=by,
        action="add",
        usernames=[login_name(user)],
        role=invitation.role,
        resources=invitation.resources,
        comment=f"By invitation …{invitation.hint}",
    )
    telling.invitation_used(invitation=invitation, user=user, words=requests.words(row, place))
    _changed(place)
    return row


def _invitations() -> "QuerySet[Invitation]":
    return Invitation.objects.select_related("allocation", "created_by")


def digest(token: str) -> str:
    return hashlib.sha256(f"invitation {token}".encode()).hexdigest()


def _changed(allocation: Allocation) -> None:
    events.publish(
        [f"allocation.{allocation.pk}"], events.Changed("members:changed", {"slug": allocation.slug})
    )


def _record(action: str, by: User, invitation: Invitation, **detail: object) -> None:
    record(
        action,
        by=by,
        scope=f"allocation.{invitation.allocation_id}",
        target_type="invitation",
        target_id=invitation.pk,
        target_name=f"…{invitation.hint} {invitation.note}".strip(),
        **detail,
    )
