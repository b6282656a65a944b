"""What the cloud tells about a guest when it boots."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from functools import cached_property

import asyncssh
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True)
class GuestSpec:
    """One server as its hypervisor sees it.

    `disk_serial` changes with each rebuild: a new root disk means new host keys. `metadata` may carry
    `democloud:setup` = `error` or `stuck`, for a set-up that fails or never ends. `passphrase` is that of
    `exouser`, where Exosphere has stored one: such a guest takes passwords.
    """

    server_id: str
    name: str
    hostname: str
    project_id: str
    user_data: bytes | None = field(repr=False)
    metadata: dict[str, str]
    key: str | None
    vcpus: int
    ram_mb: int
    disk_gb: int
    gpus: tuple[str, ...]
    image_name: str
    boot_seconds: float
    setup_seconds: float = 60.0
    fixed_address: str = ""
    disk_serial: str = ""
    passphrase: str = field(default="", repr=False)

    @property
    def distro(self) -> str:
        lowered = self.image_name.lower()
        return next((d for d in ("ubuntu", "rocky", "debian", "almalinux") if d in lowered), "ubuntu")

    @property
    def default_user(self) -> str:
        return self.distro

    @property
    def has_tmux(self) -> bool:
        """Not on the smallest systems: there the portal keeps a shell itself."""
        return self.distro != "debian"

    @property
    def from_exosphere(self) -> bool:
        """Made by Exosphere or in its way: the guest speaks its console protocol."""
        return "exoServerVersion" in self.metadata


@dataclass(frozen=True)
class HostKeys:
    """A guest's SSH host keys, derived from the cloud's secret so that a restarted demo knows them again."""

    secret: bytes = field(repr=False)
    server_id: str
    disk_serial: str = ""

    def _seed(self, kind: str) -> bytes:
        text = f"{kind}\0{self.server_id}\0{self.disk_serial}".encode()
        return hmac.new(self.secret, text, hashlib.sha256).digest()

    @cached_property
    def private(self) -> list[asyncssh.SSHKey]:
        ecdsa_number = int.from_bytes(self._seed("ecdsa"), "big") % (P256_ORDER - 1) + 1
        keys = (
            ec.derive_private_key(ecdsa_number, ec.SECP256R1()),
            ed25519.Ed25519PrivateKey.from_private_bytes(self._seed("ed25519")),
        )
        pem = (key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()) for key in keys)
        return [asyncssh.import_private_key(text) for text in pem]

    def public_lines(self, hostname: str) -> list[str]:
        return [f"{key.export_public_key().decode().strip()} root@{hostname}" for key in self.private]

    def fingerprint_lines(self, hostname: str) -> list[str]:
        return [
            f"256 {key.get_fingerprint()} root@{hostname} ({key.get_algorithm().split('-')[0].upper()})"
            if key.get_algorithm().startswith("ecdsa")
            else f"256 {key.get_fingerprint()} root@{hostname} (ED25519)"
            for key in self.private
        ]


def key_fingerprint(public_key: str) -> str:
    """SHA-256 in hex pairs, as cloud-init's `ci-info` table prints an authorized key; "" if unreadable."""
    fields = public_key.split()
    try:
        blob = base64.b64decode(fields[1], validate=True)
    except (IndexError, ValueError):
        return ""
    digest = hashlib.sha256(blob).hexdigest()
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))
