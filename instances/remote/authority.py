"""The portal as an SSH certificate authority: keys that sign, sealed at rest, and what they sign."""

import logging
import secrets
from collections.abc import Sequence

import asyncssh
from django.utils import timezone

from instances.principals import principal
from instances.remote.models import CertificateAuthority
from portal.core.errors import PortalError
from portal.core.seal import seal, unseal

logger = logging.getLogger(__name__)
__all__ = ["known_to", "make", "newest", "principal", "serial", "sign", "trusted"]


def newest() -> CertificateAuthority:
    """The authority that machines launched now trust first. Made when there is none."""
    found = CertificateAuthority.objects.filter(retired_at=None).first()
    return found or make()


def trusted() -> list[str]:
    """Public keys of all that are not retired, newest first: what a new machine is told to trust."""
    newest()
    return list(CertificateAuthority.objects.filter(retired_at=None).values_list("public_key", flat=True))


def known_to(authorities: Sequence[str]) -> list[CertificateAuthority]:
    """Those that a machine with these public keys takes, newest first; a retired one signs for nobody."""
    return list(CertificateAuthority.objects.filter(retired_at=None, public_key__in=authorities))


def make(private_key: str = "") -> CertificateAuthority:
    """The next generation, of a new key or of one that is given. Whoever asks at the same moment gets the same one."""
    last = CertificateAuthority.objects.order_by("-generation").first()
    number = last.generation + 1 if last else 1
    key = _given(private_key) if private_key else asyncssh.generate_private_key("ssh-ed25519")
    key.set_comment(f"heliosphere-{number}")
    made, new = CertificateAuthority.objects.get_or_create(
        generation=number,
        defaults={
            "public_key": key.export_public_key("openssh").decode().strip(),
            "sealed_private_key": seal(key.export_private_key("openssh").decode()),
            "created_at": timezone.now(),
        },
    )
    if new:
        logger.info("SSH certificate authority %d was made", number)
    return made


def _given(private_key: str) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_private_key(private_key)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise PortalError("remote:bad-key", detail=str(error)[:200]) from None


def serial() -> int:
    """Of one certificate: sshd logs it, and the portal's records name it."""
    return secrets.randbits(63)


def sign(
    authority: CertificateAuthority,
    public_key: asyncssh.SSHKey,
    *,
    principals: Sequence[str],
    key_id: str,
    seconds: float,
    number: int,
    source_addresses: Sequence[str] = (),
) -> asyncssh.SSHCertificate:
    """A user certificate, valid from a minute ago (clocks differ) for `seconds` from now.

    `key_id` is what sshd writes to the machine's log; `source_addresses` are CIDR blocks, empty for any.
    """
    now = timezone.now().timestamp()
    signer = asyncssh.import_private_key(unseal(authority.sealed_private_key))
    return signer.generate_user_certificate(
        public_key,
        key_id,
        serial=number,
        principals=list(principals),
        valid_after=int(now - 60),
        valid_before=int(now + seconds),
        source_address=list(source_addresses) or None,
        permit_x11_forwarding=False,
        permit_agent_forwarding=False,
    )
