"""The floating addresses of a demo cloud: a slice of 127.1.0.0/16 that no other demo on this machine uses."""

import ipaddress
import socket
from dataclasses import dataclass, field

SLICE_PREFIX = 22  # 1022 addresses for each cloud
CLAIM_PORT = 11022
SSH_PORT = 22
FALLBACK_SSH_PORT = 2222


@dataclass
class Slice:
    """Held while `holder` is open: a bound UDP socket at the slice's first address marks it as taken."""

    network: ipaddress.IPv4Network
    ssh_port: int
    holder: socket.socket | None = field(default=None, repr=False)

    def close(self) -> None:
        if self.holder is not None:
            self.holder.close()
            self.holder = None


def claim_slice(base: str = "127.1.0.0/16", *, wanted: str | None = None, port: int | None = None) -> Slice:
    """The first free slice of `base`, `wanted` (that of an earlier run) first. OSError when none is free."""
    whole = ipaddress.IPv4Network(base)
    if not whole.is_loopback:
        raise ValueError(f"{base} is not loopback")
    candidates = [whole] if whole.prefixlen >= SLICE_PREFIX else list(whole.subnets(new_prefix=SLICE_PREFIX))
    if wanted is not None:
        candidates.sort(key=lambda network: str(network) != wanted)
    for network in candidates:
        holder = _hold(str(network[1]))
        if holder is not None:
            return Slice(network, port if port is not None else ssh_port(str(network[1])), holder)
    raise OSError(f"every slice of {base} is taken by another demo cloud")


def ssh_port(address: str) -> int:
    """22 where this process may listen on it, else 2222."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, SSH_PORT))
        except OSError:
            return FALLBACK_SSH_PORT
    return SSH_PORT


def _hold(address: str) -> socket.socket | None:
    holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        holder.bind((address, CLAIM_PORT))
    except OSError:
        holder.close()
        return None
    return holder
