"""What people do with webhooks: make them, change what they hear, test, switch and remove them."""

from collections.abc import Collection
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.accounts.models import User
from portal.cloud.config import clouds
from portal.core import audit, limits
from portal.core.errors import PortalError
from portal.core.seal import seal
from portal.notices import enqueue, hooks, kinds, outgoing, retiring, signatures
from portal.notices.addresses import UnusableAddress, target_of
from portal.notices.kinds import Kind
from portal.notices.models import Sending, Webhook
from portal.notices.telling import Telling

_LONGEST_NAME = 100
_TEST = Kind(retiring.TEST, "A test")


def of(user: User) -> QuerySet[Webhook]:
    """Their own, and those of what they manage."""
    managed = [scope.name for scope in hooks.scopes_of(user).values() if scope.manages]
    return Webhook.objects.filter(Q(owner=user, scope="") | Q(scope__in=managed)).select_related("owner")


def webhook_of(user: User, id: UUID) -> Webhook:
    """The only door: no webhook without the right to it."""
    found = of(user).filter(pk=id).first()
    if found is None:
        raise PortalError("notices:unknown-webhook")
    return found


def add(
    *, owner: User, name: str, url: str, scope: str = "", chosen: Collection[str] = (), by: User
) -> tuple[Webhook, str]:
    """A new webhook, and its secret, which is shown once."""
    name, url = _name(name), _address(url)
    if scope and not hooks.manages(owner, scope):
        raise PortalError("notices:not-your-scope")
    secret = signatures.new_secret()
    with transaction.atomic():
        most = clouds().telling.webhooks_per_person
        # One after another: two forms sent at once do not get past the limit together.
        User.objects.select_for_update().get(pk=owner.pk)
        there = (
            Webhook.objects.filter(scope=scope) if scope else Webhook.objects.filter(owner=owner, scope="")
        )
        if there.count() >= most:
            raise PortalError("notices:too-many-webhooks", most=most)
        hook = Webhook.objects.create(
            owner=owner, scope=scope, name=name, url=url, kinds=_known(chosen), sealed_secret=seal(secret)
        )
        _record("webhook.add", hook, by, host=host_of(url), kinds=hook.kinds)
    return hook, secret


@transaction.atomic
def change(*, hook: Webhook, name: str, url: str, chosen: Collection[str], by: User) -> Webhook:
    """Its name, address and kinds. Another address has the same secret."""
    before = _as_told(hook)
    old_url = hook.url
    hook.name, hook.url, hook.kinds = _name(name), _address(url), _known(chosen)
    after = _as_told(hook)
    if before != after or old_url != hook.url:
        hook.save(update_fields=["name", "url", "kinds"])
        _record("webhook.change", hook, by, before=before, after=after)
    return hook


@transaction.atomic
def new_secret(*, hook: Webhook, by: User) -> str:
    """In the place of the old one, at once; shown once."""
    secret = signatures.new_secret()
    Webhook.objects.filter(pk=hook.pk).update(sealed_secret=seal(secret))
    _record("webhook.new-secret", hook, by)
    return secret


@transaction.atomic
def switch(*, hook: Webhook, on: bool, by: User) -> None:
    """Off: what waits ends. On: what happens from now on is sent."""
    if on == (hook.disabled_at is None):
        return
    if on:
        Webhook.objects.filter(pk=hook.pk).update(disabled_at=None, disabled_why="", failing_since=None)
    else:
        Webhook.objects.filter(pk=hook.pk).update(disabled_at=timezone.now(), disabled_why=f"by {by}")
        Sending.objects.filter(webhook=hook, state=Sending.State.WAITING).update(
            state=Sending.State.FAILED, error="the webhook was switched off"
        )
    _record("webhook.switch", hook, by, on=on)


@transaction.atomic
def remove(*, hook: Webhook, by: User) -> None:
    _record("webhook.remove", hook, by, host=host_of(hook.url))
    hook.delete()


def test(*, hook: Webhook, by: User) -> Sending:
    """Send it an event that says that it is a test: tried once, and how that went is in the list."""
    limits.check(f"webhook-test:{by.pk}", most=10, seconds=600)
    now = timezone.now()
    telling = Telling(
        kind=_TEST,
        key=f"test:{now.isoformat()}",
        title=f"A test of the webhook {hook.name}",
        text=f"{by} asked for it. Nothing happened.",
        url="",
        level="info",
        scope=hook.scope,
        at=now,
    )
    with transaction.atomic():
        sending = Sending.objects.create(
            webhook=hook,
            kind=_TEST.name,
            title=telling.title,
            key=telling.key,
            body=outgoing.body_of(telling, hook),
        )
        enqueue.on_commit(enqueue.WEBHOOKS)
    return sending


def _name(name: str) -> str:
    kept = " ".join(name.split())
    if not 1 <= len(kept) <= _LONGEST_NAME or not kept.isprintable():
        raise PortalError(
            "portal:bad-input", reason=f"A webhook has a name of 1 to {_LONGEST_NAME} characters."
        )
    return kept


def _address(url: str) -> str:
    """Only how it is written: where its name leads is looked at each time something is sent."""
    try:
        target_of(url.strip(), local=settings.DEVELOPMENT)
    except UnusableAddress as error:
        raise PortalError("notices:bad-webhook", reason=str(error)) from None
    return url.strip()


def host_of(url: str) -> str:
    """What is told of an address: what follows the host may be a secret of the receiving program."""
    return urlsplit(url).hostname or ""


def _as_told(hook: Webhook) -> dict[str, object]:
    return {"name": hook.name, "host": host_of(hook.url), "kinds": hook.kinds}


def _known(chosen: Collection[str]) -> list[str]:
    unknown = [name for name in chosen if kinds.find(name) is None]
    if unknown:
        raise PortalError(
            "portal:bad-input", reason=f"There is no kind of notice called “{unknown[0][:60]}”."
        )
    return sorted(set(chosen))


def _record(action: str, hook: Webhook, by: User, **detail: object) -> None:
    audit.record(
        action,
        by=by,
        scope=hook.scope or f"user.{hook.owner_id}",
        target_type="webhook",
        target_id=hook.pk,
        target_name=hook.name,
        **detail,
    )
