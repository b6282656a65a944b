"""Who somebody is to the roster of a workshop, as far as their identity provider vouches for it."""

from typing import TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet

from instances.workshops.models import Helper, Learner, Workshop
from instances.workshops.roster import matching
from instances.workshops.roster.admission import Comer as AdmittedComer
from instances.workshops.roster.matching import Comer, Line
from instances.workshops.roster.sheets import Words
from portal.accounts.models import User
from portal.cloud.config import clouds

# Of these nobody joins any more.
OVER = (
    Workshop.State.ENDED,
    Workshop.State.REMOVING,
    Workshop.State.REMOVED,
    Workshop.State.CANCELLED,
)
GUEST = "guest:"
Named = TypeVar("Named", Learner, Helper)


def words() -> Words:
    """What the operator calls people's ids, and how they look."""
    oidc = clouds().oidc
    return Words(oidc.id_title, oidc.access_id_pattern) if oidc else Words()


def guest_of(user: User) -> str:
    """The workshop whose guest this is, by its id; empty for people who sign in."""
    return user.issuer.removeprefix(GUEST) if user.issuer.startswith(GUEST) else ""


def verified_email(user: User) -> str:
    return user.email.strip().lower() if user.email_verified else ""


def ids_of(user: User) -> frozenset[str]:
    """Theirs as a roster may have it: whole, and without what the identity provider adds. A visitor has none."""
    whole = "" if user.is_visitor else user.access_id.strip().casefold()
    return frozenset({whole, words().bare(whole).casefold()} - {""})


def comer(user: User, proved: UUID | None = None) -> Comer:
    return Comer(user.pk, str(user), ids_of(user), verified_email(user), proved)


def admitted(user: User) -> AdmittedComer:
    return AdmittedComer(
        who=user.access_id or user.email or str(user),
        email=verified_email(user),
        unverified="" if user.email_verified else user.email,
        identity_provider=user.identity_provider,
        guest=bool(guest_of(user)),
    )


def line_of(learner: Learner) -> Line:
    return Line(learner.pk, learner.name, learner.email, learner.access_id, learner.state, learner.user_id)


def recognize(user: User) -> None:
    """At each sign-in: rosters and lists of helpers that name this person know their account from now on.

    At most four queries, whatever there is. Nobody joins by it: that is theirs to do.
    """
    if guest_of(user):
        return
    _as_learner(user)
    _as_helper(user)


def _as_learner(user: User) -> None:
    who = comer(user)
    waiting = Learner.objects.filter(user=None, state=Learner.State.INVITED).exclude(workshop__state__in=OVER)
    found = [one for one in _naming(waiting, who) if matching.match([line_of(one)], who).line]
    taken = set(Learner.objects.filter(user=user).values_list("workshop_id", flat=True)) if found else set()
    for one in found:
        if one.workshop_id not in taken:
            taken.add(one.workshop_id)
            Learner.objects.filter(pk=one.pk, user=None).update(user=user)


def _as_helper(user: User) -> None:
    who = comer(user)
    named = Helper.objects.filter(user=None).exclude(workshop__state__in=OVER)
    rows = [one for one in _naming(named, who) if _is_helper(one, who)]
    taken = set(Helper.objects.filter(user=user).values_list("workshop_id", flat=True)) if rows else set()
    for one in rows:
        if one.workshop_id not in taken:
            taken.add(one.workshop_id)
            Helper.objects.filter(pk=one.pk, user=None).update(user=user)


def _is_helper(helper: Helper, who: Comer) -> bool:
    line = Line(UUID(int=0), helper.name, helper.email, helper.access_id, "invited", None)
    return matching.match([line], who).line is not None


def _naming(rows: QuerySet[Named], who: Comer) -> list[Named]:
    """Those that could be this person; which of them are is decided by `matching`. By id first."""
    if not who.ids and not who.email:
        return []
    asked = Q()
    for one in who.ids:
        asked |= Q(access_id__iexact=one)
    if who.email:
        asked |= Q(email__iexact=who.email)
    return sorted(rows.filter(asked)[:200], key=lambda one: one.access_id.casefold() not in who.ids)
