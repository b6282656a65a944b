"""The generations of the portal's certificate authority: made, retired, and who depends on which.

The newest signs first, for machines that trust it; those that know only an older one are signed for by that one,
until a connection teaches them (`instances.remote.teaching`).
"""

from dataclasses import dataclass
from typing import Any

import asyncssh
from django.db import transaction
from django.utils import timezone

from instances.models import Instance
from instances.remote import authority
from instances.remote.models import CertificateAuthority, MachineTrust
from portal.core import audit
from portal.core.errors import PortalError


@dataclass(frozen=True, slots=True)
class Standing:
    """`machines` trust it; `only`: those of them that trust no other that still signs."""

    authority: CertificateAuthority
    fingerprint: str
    machines: int
    only: int


def standing() -> list[Standing]:
    """All authorities, newest first. One reading of what machines trust."""
    found = list(CertificateAuthority.objects.all())
    signing = {one.public_key for one in found if one.retired_at is None}
    trusted = [
        set(map(str, keys))
        for keys in MachineTrust.objects.filter(instance__deleted_at=None).values_list(
            "authorities", flat=True
        )
    ]
    return [
        Standing(
            one,
            asyncssh.import_public_key(one.public_key).get_fingerprint(),
            sum(one.public_key in keys for keys in trusted),
            sum(keys & signing == {one.public_key} for keys in trusted),
        )
        for one in found
    ]


@transaction.atomic
def create(private_key: str = "") -> CertificateAuthority:
    """The next generation, of a key of its own or of one that is given; it signs from now on."""
    made = authority.make(private_key)
    others = CertificateAuthority.objects.exclude(pk=made.pk).values_list("public_key", flat=True)
    if made.public_key.split()[1] in {key.split()[1] for key in others}:
        raise PortalError("remote:authority-known")
    _record("remote.authority-made", made)
    return made


@transaction.atomic
def retire(generation: int, *, force: bool = False) -> CertificateAuthority:
    """It signs no more, and new machines are not told of it. Refused while machines know no other."""
    found = next((one for one in standing() if one.authority.generation == generation), None)
    if found is None or found.authority.retired_at is not None:
        raise PortalError("remote:no-authority", generation=generation)
    if found.only and not force:
        raise PortalError("remote:authority-needed", generation=generation, machines=found.only)
    found.authority.retired_at = timezone.now()
    found.authority.save(update_fields=["retired_at"])
    _record("remote.authority-retired", found.authority, machines=found.only, forced=force)
    return found.authority


def untaught() -> list[Instance]:
    """Machines that take certificates and lack an authority, or trust one that is retired."""
    wanted = set(authority.trusted())
    rows = MachineTrust.objects.filter(instance__deleted_at=None).select_related("instance__allocation")
    return [row.instance for row in rows.order_by("instance__name") if set(row.authorities) != wanted]


def _record(action: str, one: CertificateAuthority, **detail: Any) -> None:
    audit.record(
        action,
        by=None,
        target_type="ssh_authority",
        target_id=one.pk,
        target_name=str(one),
        public_key=one.public_key,
        **detail,
    )
