"""Builds the cloud-init user-data of a machine: pure, from what is given and the files of `instances.guest`.

One `#cloud-config` for the Debian, Ubuntu and Rocky families; downloads only the distribution's packages.
"""

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from instances import userdata_seat
from instances.principals import JUMP_LOGIN, principal
from instances.userdata_seat import SeatFiles
from portal.core.version import PORTAL_VERSION

# A class is a hundred of these at once: the one in C takes a tenth of the time.
_DUMPER = yaml.CSafeDumper if yaml.__with_libyaml__ else yaml.SafeDumper
# Nova takes 65,535 characters of base64. Ours are under 16 KiB, a person's script may be this long.
MAX_BYTES = 49_149
MAX_BOOT_SCRIPT_BYTES = 24 * 1024
AGENT_INTERVAL_SECONDS = 5
UNITS = ("heliosphere-agent.service", "heliosphere-boot.service", "heliosphere-setup.service")
DESKTOP_UNIT = "heliosphere-desktop.service"
_FOLDER = Path(__file__).parent / "guest"
# Packed into user-data: what makes up a version.
GUEST_FILES = (
    "agent.py",
    "guest.sh",
    "jump.sh",
    *UNITS,
    DESKTOP_UNIT,
    userdata_seat.SCRIPT,
    userdata_seat.UNIT,
)
_OURS = "/opt/heliosphere"
_UNITS = "/etc/systemd/system"
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_INSTANCE = re.compile(r"[0-9a-f-]{1,64}")
_PUBLIC_KEY = re.compile(r"(?:ssh-|ecdsa-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}(?: [^\x00-\x1f\x7f]*)?")
_SSHD = """\
TrustedUserCAKeys /etc/ssh/heliosphere_ca.pub
AuthorizedPrincipalsFile /etc/ssh/heliosphere_principals/%u
# Many shells, ports and files on one connection; and one that has died ends.
AllowTcpForwarding yes
AllowStreamLocalForwarding yes
MaxSessions 64
ClientAliveInterval 30
ClientAliveCountMax 4
"""
# Before any file of ours is there, so in one line; `cloud-init-per instance` keeps it to the first boot. What it leaves
# behind starts our units once the files and the person are there, long before the end of cloud-init.
_FIRST = (
    """line="{\\"status\\":\\"starting\\", \\"epoch\\": $(date +%s)000}"; """
    """names=$(tr ' ' '\\n' < /sys/class/tty/console/active | grep -v '^tty[0-9]*$'); """
    """for name in ${names:-console}; do echo "$line" > /dev/$name; done; echo "$line" > /dev/kmsg; """
    """systemd-run --no-block --unit=heliosphere-start """
    """--property='After=cloud-init.service cloud-init-network.service' """
    """/bin/sh /opt/heliosphere/guest.sh start || true"""
)
# Only where that was not to be had.
_LAST = "systemctl -q is-active heliosphere-agent.service || /bin/sh /opt/heliosphere/guest.sh start"


class BadUserData(ValueError):
    """Something given cannot be put into user-data; the text says what, for the person who gave it."""


def build(
    *,
    instance_id: str,
    username: str,
    ssh_keys: list[str],
    desktop: bool,
    boot_script: str,
    push_url: str,
    metrics_key: str,
    ca_public_keys: Sequence[str],
    jump: bool = False,
    seat: SeatFiles | None = None,
) -> bytes:
    """The user-data, not yet base64. BadUserData when a name, a key or the script cannot be used.

    Empty `push_url`: the machine reports through its console only. `ca_public_keys`: of the authorities whose
    certificates it takes, where they name this machine and this login; none: it takes none. `jump`: others are
    reached through it, by a login of its own. `seat`: of a workshop, with an account for whoever sits there.
    """
    if not _USER.fullmatch(username):
        raise BadUserData(f"{username!r} is not a user name that Linux takes.")
    if not _INSTANCE.fullmatch(instance_id):
        raise BadUserData(f"{instance_id!r} is not the id of a machine.")
    agent = {
        "url": push_url,
        "instance": instance_id,
        "key": metrics_key,
        "interval": AGENT_INTERVAL_SECONDS,
        "version": version(),
    }
    script = _filled("guest.sh", user=username, instance=instance_id, version=version())
    files = [
        _file("/etc/heliosphere/agent.json", json.dumps(agent), "0600"),
        _packed(f"{_OURS}/agent.py", _guest_file("agent.py"), "0755"),
        _packed(f"{_OURS}/guest.sh", script, "0755"),
        *(_file(f"{_UNITS}/{unit}", _guest_file(unit)) for unit in UNITS),
        *_certificate_files(instance_id, username, ca_public_keys),
        *_desktop_files(username, seat, wanted=desktop),
        *([_packed(f"{_OURS}/jump.sh", jump_script(instance_id), "0755")] if jump else []),
        *(_seat_files(seat, instance_id) if seat else []),
        *_boot_script_files(boot_script),
    ]
    config = {
        "users": ["default", _user(username, [clean_key(key) for key in ssh_keys]), *_learners(seat)],
        "ssh_pwauth": False,
        "bootcmd": [["cloud-init-per", "instance", "heliosphere-starting", "sh", "-c", _FIRST]],
        "write_files": files,
        "runcmd": [["sh", "-c", _LAST]],
    }
    text = yaml.dump(config, Dumper=_DUMPER, sort_keys=False, allow_unicode=False, width=100_000)
    data = f"#cloud-config\n# Made by Heliosphere {version()} for instance {instance_id}\n{text}".encode()
    if len(data) > MAX_BYTES:
        over = len(data) - MAX_BYTES
        raise BadUserData(
            f"The boot script and the SSH keys together are {over:,} bytes too long for the cloud."
        )
    return data


