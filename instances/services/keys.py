"""SSH keys of people: checked, made, and read again. Private keys are never kept."""

import base64
import binascii
import re
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone
from redis.exceptions import RedisError

from allocations.models import Allocation
from instances.queue import enqueue
from portal.accounts.models import User
from portal.cloud.types import Keypair
from portal.core.errors import PortalError
from portal.core.redis_client import client

_TYPES = frozenset(
    {
        "ssh-ed25519",
        "ssh-rsa",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
    }
)
# Nova before 2.92 takes no more than these.
_NAME = re.compile(r"[A-Za-z0-9 _-]{1,255}")
_SECONDS = 60


@dataclass(frozen=True, slots=True)
class NewKey:
    """Shown once: the portal keeps neither half, and the cloud only the public one."""

    name: str
    public_key: str
    private_key: str = field(repr=False)


def generate_key(*, by: User) -> NewKey:
    """A new Ed25519 key. It reaches the cloud with the launch that names it."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    name = f"heliosphere-{timezone.now():%Y%m%d-%H%M%S}"
    person = re.sub(r"[^A-Za-z0-9._-]", "", by.username)[:32] or "user"
    return NewKey(name, f"{public.decode()} {person}@{name}", private.decode())


def public_key_complaint(text: str) -> str:
    """What is wrong with a pasted public key; empty when it is one."""
    if "PRIVATE KEY" in text:
        return "This is a private key. It must never leave your computer: paste the .pub file instead."
    parts = text.split()
    if len(text.strip().splitlines()) != 1 or len(parts) < 2 or parts[0] not in _TYPES:
        return "Paste one line that begins with the type of the key, such as ssh-ed25519 or ssh-rsa."
    if not all(part.isprintable() for part in parts):
        return "The key has characters that no key has. Copy the whole line again."
    try:
        blob = base64.b64decode(parts[1], validate=True)
    except (binascii.Error, ValueError):
        return "The key is damaged: its second part is not base64. Copy the whole line again."
    size = int.from_bytes(blob[:4], "big")
    if blob[4 : 4 + size] != parts[0].encode() or len(blob) <= 4 + size:
        return "The key is damaged or cut short. Copy the whole line again."
    return ""


def key_problem(name: str, public_key: str, known: dict[str, Keypair]) -> PortalError | None:
    """What stops a launch with this key: nothing chosen is fine."""
    if public_key:
        complaint = public_key_complaint(public_key)
        if not complaint and not _NAME.fullmatch(name):
            complaint = "Give the key a name of letters, digits, blanks, hyphens and underscores only."
        return PortalError("portal:bad-input", reason=complaint) if complaint else None
    if name and name not in known:
        return PortalError("instances:key-gone", key=name)
    return None


def refresh_keys(*, allocation: Allocation, by: User) -> None:
    """Have the person's keys read by a worker, at most once a minute."""
    try:
        first = client().set(f"keys:{allocation.pk}:{by.pk}", "1", nx=True, ex=_SECONDS)
    except RedisError:
        # Without Redis there is no way to tell a worker either.
        return
    if first:
        enqueue("read_keys", allocation.pk, by.pk)
