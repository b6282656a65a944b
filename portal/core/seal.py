"""Sealing of secrets at rest. The only place that encrypts; keys rotate by adding a new first one."""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from portal.core.errors import PortalError


def _key(secret: str) -> Fernet:
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"heliosphere seal v1").derive(
        secret.encode()
    )
    return Fernet(base64.urlsafe_b64encode(derived))


@lru_cache(maxsize=4)
def _ring(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([_key(key) for key in keys])


def ring() -> MultiFernet:
    return _ring(tuple(settings.SEAL_KEYS))


def seal(plain: str) -> str:
    return ring().encrypt(plain.encode()).decode()


def unseal(sealed: str) -> str:
    """The plain text; PortalError `portal:seal` when no key of the ring opens it."""
    try:
        return ring().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise PortalError("portal:seal", outcome="auth") from None


def reseal(sealed: str) -> str:
    """The same secret under the newest key."""
    try:
        return ring().rotate(sealed.encode()).decode()
    except InvalidToken:
        raise PortalError("portal:seal", outcome="auth") from None


def derive(purpose: str, name: str) -> str:
    """A secret of its own for `name`, the same in every process, without storing it. 43 URL-safe characters."""
    derived = HKDF(
        algorithm=hashes.SHA256(), length=32, salt=None, info=f"heliosphere {purpose} {name}".encode()
    ).derive(settings.SEAL_KEYS[-1].encode())
    return base64.urlsafe_b64encode(derived).decode().rstrip("=")


def new_key() -> str:
    """A key of its own for what is long, such as a file. To be stored sealed."""
    return Fernet.generate_key().decode()


def enclose(key: str, plain: bytes) -> bytes:
    """Sealed with a key of its own (`new_key`), in one line of text."""
    return Fernet(key).encrypt(plain)


def disclose(key: str, enclosed: bytes) -> bytes | None:
    """What was enclosed; None for what is damaged, cut off, or not of this key."""
    try:
        return Fernet(key).decrypt(enclosed)
    except InvalidToken:
        return None
