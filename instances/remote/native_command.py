"""The exact commands with which somebody's own ssh reaches a machine and knows it when it answers. Pure.

Every text in them is checked: nothing of a machine's can mean anything to a shell.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

from instances.ssh_config import good_keys, reachable

_LOGIN = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_ID = re.compile(r"[0-9a-f-]{1,64}")


@dataclass(frozen=True, slots=True)
class Target:
    """One SSH server on the way."""

    instance_id: str
    address: str
    port: int
    login: str
    host_keys: tuple[str, ...]

    @property
    def alias(self) -> str:
        """Under which its keys are known: the same as in the files of `instances.ssh_config`."""
        return f"heliosphere-{self.instance_id}"


def commands(hops: Sequence[Target]) -> list[str]:
    """Two lines: the host keys into a file of their own, then ssh, which believes nobody else. ValueError when
    something given cannot stand in a command."""
    for hop in hops:
        _check(hop)
    file = f"~/.ssh/heliosphere-{hops[-1].instance_id}.hosts"
    lines = [f"{hop.alias} {key}" for hop in hops for key in good_keys(hop.host_keys)]
    quoted = " ".join(f"'{line}'" for line in lines)
    return [f"printf '%s\\n' {quoted} > {file}", " ".join(_ssh(hops, file))]


def _ssh(hops: Sequence[Target], file: str) -> list[str]:
    target = hops[-1]
    words = ["ssh", *_trust(target, file)]
    if len(hops) > 1:
        jump = hops[0]
        inner = ["ssh", *_trust(jump, file), "-W", "[%h]:%p", *_place(jump)]
        words += ["-o", f'ProxyCommand="{" ".join(inner)}"']
    return [*words, *_place(target)]


def _trust(hop: Target, file: str) -> list[str]:
    options = [f"HostKeyAlias={hop.alias}", f"UserKnownHostsFile={file}", "StrictHostKeyChecking=yes"]
    return [word for option in options for word in ("-o", option)]


def _place(hop: Target) -> list[str]:
    port = ["-p", str(hop.port)] if hop.port != 22 else []
    return [*port, f"{hop.login}@{ipaddress.ip_address(hop.address)}"]


def _check(hop: Target) -> None:
    fits = reachable(hop.address) and _LOGIN.fullmatch(hop.login) and _ID.fullmatch(hop.instance_id)
    if not fits or not 0 < hop.port < 65536 or not good_keys(hop.host_keys):
        raise ValueError(f"{hop.instance_id} cannot stand in a command")
