"""What people do with their account: connecting clouds, ending sessions."""

from datetime import datetime, timedelta

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from portal.accounts import credentials, hooks, stored_login
from portal.accounts.models import CloudCredential, CloudLink, User, WebSsoAttempt
from portal.accounts.queue import enqueue
from portal.cloud.config import clouds
from portal.cloud.logins import AppCredentialLogin, Login, OidcTokenLogin, PasswordLogin, TokenLogin
from portal.cloud.schema import SignInMethod
from portal.core import events
from portal.core.audit import record
from portal.core.claims import claim
from portal.core.errors import PortalError

# A login that could not be exchanged is erased after this, however long it might be good for.
_KEPT_FOR = timedelta(minutes=15)


def connect_with_oidc(*, user: User, access_token: str, expires_at: datetime | None, by: User) -> None:
    """Connect every cloud that takes the identity provider's token. Called at each sign-in."""
    for name, cloud in clouds().clouds.items():
        if "oidc_token" in cloud.portal.sign_in.methods:
            _begin(user, OidcTokenLogin(cloud=name, access_token=access_token), expires_at, "oidc_token", by)


def connect_with_password(
    *, user: User, cloud: str, username: str, password: str, user_domain: str, by: User
) -> None:
    login = PasswordLogin(cloud=cloud, username=username, password=password, user_domain=user_domain)
    _begin(user, login, None, "password", by)


def connect_with_websso(*, user: User, cloud: str, token: str, by: User) -> None:
    """With the token that Keystone's page posted. Whoever calls has matched it with an attempt of this session."""
    _begin(user, TokenLogin(cloud=cloud, token=token), None, "websso", by)


def connect_with_application_credential(*, user: User, cloud: str, id: str, secret: str, by: User) -> None:
    _begin(user, AppCredentialLogin(cloud=cloud, id=id, secret=secret), None, "application_credential", by)


def _begin(
    user: User,
    login: Login,
    expires_at: datetime | None,
    method: SignInMethod,
    by: User,
) -> None:
    known = clouds().clouds.get(login.cloud)
    if known is None or method not in known.portal.sign_in.methods:
        raise PortalError("accounts:method-not-offered", cloud=known.title if known else "that cloud")
    latest = timezone.now() + _KEPT_FOR
    with transaction.atomic():
        link, _ = CloudLink.objects.update_or_create(
            user=user,
            cloud=login.cloud,
            defaults={
                "state": CloudLink.State.CONNECTING,
                "sealed_login": stored_login.pack(login),
                "login_expires_at": min(expires_at, latest) if expires_at else latest,
                "error_id": "",
                "error_params": {},
                "error_detail": "",
                "asked_user_id": "",
                "asked_user_name": "",
                "agreed_user_id": "",
                "attempts": 0,
                "next_attempt_at": None,
            },
        )
        _record("cloud.connect", user, login.cloud, by, method=method)
        announce(user.pk, login.cloud)
        transaction.on_commit(lambda: enqueue("connect", link.pk))


def agree(*, user: User, cloud: str, named: str, by: User) -> None:
    """Yes, that account is mine: go on as the one (by its id) whom the page named."""
    asking = CloudLink.objects.filter(
        user=user, cloud=cloud, state=CloudLink.State.ASKING, asked_user_id=named
    ).exclude(sealed_login="")
    with transaction.atomic():
        link = asking.first()
        if link is None or not claim(
            asking, state=CloudLink.State.CONNECTING, agreed_user_id=named, attempts=0, next_attempt_at=None
        ):
            raise PortalError("accounts:question-over", cloud=clouds().cloud(cloud).title)
        _record("cloud.agree", user, cloud, by, cloud_user=link.asked_user_name)
        announce(user.pk, cloud)
        transaction.on_commit(lambda: enqueue("connect", link.pk))


def decline(*, user: User, cloud: str, by: User | None) -> None:
    """No, or no answer: forget the sign-in. What was connected before stays as it is."""
    with transaction.atomic():
        link = CloudLink.objects.filter(user=user, cloud=cloud, state=CloudLink.State.ASKING).first()
        if link is None:
            return
        held = CloudCredential.objects.filter(user=user, cloud=cloud, revoked_at=None).exists()
        named = {"cloud": clouds().cloud(cloud).title, "named": link.asked_user_name}
        CloudLink.objects.filter(pk=link.pk, state=CloudLink.State.ASKING).update(
            state=CloudLink.State.CONNECTED if held else CloudLink.State.NOT_CONNECTED,
            sealed_login="",
            login_expires_at=None,
            asked_user_id="",
            asked_user_name="",
            error_id="accounts:other-person",
            error_params=named,
            error_detail="",
            changed_at=timezone.now(),
        )
        _record("cloud.decline", user, cloud, by, cloud_user=link.asked_user_name)
        announce(user.pk, cloud)


def disconnect(*, user: User, cloud: str, by: User) -> None:
    """Revoke everything with which the portal could act for the person at that cloud."""
    with transaction.atomic():
        for credential in CloudCredential.objects.filter(user=user, cloud=cloud, revoked_at=None):
            credentials.revoke(credential=credential, by=by, reason="disconnected")
        CloudLink.objects.filter(user=user, cloud=cloud).update(
            state=CloudLink.State.NOT_CONNECTED,
            sealed_login="",
            login_expires_at=None,
            asked_user_id="",
            asked_user_name="",
            error_id="",
            changed_at=timezone.now(),
        )
        WebSsoAttempt.objects.filter(user=user, cloud=cloud).delete()
        _record("cloud.disconnect", user, cloud, by)
        announce(user.pk, cloud)


def _record(action: str, user: User, cloud: str, by: User | None, **detail: object) -> None:
    record(
        action,
        by=by,
        scope=f"user.{user.pk}",
        target_type="cloud",
        target_id=cloud,
        target_name=clouds().cloud(cloud).title,
        **detail,
    )


def announce(user_pk: int, cloud: str) -> None:
    """The person's open pages fetch the states of their connections again."""
    events.publish([f"user.{user_pk}"], events.Changed("clouds:changed", {"cloud": cloud}))


def before_sign_out(request: HttpRequest) -> None:
    """End the sockets of the session that is about to end, and write down that it did."""
    if not isinstance(request.user, User):
        return
    user = request.user
    with transaction.atomic():
        record("account.sign-out", by=user, scope=f"user.{user.pk}", target_type="user", target_id=user.pk)
        mark = events.session_mark(request.session.session_key or "")
        hooks.signed_out(user, mark)
        events.publish([f"user.{user.pk}"], events.SignedOut(mark))


def end_all_sessions(*, user: User, by: User) -> None:
    """Sign the person out everywhere: sessions hang on a hash of the (unusable) password."""
    with transaction.atomic():
        user.set_unusable_password()
        user.save(update_fields=["password"])
        record("account.end-sessions", by=by, scope=f"user.{user.pk}", target_type="user", target_id=user.pk)
        hooks.signed_out(user)
        events.publish([f"user.{user.pk}"], events.SignedOut())


def switched(*, user: User, by: User) -> None:
    """An operator switched the account on or off. Off, its open pages end at once."""
    with transaction.atomic():
        action = "account.enable" if user.is_active else "account.disable"
        record(
            action,
            by=by,
            scope=f"user.{user.pk}",
            target_type="user",
            target_id=user.pk,
            target_name=str(user),
        )
        if not user.is_active:
            hooks.signed_out(user)
            events.publish([f"user.{user.pk}"], events.SignedOut())
