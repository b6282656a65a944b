"""Reads the user-data of a server as cloud-init would: what it makes of users, files and scripts."""

import base64
import binascii
import json
import re
import zlib
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from typing import Any

import yaml

MAX_BYTES = 1 << 20  # nova takes 64 KiB; unpacked, a megabyte is more than any of ours needs
AGENT_FILE = "/etc/heliosphere/agent.json"
CA_FILE = "/etc/ssh/heliosphere_ca.pub"
PRINCIPALS_DIR = "/etc/ssh/heliosphere_principals/"
SETUP_FILE = "/opt/heliosphere/guest.sh"
JUMP_FILE = "/opt/heliosphere/jump.sh"
SCRIPT_FILE = "/opt/heliosphere/boot-script"
DESKTOP_FILE = "/opt/heliosphere/heliosphere-desktop.service"
_EXIT = re.compile(rb"(?:^|[\n;&|])\s*(?:exit\s+(\d{1,3})|(false))\s*$")
_PRINCIPAL = re.compile(r"[A-Za-z0-9._:@-]{1,128}")
_UNIT_USER = re.compile(rb"^User=([a-z_][a-z0-9_-]{0,31})$", re.MULTILINE)
_OCTAL = re.compile(r"(?:0o)?[0-7]{3,5}")
_NAME = re.compile(r"[a-z_][a-z0-9_.-]{0,31}")
_CONSTRUCTOR_ERRORS = (yaml.YAMLError, RecursionError, ValueError)


@dataclass(frozen=True)
class AgentConfig:
    url: str
    instance: str
    key: str = field(repr=False)
    interval: float = 5.0


@dataclass(frozen=True)
class UserData:
    files: dict[str, bytes] = field(default_factory=dict)
    user_keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    scripts: tuple[str, ...] = ()
    hostname: str | None = None
    modes: dict[str, int] = field(default_factory=dict)
    shells: dict[str, str] = field(default_factory=dict)

    @property
    def agent(self) -> AgentConfig | None:
        try:
            raw = json.loads(self.files[AGENT_FILE])
            return AgentConfig(
                url=str(raw["url"]),
                instance=str(raw["instance"]),
                key=str(raw["key"]),
                interval=max(0.2, float(raw.get("interval", 5))),
            )
        except (KeyError, TypeError, ValueError):
            return None

    @property
    def ca_keys(self) -> tuple[str, ...]:
        return tuple(_lines(self.files.get(CA_FILE, b"")))

    @property
    def heliosphere(self) -> bool:
        """Set up by our portal's own script, which repeats keys and status at every boot."""
        return SETUP_FILE in self.files

    @property
    def desktop(self) -> bool:
        """Whether the guest's screen can be reached: on a machine of ours only if that was asked for."""
        return DESKTOP_FILE in self.files or not self.heliosphere

    @property
    def desktop_user(self) -> str:
        """Whose desktop it is: nobody else may enter its socket."""
        match = _UNIT_USER.search(self.files.get(DESKTOP_FILE, b""))
        return match[1].decode() if match else "exouser"

    @property
    def script_exit(self) -> int | None:
        """How the person's boot script ends, by its last command; None without a script."""
        if SCRIPT_FILE not in self.files:
            return None
        match = _EXIT.search(self.files[SCRIPT_FILE])
        return 0 if match is None else 1 if match[2] else int(match[1]) & 0xFF

    @property
    def principals(self) -> dict[str, tuple[str, ...]]:
        """User name -> principals that a certificate may carry to sign in as that user."""
        return {
            path.removeprefix(PRINCIPALS_DIR): tuple(p for p in _lines(content) if _PRINCIPAL.fullmatch(p))
            for path, content in self.files.items()
            if path.startswith(PRINCIPALS_DIR)
        }


