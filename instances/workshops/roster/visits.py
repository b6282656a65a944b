"""Who is let in by the identity provider for a workshop alone, and what the sign-in page offers besides it."""

from django.http import HttpRequest
from django.urls import reverse

from instances.workshops.models import Helper, Learner
from instances.workshops.roster import guest_codes, memory
from instances.workshops.roster.people import OVER
from portal.accounts.hooks import Way
from portal.accounts.models import User
from portal.accounts.oidc import LoginClaims


def comes_for_a_workshop(request: HttpRequest, claims: LoginClaims | None) -> bool:
    """They opened a link, or take part in a workshop or help at one; what they may do there is asked there."""
    if memory.came(request) is not None:
        return True
    return claims is not None and (_known(claims) or _named(claims))


def _known(claims: LoginClaims) -> bool:
    user = User.objects.filter(issuer=claims.issuer, subject=claims.subject, is_active=True).first()
    if user is None:
        return False
    part = Learner.objects.filter(user=user).exclude(state=Learner.State.OUT).exists()
    return part or Helper.objects.filter(user=user).exists()


def _named(claims: LoginClaims) -> bool:
    """On a roster, or among the helpers, by an address that their identity provider has verified."""
    if not claims.email_verified or not claims.email:
        return False
    learners = Learner.objects.filter(email__iexact=claims.email, state=Learner.State.INVITED, user=None)
    helpers = Helper.objects.filter(email__iexact=claims.email, user=None)
    return any(rows.exclude(workshop__state__in=OVER).exists() for rows in (learners, helpers))


def ways() -> list[Way]:
    """Guests sign in nowhere: theirs is another door, where the operator has one."""
    return (
        [Way(reverse("roster:guest"), "I was given a guest code")] if guest_codes.offered_anywhere() else []
    )
