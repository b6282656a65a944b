"""Certificates for people's own keys: a day's way into one machine with one's own ssh."""

from datetime import timedelta

import asyncssh
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from instances import trail
from instances.access import connectable
from instances.models import Instance
from instances.principals import principal
from instances.remote import authority, limits, trust
from instances.remote.models import Certificate, CertificateAuthority, JumpHost, MachineTrust
from instances.services.keys import public_key_complaint
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.limits import check as check_limit

_MOST_AN_HOUR = 20


def hours() -> float:
    """For how long; 0: the portal's operators let it sign none."""
    return limits.remote().own_certificate_hours


def out(instance: Instance) -> QuerySet[Certificate]:
    """Those that open the machine now, the newest first. Nothing calls them back before they end."""
    return Certificate.objects.filter(instance=instance, expires_at__gt=timezone.now()).select_related(
        "person"
    )


def sign(*, by: User, instance: Instance, public_key: str) -> Certificate:
    """A certificate for this machine and its login alone, and for passing through its jump host.

    PortalError `portal:bad-input`, `remote:no-own-certificates`, `remote:not-trusting`, `portal:too-many`.
    """
    instance = connectable(by, instance.pk)
    if hours() <= 0:
        raise PortalError("remote:no-own-certificates")
    found = trust.of(instance)
    known = authority.known_to(list(map(str, found.authorities))) if found is not None else []
    if found is None or not known:
        raise PortalError("remote:not-trusting", name=instance.name)
    key = _key(public_key)
    check_limit(f"own-certificate:{by.pk}", most=_MOST_AN_HOUR, seconds=3600)
    return _signed(by, instance, found, known[0], key)


@transaction.atomic
def _signed(
    by: User, instance: Instance, found: MachineTrust, signer: CertificateAuthority, key: asyncssh.SSHKey
) -> Certificate:
    number, now = authority.serial(), timezone.now()
    made = authority.sign(
        signer,
        key,
        principals=[principal(instance.pk, found.login), *_through(instance)],
        key_id=f"heliosphere:{by}",
        seconds=hours() * 3600,
        number=number,
    )
    row = Certificate.objects.create(
        instance=instance,
        person=by,
        serial=number,
        key_fingerprint=key.get_fingerprint(),
        text=made.export_certificate("openssh").decode().strip() + "\n",
        login=found.login,
        issued_at=now,
        expires_at=now + timedelta(hours=hours()),
    )
    trail.record(
        "remote.certificate-signed",
        instance,
        by=by,
        serial=str(number),
        key=row.key_fingerprint,
        login=row.login,
        until=row.expires_at.isoformat(),
    )
    return row


def certificate_for(*, by: User, instance: Instance, pk: int) -> Certificate:
    """One's own, while it holds: to fetch it again."""
    found = out(instance).filter(pk=pk, person=by).first()
    if found is None:
        raise PortalError("portal:not-found")
    return found


def _key(public_key: str) -> asyncssh.SSHKey:
    complaint = public_key_complaint(public_key)
    if complaint:
        raise PortalError("portal:bad-input", reason=complaint)
    try:
        return asyncssh.import_public_key(" ".join(public_key.split()[:2]))
    except asyncssh.KeyImportError:
        raise PortalError(
            "portal:bad-input", reason="This is not a public key that ssh understands."
        ) from None


def _through(instance: Instance) -> list[str]:
    """What its jump host must be shown, where there is one on the way."""
    if instance.public_address:
        return []
    jump = JumpHost.objects.filter(allocation=instance.allocation_id).exclude(instance=instance.pk).first()
    return [principal(jump.instance_id, jump.login)] if jump is not None else []