def parse(user_data: bytes | None) -> UserData:
    """Never raises: cloud-init boots on with what it could read."""
    files: dict[str, bytes] = {}
    keys: dict[str, tuple[str, ...]] = {}
    scripts: list[str] = []
    modes: dict[str, int] = {}
    shells: dict[str, str] = {}
    hostname = None
    for kind, body in _parts(_unpack(user_data or b"")):
        if kind == "cloud-config":
            config = _config(body)
            files.update(_files(config))
            modes.update(_modes(config))
            keys.update(_user_keys(config))
            shells.update(_shells(config))
            hostname = _text(config.get("hostname")) or hostname
        elif kind in {"x-shellscript", "cloud-boothook"}:
            scripts.append(body.decode("utf-8", "replace"))
    return UserData(files, keys, tuple(scripts), hostname, modes, shells)


def _lines(content: bytes) -> list[str]:
    text = content.decode("utf-8", "replace")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _unpack(data: bytes) -> bytes:
    if not data.startswith(b"\x1f\x8b"):
        return data[:MAX_BYTES]
    try:
        return zlib.decompressobj(wbits=31).decompress(data, MAX_BYTES)
    except zlib.error:
        return b""


def _parts(data: bytes) -> list[tuple[str, bytes]]:
    head = data.lstrip()[:4096]
    if head.startswith(b"#cloud-config"):
        return [("cloud-config", data)]
    if head.startswith(b"#cloud-boothook"):
        return [("cloud-boothook", data)]
    if head.startswith(b"#!"):
        return [("x-shellscript", data)]
    message = message_from_bytes(data)
    if not message.is_multipart():
        return []
    return [
        (part.get_content_subtype(), _payload(part)) for part in message.walk() if not part.is_multipart()
    ]


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return _unpack(payload) if isinstance(payload, bytes) else b""


def _config(body: bytes) -> dict[str, Any]:
    try:
        config = yaml.safe_load(body)
    except _CONSTRUCTOR_ERRORS:
        return {}
    return config if isinstance(config, dict) else {}


def _files(config: dict[str, Any]) -> dict[str, bytes]:
    entries = config.get("write_files")
    if not isinstance(entries, list):
        return {}
    return {
        _text(entry["path"]): _content(entry.get("content"), _text(entry.get("encoding")))
        for entry in entries
        if isinstance(entry, dict) and _text(entry.get("path"))
    }


def _modes(config: dict[str, Any]) -> dict[str, int]:
    entries = config.get("write_files")
    if not isinstance(entries, list):
        return {}
    return {
        _text(entry.get("path")): int(_text(entry["permissions"]), 8) & 0o7777
        for entry in entries
        if isinstance(entry, dict) and _OCTAL.fullmatch(_text(entry.get("permissions")))
    }


def _text(value: object) -> str:
    """Only texts: writing out a nested value could be what its author hopes for (an alias bomb)."""
    return value if isinstance(value, str) else ""


def _content(content: object, encoding: str) -> bytes:
    data = content if isinstance(content, bytes) else _text(content).encode()
    encoding = encoding.lower().replace("base64", "b64").replace("gzip", "gz")
    try:
        if encoding.endswith("b64"):
            data = base64.b64decode(data)
        if encoding.startswith("gz"):
            data = zlib.decompressobj(wbits=31).decompress(data, MAX_BYTES)
    except (binascii.Error, ValueError, zlib.error):
        return b""
    return data


def _user_keys(config: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """The keys of `users:` entries; the default user's own come from the keypair."""
    users = config.get("users")
    found: dict[str, tuple[str, ...]] = {}
    for entry in users if isinstance(users, list) else []:
        if isinstance(entry, dict) and _NAME.fullmatch(_text(entry.get("name"))):
            keys = entry.get("ssh_authorized_keys") or entry.get("ssh-authorized-keys") or []
            found[entry["name"]] = tuple(_text(key) for key in keys) if isinstance(keys, list) else ()
    return found


def _shells(config: dict[str, Any]) -> dict[str, str]:
    """The login shells that `users:` entries name."""
    users = config.get("users")
    return {
        _text(entry.get("name")): _text(entry["shell"])
        for entry in (users if isinstance(users, list) else [])
        if isinstance(entry, dict)
        and _text(entry.get("shell")).startswith("/")
        and "\n" not in entry["shell"]
    }
