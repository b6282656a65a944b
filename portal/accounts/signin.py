"""Signing in: the row of the person, made or brought up to date from what the provider just said."""

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from portal.accounts import hooks
from portal.accounts.models import User
from portal.accounts.oidc import LoginClaims
from portal.core.audit import record
from portal.core.errors import PortalError

_TRIES = 5


def person(claims: LoginClaims) -> User:
    """The one person of that issuer and subject, with the names the provider gives today."""
    for _ in range(_TRIES):
        try:
            with transaction.atomic():
                return _person(claims)
        except IntegrityError:
            # The same person in another tab, or a namesake in the same moment: look again.
            continue
    raise PortalError("portal:unavailable", outcome="retry", part="The list of people")


def _person(claims: LoginClaims) -> User:
    user = User.objects.filter(issuer=claims.issuer, subject=claims.subject).first()
    first_time = user is None
    if user is None:
        user = User(issuer=claims.issuer, subject=claims.subject, username=_free_username(claims))
        user.set_unusable_password()
    if not user.is_active:
        raise PortalError("accounts:disabled")
    was_operator = user.is_operator
    _take_over(user, claims)
    user.save()
    record(
        "account.create" if first_time else "account.sign-in",
        by=user,
        scope=f"user.{user.pk}",
        target_type="user",
        target_id=user.pk,
        target_name=str(user),
        idp=claims.idp,
        assurance=claims.assurance,
        **({"operator": user.is_operator} if user.is_operator != was_operator else {}),
    )
    hooks.signed_in(user)
    return user


def _take_over(user: User, claims: LoginClaims) -> None:
    user.access_id = claims.access_id
    user.display_name = claims.display_name
    user.first_name = claims.given_name[:150]
    user.last_name = claims.family_name[:150]
    user.email = claims.email[:254]
    user.email_verified = claims.email_verified
    user.is_visitor = claims.visitor
    user.identity_provider = claims.idp
    user.identity_provider_name = claims.idp_name
    user.authentication_context = claims.assurance
    user.claimed_groups = list(claims.groups)
    user.is_operator = claims.operator
    # Operators may look at the admin pages; what they may do there is little (admin.py).
    user.is_staff = claims.operator or user.is_superuser


def _free_username(claims: LoginClaims) -> str:
    """A name for addresses and logs. It identifies nobody: two issuers may both have an `alice`."""
    wanted = slugify(claims.login_name)[:100] or "person"
    taken = set(User.objects.filter(username__startswith=wanted).values_list("username", flat=True))
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name