def jump_script(instance_id: str) -> str:
    """What makes a machine a jump host, and an ordinary one again: run as root, with `install` or `remove`."""
    if not _INSTANCE.fullmatch(instance_id):
        raise BadUserData(f"{instance_id!r} is not the id of a machine.")
    return _filled("jump.sh", principal=principal(instance_id, JUMP_LOGIN))


def clean_key(key: str) -> str:
    """One public key on one line, as `authorized_keys` takes it, without options. Otherwise BadUserData."""
    line = key.strip()
    if not _PUBLIC_KEY.fullmatch(line):
        raise BadUserData(
            "An SSH public key is one line: its type, a block of letters and digits, and a comment."
        )
    return line


@cache
def version() -> str:
    """The portal's version, and a digest of what guests get: two set-ups of one version are the same set-up."""
    texts = [_SSHD, _FIRST, _LAST, *map(_guest_file, GUEST_FILES)]
    digest = hashlib.sha256("\0".join(texts).encode())
    return f"{PORTAL_VERSION}+{digest.hexdigest()[:8]}"


@cache
def _guest_file(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _filled(name: str, **values: str) -> str:
    text = _guest_file(name)
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text


def _user(name: str, keys: list[str]) -> dict[str, Any]:
    user: dict[str, Any] = {
        "name": name,
        "gecos": "Heliosphere user",
        "shell": "/bin/bash",
        "lock_passwd": True,
        "sudo": "ALL=(ALL) NOPASSWD:ALL",
    }
    return {**user, "ssh_authorized_keys": keys} if keys else user


def _learners(seat: SeatFiles | None) -> Iterator[dict[str, Any]]:
    """No key, no password: the portal's certificates alone. An administrator only where the workshop says so."""
    if seat is not None:
        yield {
            "name": seat.spec.login,
            "gecos": "Workshop",
            "shell": "/bin/bash",
            "lock_passwd": True,
            **({"sudo": "ALL=(ALL) NOPASSWD:ALL"} if seat.spec.sudo else {}),
        }


def _seat_files(seat: SeatFiles, instance_id: str) -> list[dict[str, str]]:
    unit, script = userdata_seat.UNIT, userdata_seat.SCRIPT
    return [
        _packed(f"{_OURS}/{script}", _guest_file(script), "0755"),
        _file(f"{_UNITS}/{unit}", _guest_file(unit)),
        _file(userdata_seat.CONFIG, userdata_seat.config(seat, instance_id), "0600"),
        *(_file(path, key, "0600") for path, key in userdata_seat.key_files(seat)),
    ]


def _file(path: str, content: str, mode: str = "0644") -> dict[str, str]:
    return {"path": path, "permissions": mode, "owner": "root:root", "content": content}


def _packed(path: str, content: str, mode: str) -> dict[str, str]:
    """Compressed, with no time in it: the same file gives the same user-data."""
    packed = base64.b64encode(gzip.compress(content.encode(), mtime=0)).decode()
    return {**_file(path, packed, mode), "encoding": "gz+b64"}


def _certificate_files(instance_id: str, username: str, keys: Sequence[str]) -> list[dict[str, str]]:
    if not keys:
        return []
    return [
        _file("/etc/ssh/heliosphere_ca.pub", "".join(clean_key(key) + "\n" for key in keys)),
        _file(f"/etc/ssh/heliosphere_principals/{username}", principal(instance_id, username) + "\n"),
        _file("/etc/ssh/sshd_config.d/10-heliosphere.conf", _SSHD, "0600"),
    ]


def _desktop_files(username: str, seat: SeatFiles | None, *, wanted: bool) -> list[dict[str, str]]:
    """On a seat it is the learner's, whose group those who help are in: they may enter, too."""
    text = _filled(DESKTOP_UNIT, user=seat.spec.login if seat else username)
    if seat:
        for own, shared in (
            ("RuntimeDirectoryMode=0700", "RuntimeDirectoryMode=0750"),
            ("-rfbunixmode 0600", "-rfbunixmode 0660"),
        ):
            text = text.replace(own, shared)
    return [_file(f"{_OURS}/{DESKTOP_UNIT}", text)] if wanted else []


def _boot_script_files(script: str) -> list[dict[str, str]]:
    text = script.replace("\r\n", "\n").strip()
    if not text:
        return []
    if len(text.encode()) > MAX_BOOT_SCRIPT_BYTES:
        raise BadUserData(f"The boot script is longer than {MAX_BOOT_SCRIPT_BYTES // 1024} KiB.")
    if text.startswith("#cloud-config"):
        raise BadUserData("The boot script is cloud-config; a script starts with #!, or is shell commands.")
    if not text.startswith("#!"):
        text = f"#!/bin/bash\n{text}"
    return [_packed(f"{_OURS}/boot-script", text + "\n", "0700")]
