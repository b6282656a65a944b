"""The script that lets our certificates into a machine made elsewhere, and its exact reverse. Pure."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from instances.principals import principal

_FILE = Path(__file__).with_name("trust.sh")
_LOGIN = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_INSTANCE = re.compile(r"[0-9a-f-]{1,64}")
_KEY = re.compile(r"(?:ssh-|ecdsa-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}(?: [A-Za-z0-9@._-]+)?")
_PATH = re.compile(r"/[A-Za-z0-9/._-]+")
_TITLES = {
    "install": "Lets short-lived certificates of the portal Heliosphere into this machine",
    "remove": "Takes back that certificates of the portal Heliosphere open this machine",
}
# By the exit status of the script: ids of problems.
REFUSALS = {
    2: "remote:trust-needs-root",
    3: "remote:trust-other",
    4: "remote:trust-refused",
    5: "remote:trust-no-login",
    6: "remote:trust-no-sshd",
}
Action = Literal["install", "remove"]


def script(
    action: Action,
    *,
    instance_id: str,
    login: str,
    authorities: Sequence[str] = (),
    etc: str = "/etc/ssh",
    pid_file: str = "/run/sshd.pid",
) -> str:
    """POSIX sh, to be run as root. ValueError when something given could mean anything else to a shell."""
    given = [(_LOGIN, login), (_INSTANCE, instance_id), (_PATH, etc), (_PATH, pid_file)]
    for pattern, text in [*given, *((_KEY, key) for key in authorities)]:
        if not pattern.fullmatch(text):
            raise ValueError(f"{text!r} cannot stand in the script")
    if action == "install" and not authorities:
        raise ValueError("no authority to trust")
    values = {
        "title": _TITLES[action],
        "action": action,
        "login": login,
        "principal": principal(instance_id, login),
        "authorities": "\n".join(authorities),
        "etc": etc,
        "pid_file": pid_file,
    }
    return re.sub(r"@([a-z_]+)@", lambda found: values[str(found[1])], _text())


def pasted(text: str) -> str:
    """The same as one block for a terminal: whoever pastes it sees all of it."""
    return f"sudo sh -s << 'END_OF_HELIOSPHERE'\n{text}END_OF_HELIOSPHERE\n"


@cache
def _text() -> str:
    return _FILE.read_text(encoding="utf-8")
