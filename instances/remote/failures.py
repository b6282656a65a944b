"""What asyncssh and the network say, as a problem that a person can do something about."""

import asyncio
import errno
from typing import Any, Literal

import asyncssh

from instances.remote.ways import Hop
from portal.core.errors import PortalError

# Where it happened: reaching the machine, proving who both are, or asking for something once in.
Stage = Literal["reach", "login", "ask"]
# A page that waited for nothing tries again no sooner.
UNREACHED_SECONDS = 15
_UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN}


_CHANNELS = {
    asyncssh.OPEN_CONNECT_FAILED: "remote:port-closed",
    asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED: "remote:forwarding-off",
}


class WrongHostKey(asyncssh.HostKeyNotVerifiable):
    """The machine showed a key that is not known; `offered` is its `<type> <base64>`, empty where it showed none."""

    def __init__(self, offered: str) -> None:
        super().__init__("host key is not known")
        self.offered = offered


def as_problem(error: BaseException, stage: Stage, hop: Hop, name: str) -> PortalError:
    """`name` is the machine's, or its jump host's."""
    words: dict[str, Any] = {"name": name, "address": hop.address, "port": hop.port, "login": hop.login}
    detail = _detail(error)
    if isinstance(error, WrongHostKey):
        return PortalError("remote:host-key", offered=error.offered, instance=hop.instance_id, **words)
    if isinstance(error, asyncssh.PermissionDenied):
        # Which of the two reasons it is decides what is offered: teach it our key, or bring one's own.
        kind = "remote:certificate-refused" if hop.certificate else "remote:secret-refused"
        return PortalError(kind, outcome="auth", detail=detail, **words)
    if isinstance(error, asyncssh.KeyExchangeFailed | asyncssh.ProtocolNotSupported | asyncssh.ProtocolError):
        return PortalError("remote:not-ssh", detail=detail, **words)
    if isinstance(error, asyncssh.ChannelOpenError):
        return PortalError(_CHANNELS.get(error.code, "remote:channel-refused"), detail=detail, **words)
    if isinstance(error, ConnectionRefusedError):
        return PortalError("remote:refused", outcome="retry", **words)
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return _too_late(stage, words)
    if isinstance(error, OSError) and error.errno in _UNREACHABLE:
        return PortalError("remote:timeout", outcome="retry", detail=detail, **words)
    return PortalError("remote:lost", outcome="retry", detail=detail, **words)


def _too_late(stage: Stage, words: dict[str, Any]) -> PortalError:
    if stage == "reach":
        return PortalError("remote:timeout", outcome="retry", retry_after=UNREACHED_SECONDS, **words)
    return PortalError("remote:silent", outcome="retry", **words)


def _detail(error: BaseException) -> str:
    """The machine's own words, cut and without control characters: they are shown folded away."""
    text = getattr(error, "reason", "") or str(error)
    return "".join(letter if letter.isprintable() else " " for letter in str(text))[:300]
