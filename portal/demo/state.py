"""What the demo keeps in its state folder: ports, secrets, and the lock against a second demo on the same folder."""

import contextlib
import fcntl
import json
import os
import secrets
import socket
from collections.abc import Collection
from pathlib import Path
from typing import Any

# Keys of the demo's ACCESS, by the variables that portal.yaml names.
ACCESS_KEYS = (
    "ACCESS_USERMANAGEMENT_KEY",
    "ACCESS_USERINFO_KEY",
    "ACCESS_SPACCT_KEY",
    "ACCESS_PROFILES_KEY",
)


def write_private(path: Path, data: Any) -> None:
    """Atomically, readable by the owner alone."""
    draft = path.with_suffix(path.suffix + ".new")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(data, file, indent=2)
    draft.replace(path)


def read(path: Path) -> dict[str, Any]:
    with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
        found = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return found
    return {}


def kept_secrets(folder: Path) -> dict[str, str]:
    """Random secrets, made at the first start and kept: sealed credentials must open after a restart."""
    path = folder / "secrets.json"
    kept = read(path)
    wanted = {
        name: kept.get(name) or secrets.token_urlsafe(48)
        for name in ("secret_key", "seal_key", "redis", "oidc_client", *ACCESS_KEYS)
    }
    if wanted != kept:
        write_private(path, wanted)
    return wanted


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def ssh_port() -> int:
    """The port on which the demo's machines answer: 22 where this user may bind it, as the demo cloud decides too."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.1.255.254", 22))
        except OSError:
            return 2222
    return 22


def kept_ports(folder: Path, names: list[str]) -> dict[str, int]:
    """Ports on loopback, the same at each start while nobody else took them: the demo cloud's machines know theirs."""
    path = folder / "ports.json"
    kept = read(path)
    ports: dict[str, int] = {}
    for name in names:
        port = kept.get(name)
        if not isinstance(port, int) or not is_free(port) or port in ports.values():
            port = free_port(set(ports.values()))
        ports[name] = port
    write_private(path, ports)
    return ports


def free_port(taken: Collection[int] = ()) -> int:
    """A port of loopback that nobody listens on now, and none of `taken`."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port not in taken:
            return port


def lock(folder: Path) -> Any:
    """Held until the process ends; None when another demo holds it."""
    file = (folder / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file
