"""Files with which `ssh` finds machines by name and knows their host keys from the start. Pure.

Names, image names and key names are hostile: a line of ours never gets a second one.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

_HOST_KEY = re.compile(r"(?:ssh|ecdsa|sk)-[A-Za-z0-9@.-]{1,60} [A-Za-z0-9+/]{20,4000}={0,2}")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_LONGEST_ALIAS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class SshJump:
    """The machine through which others of its network are reached, by a login that may do nothing else."""

    id: str
    address: str
    user: str
    port: int = 22
    host_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SshMachine:
    """`address` empty: `without` says why it cannot be reached. `user` empty: nobody can tell. `certificate`: the
    portal's open it."""

    id: str
    name: str
    address: str
    without: str = ""
    user: str = ""
    port: int = 22
    key_name: str = ""
    host_keys: tuple[str, ...] = ()
    jump: SshJump | None = None
    certificate: bool = False


def config(machines: Sequence[SshMachine], *, group: str, about: str, stem: str) -> str:
    """`group` is the slug of the allocation: a machine is called `name`, and `name.group` where names are many."""
    lines = [
        f"# {comment(about)}",
        f"# Save it as ~/.ssh/{stem}.config, and {stem}.known_hosts beside it.",
        f"# Then write at the beginning of ~/.ssh/config: Include {stem}.config",
    ]
    for jump in _jumps(machines):
        lines += ["", *_jump_block(jump, f"{stem}.known_hosts")]
    for machine, alias in zip(machines, aliases(machines), strict=True):
        lines += ["", *_block(machine, alias, group, f"{stem}.known_hosts")]
    return "\n".join(lines) + "\n"


def known_hosts(machines: Sequence[SshMachine], *, about: str) -> str:
    """The keys that each machine printed on its console, under the name that the config looks for."""
    lines = [f"# {comment(about)}"]
    for machine in machines:
        lines += [f"{key_alias(machine)} {key}" for key in good_keys(machine.host_keys)]
    there = {machine.id for machine in machines}
    for jump in _jumps(machines):
        keys = good_keys(jump.host_keys) if jump.id not in there else []
        lines += [f"{key_alias(jump)} {key}" for key in keys]
    return "\n".join(lines) + "\n"


def _jumps(machines: Sequence[SshMachine]) -> list[SshJump]:
    """Each once. One that nobody can know when it answers is none."""
    found = {machine.jump.id: machine.jump for machine in machines if machine.jump is not None}
    return [
        jump
        for jump in found.values()
        if reachable(jump.address) and _USER.fullmatch(jump.user) and good_keys(jump.host_keys)
    ]


def jump_alias(jump: SshJump) -> str:
    return f"heliosphere-jump-{_file(jump.id)}"


def _jump_block(jump: SshJump, known_hosts_file: str) -> list[str]:
    port = [f"    Port {jump.port}"] if jump.port != 22 else []
    return [
        "# The way to machines without a public address",
        f"Host {jump_alias(jump)}",
        f"    HostName {jump.address}",
        f"    User {jump.user}",
        *port,
        *_trust(jump, known_hosts_file),
    ]


def _block(machine: SshMachine, alias: str, group: str, known_hosts_file: str) -> list[str]:
    title = f"# {comment(machine.name)}"
    if not reachable(machine.address):
        return [title, f"# {alias}: {comment(machine.without or 'it has no public address')}"]
    lines = [title, f"Host {alias} {alias}.{_file(group)}", f"    HostName {machine.address}"]
    if _USER.fullmatch(machine.user):
        lines.append(f"    User {machine.user}")
    else:
        lines.append("    # User: that of its image, which the portal does not know")
    if machine.port != 22:
        lines.append(f"    Port {machine.port}")
    if machine.jump is not None and machine.jump in _jumps([machine]):
        lines.append(f"    ProxyJump {jump_alias(machine.jump)}")
    if machine.certificate:
        lines.append(f"    CertificateFile ~/.ssh/{certificate_file(machine.name, machine.id)}")
    if machine.key_name:
        lines.append(f"    # IdentityFile: the private half of the key “{comment(machine.key_name)}”")
    return [*lines, *_trust(machine, known_hosts_file)]


def _trust(machine: SshMachine | SshJump, known_hosts_file: str) -> list[str]:
    if not good_keys(machine.host_keys):
        return ["    # Its host keys are not known yet: compare what ssh shows with the console log."]
    return [
        f"    HostKeyAlias {key_alias(machine)}",
        f"    UserKnownHostsFile ~/.ssh/known_hosts ~/.ssh/{known_hosts_file}",
        "    StrictHostKeyChecking yes",
    ]


def aliases(machines: Sequence[SshMachine]) -> list[str]:
    """A name for each, of letters that mean nothing to ssh. Equal ones get part of their id."""
    plain = [alias_of(machine.name) for machine in machines]
    found: list[str] = []
    for machine, alias in zip(machines, plain, strict=True):
        wanted = alias if plain.count(alias) == 1 else f"{alias}-{machine.id.replace('-', '')[-6:]}"
        number, free = 2, wanted
        while free in found or (free != alias and free in plain):
            free, number = f"{wanted}-{number}", number + 1
        found.append(free)
    return found


def alias_of(name: str) -> str:
    """Never a pattern, an option or an address; ssh folds the case, so it is folded here."""
    alias = (
        re.sub(r"[^a-z0-9_]+", "-", name.lower(), flags=re.ASCII).strip("-_")[:_LONGEST_ALIAS].rstrip("-_")
    )
    return f"machine-{alias}" if alias.isdigit() or alias == "localhost" else alias or "machine"


def certificate_file(name: str, id: str) -> str:
    """What the portal calls the certificate of a machine, for which ssh looks beside the person's keys. Ours: of letters,
    digits and hyphens."""
    alias = re.sub(r"[^a-z0-9-]+", "-", alias_of(name)).strip("-") or "machine"
    return f"heliosphere-{alias}-{_file(id)[-6:]}-cert.pub"


def key_alias(machine: SshMachine | SshJump) -> str:
    """The same in both files, and of this machine alone: addresses are given to others one day."""
    return f"heliosphere-{_file(machine.id)}"


def good_keys(keys: Sequence[str]) -> list[str]:
    return [key for key in keys if _HOST_KEY.fullmatch(key)]


def reachable(address: str) -> bool:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return "%" not in address


def comment(text: str) -> str:
    """One line, whatever ends lines for whom."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()[:200]


def _file(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:80] or "machines"


def file_stem(group: str) -> str:
    """What both files are called, before their endings."""
    return _file(group)
