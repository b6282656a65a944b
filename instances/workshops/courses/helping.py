"""Who helps to run a workshop: named by an address or an id; theirs once somebody who is that has signed in."""

import re

from django.db import transaction
from django.utils import timezone

from instances.workshops import live, trail
from instances.workshops.courses.services import locked
from instances.workshops.models import Helper, Workshop
from instances.workshops.rights import Right
from portal.accounts.models import User
from portal.cloud.config import clouds
from portal.core import events
from portal.core.errors import PortalError

MOST = 40
_EMAIL = re.compile(r"[^@\s,;<>\"]{1,64}@[A-Za-z0-9.-]{1,180}\.[A-Za-z]{2,24}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,149}")


def add_lines(*, workshop: Workshop, by: User, text: str) -> list[str]:
    """One of them a line; what could not be added, as sentences. Who helps already is no mistake."""
    wrong = []
    for line in text.replace(",", "\n").replace(";", "\n").splitlines():
        if not line.strip():
            continue
        try:
            add_helper(workshop=workshop, by=by, who=line)
        except PortalError as error:
            if error.id != "workshops:helper-twice":
                wrong.append(f"{error.problem.what} {error.problem.todo}")
    return wrong


@transaction.atomic
def add_helper(*, workshop: Workshop, by: User, who: str, role: str = Helper.Role.ASSISTANT) -> Helper:
    """`who`: an e-mail address, or an id as the identity provider gives it."""
    held = locked(workshop.pk, by, Right.PLAN)
    given = who.strip()
    user = _known(given)
    email = given if user is None and _EMAIL.fullmatch(given) and not _is_id(given) else ""
    if not (email or user or _ID.fullmatch(given)) or role not in Helper.Role.values:
        raise PortalError("workshops:bad-helper", given=given[:80], id_title=id_title())
    _require_new(held, given, user)
    made = Helper.objects.create(
        workshop=held,
        user=user,
        name=str(user) if user else "",
        email=email,
        access_id=user.access_id if user else "" if email else given,
        role=role,
        added_by=by,
        added_at=timezone.now(),
    )
    trail.record("workshop.helper-add", held, by=by, helper=str(made), role=role)
    live.workshop_changed(held)
    return made


@transaction.atomic
def change_helper(*, workshop: Workshop, by: User, helper_id: int, role: str) -> None:
    held = locked(workshop.pk, by, Right.PLAN)
    found = _of(held, helper_id)
    if role not in Helper.Role.values:
        raise PortalError("portal:not-found")
    before, found.role = found.role, role
    found.save(update_fields=["role"])
    trail.record("workshop.helper-change", held, by=by, helper=str(found), before=before, after=role)
    live.workshop_changed(held)


@transaction.atomic
def remove_helper(*, workshop: Workshop, by: User, helper_id: int) -> None:
    """Their rights end at once, and so do their sessions at seats: each looks at the right again."""
    held = locked(workshop.pk, by, Right.PLAN)
    found = _of(held, helper_id)
    found.delete()
    trail.record("workshop.helper-remove", held, by=by, helper=str(found))
    if found.user is not None:
        events.publish([f"user.{found.user.pk}"], events.AccessChanged())
    live.workshop_changed(held)


def _known(given: str) -> User | None:
    """By their id alone: an address is nobody's until somebody has signed in with it."""
    return User.objects.filter(access_id__iexact=given).first() if given else None


def _require_new(workshop: Workshop, given: str, user: User | None) -> None:
    rows = list(workshop.helpers.all())
    if len(rows) >= MOST:
        raise PortalError("workshops:too-many-helpers", most=MOST)
    wanted = given.casefold()
    for one in rows:
        named = {one.email.casefold(), one.access_id.casefold()} - {""}
        if wanted in named or (user is not None and one.user_id == user.pk):
            raise PortalError("workshops:helper-twice", name=str(one))


def _of(workshop: Workshop, helper_id: int) -> Helper:
    found = workshop.helpers.select_related("user").filter(pk=helper_id).first()
    if found is None:
        raise PortalError("portal:not-found")
    return found


def _is_id(given: str) -> bool:
    """Ids may look like addresses; the operator says how theirs look."""
    provider = clouds().oidc
    pattern = provider.access_id_pattern if provider else None
    return pattern is not None and pattern.fullmatch(given) is not None


def id_title() -> str:
    provider = clouds().oidc
    return provider.id_title if provider else "user id"
