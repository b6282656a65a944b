"""Which accounts the portal has already for people who are put on a roster."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q
from django.utils.text import slugify

from instances.workshops.models import Learner, Workshop
from instances.workshops.roster import matching, people
from instances.workshops.roster.matching import Line
from instances.workshops.roster.sheets import Entry
from portal.accounts.models import User

_NOBODY = UUID(int=0)


def known_people(entries: Sequence[Entry], *, without: Workshop) -> dict[int, User]:
    """Line → account. By id or verified address, as at sign-in; nobody twice, and nobody whom the roster has. Two queries."""
    ids = [one.access_id for one in entries if one.access_id]
    # Accounts hold ids with what the identity provider adds: their user names lead to them, and `matching` decides.
    asked = Q(access_id__in=ids) | Q(username__in=[slugify(one) for one in ids])
    asked |= Q(email__in=[one.email for one in entries if one.email], email_verified=True)
    taken = set(Learner.objects.filter(workshop=without).exclude(user=None).values_list("user_id", flat=True))
    found: dict[int, User] = {}
    for user in User.objects.filter(asked, is_active=True):
        who = people.comer(user)
        fitting = [
            one
            for one in entries
            if one.line not in found and matching.match([_line(one)], who).line is not None
        ]
        if fitting and user.pk not in taken:
            found[min(fitting, key=lambda one: one.access_id not in who.ids).line] = user
    return found


def _line(entry: Entry) -> Line:
    return Line(_NOBODY, entry.name, entry.email, entry.access_id, "invited", None)
