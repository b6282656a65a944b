"""Reads a guest's sshd_config as sshd would, for one user: what comes first holds, `Match` blocks included."""

import posixpath
import shlex
from dataclasses import dataclass
from fnmatch import fnmatchcase

from portal.democloud.guest_files import Files
from portal.democloud.guest_node import ROOT
from portal.democloud.guest_users import Account

MAIN = "/etc/ssh/sshd_config"
DEEPEST = 4
Line = tuple[str, str]


@dataclass(frozen=True)
class Rules:
    """What sshd lets one user do."""

    allowed: bool = True
    keys: bool = True
    password: bool = False
    key_files: tuple[str, ...] = (".ssh/authorized_keys",)
    ca_file: str = ""
    principals_file: str = ""
    forced: str = ""
    opens: tuple[str, ...] = ("any",)
    forwarding: bool = True
    sockets: bool = True
    tty: bool = True
    sessions: bool = True

    def lets_open(self, host: str, port: int) -> bool:
        """PermitOpen: `host:port`, either may be `*`."""
        if not self.forwarding:
            return False
        for pattern in self.opens:
            wanted_host, _, wanted_port = pattern.rpartition(":")
            if pattern == "any":
                return True
            if wanted_host.strip("[]") in {"*", host} and wanted_port in {"*", str(port)}:
                return True
        return False


def read(files: Files, path: str = MAIN, depth: int = 0) -> list[Line]:
    """All lines as (keyword, value), with what is included in its place; a `Match` ends with its file."""
    found: list[Line] = []
    for raw in files.text(path).splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        keyword, _, value = line.replace("=", " ", 1).replace("\t", " ").partition(" ")
        if keyword.lower() == "include" and depth < DEEPEST:
            for name in _matching(files, value.strip()):
                found += [*read(files, name, depth + 1), ("match", "all")]
        else:
            found.append((keyword.lower(), value.strip()))
    return found


def _matching(files: Files, pattern: str) -> list[str]:
    folder, name = posixpath.split(pattern.strip('"'))
    try:
        names = sorted(files.listing(folder, ROOT))
    except OSError:
        return []
    return [posixpath.join(folder, one) for one in names if fnmatchcase(one, name)]


def effective(lines: list[Line], account: Account) -> dict[str, str]:
    """What holds for one user, as `sshd -T -C user=...` would print it."""
    values: dict[str, str] = {}
    applies = True
    for keyword, value in lines:
        if keyword == "match":
            applies = _matches(value, account)
        elif applies:
            values.setdefault(keyword, value)
    return values


def rules(lines: list[Line], account: Account) -> Rules:
    values = effective(lines, account)

    def yes(keyword: str, default: str = "yes") -> bool:
        return values.get(keyword, default).lower() not in {"no", "none"}

    root_in = account.uid != 0 or values.get("permitrootlogin", "prohibit-password").lower() != "no"
    forwarding = yes("allowtcpforwarding") and not yes("disableforwarding", "no")
    return Rules(
        allowed=root_in and _listed(values, account),
        keys=yes("pubkeyauthentication"),
        password=yes("passwordauthentication", "no") and account.uid != 0,
        key_files=tuple(
            one for one in values.get("authorizedkeysfile", ".ssh/authorized_keys").split() if one != "none"
        ),
        ca_file=_path(values.get("trustedusercakeys", ""), account),
        principals_file=_path(values.get("authorizedprincipalsfile", ""), account),
        forced="" if values.get("forcecommand", "none") == "none" else values["forcecommand"],
        opens=tuple(values.get("permitopen", "any").split()),
        forwarding=forwarding and values.get("allowtcpforwarding", "yes").lower() != "remote",
        sockets=yes("allowstreamlocalforwarding") and not yes("disableforwarding", "no"),
        tty=yes("permittty"),
        sessions=values.get("maxsessions", "10") != "0",
    )


def _path(value: str, account: Account) -> str:
    if value in {"", "none"}:
        return ""
    return value.strip('"').replace("%u", account.name).replace("%h", account.home).replace("%%", "%")


def _listed(values: dict[str, str], account: Account) -> bool:
    denied, allowed = values.get("denyusers", "").split(), values.get("allowusers", "").split()
    if any(fnmatchcase(account.name, pattern) for pattern in denied):
        return False
    return not allowed or any(fnmatchcase(account.name, pattern) for pattern in allowed)


def _matches(condition: str, account: Account) -> bool:
    words = shlex.split(condition)
    if [word.lower() for word in words] == ["all"]:
        return True
    for kind, patterns in zip(words[::2], words[1::2], strict=False):
        names = {"user": (account.name,), "group": account.groups}.get(kind.lower(), ())
        wanted = patterns.split(",")
        refused = any(fnmatchcase(n, one[1:]) for one in wanted if one.startswith("!") for n in names)
        if refused or not any(fnmatchcase(name, one) for one in wanted for name in names):
            return False
    return True
