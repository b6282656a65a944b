"""With what the portal signs in to a machine: a fresh key with a certificate, or the person's own."""

import asyncssh
from asgiref.sync import sync_to_async
from django.conf import settings

from instances.remote import authority, limits
from instances.remote.link import Secret
from instances.remote.ways import Hop
from portal.core.errors import PortalError


async def client_keys(
    hop: Hop, person: str, secret: Secret | None, *, direct: bool
) -> list[asyncssh.SSHKeyPair]:
    """Empty where the machine takes no certificate and the person gave no key. `direct`: not through a jump host."""
    if secret is not None and secret.private_key:
        return [_own_key(secret)]
    if secret is not None or not hop.certificate:
        return []
    return await sync_to_async(_certified, thread_sensitive=False)(hop, person, direct)


def _own_key(secret: Secret) -> asyncssh.SSHKeyPair:
    try:
        key = asyncssh.import_private_key(secret.private_key, secret.passphrase or None)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise PortalError("remote:bad-key", outcome="auth", detail=str(error)[:200]) from None
    return asyncssh.load_keypairs([key])[0]


def _certified(hop: Hop, person: str, direct: bool) -> list[asyncssh.SSHKeyPair]:
    """A fresh key with a certificate of each authority that the machine knows, the newest first."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    # Behind a jump host the machine sees that host's address, which the portal's own does not tell.
    sources = settings.REMOTE_SOURCE_ADDRESSES if direct else ()
    certificates = [
        authority.sign(
            one,
            key,
            principals=[authority.principal(hop.instance_id, hop.login)],
            key_id=f"heliosphere:{person}",
            seconds=limits.CERTIFICATE_SECONDS,
            number=authority.serial(),
            source_addresses=sources,
        )
        for one in authority.known_to(hop.authorities)
    ]
    return list(asyncssh.load_keypairs([(key, certificate) for certificate in certificates]))
