"""Between the network and a guest's sshd: here connections are slow, fall silent, hang half open or break off.

What happens to open connections when the machine changes, as seen with real ones:
- stop, soft reboot, shelve, rebuild: the system shuts down and sshd ends each connection (`end`: the stream ends);
- hard reboot: nobody says anything (`lose`) until the new system answers what it does not know with a reset;
- delete, address or firewall rule taken away: nobody says anything; after `LOST_SECONDS` this cloud cuts, so as not
  to keep sockets for ever (a real network would leave that to the other side's own timeouts);
- suspend, pause: nothing goes either way (`hold`); after resume all of it goes on (`release`).
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import asyncssh

from portal.democloud.guest_trouble import Trouble

LOST_SECONDS = 60.0
DEAF = {"silent", "timeout"}
Peer = tuple[str, int]


class Machine(Protocol):
    trouble: Trouble
    wires: "set[Wire]"
    lost: "set[Wire]"

    def ssh_options(self) -> asyncssh.SSHServerConnectionOptions: ...


class Tap(asyncio.Transport):
    """What sshd writes to: the real transport, held back where the day is bad."""

    def __init__(self, wire: "Wire", transport: asyncio.Transport) -> None:
        super().__init__()
        self._wire, self._transport = wire, transport
        self._held: deque[bytes] = deque()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        if name == "peername" and self._wire.peer is not None:
            return self._wire.peer
        return self._transport.get_extra_info(name, default)

    def write(self, data: "bytes | bytearray | memoryview[Any]") -> None:
        wire = self._wire
        if wire.frozen:
            return
        if wire.held or wire.machine.trouble.latency_ms or self._held:
            self._held.append(bytes(data))
            if not wire.held:
                delay = wire.machine.trouble.latency_ms / 1000
                asyncio.get_running_loop().call_later(delay, self._release)
            return
        self._transport.write(data)

    def flush(self) -> None:
        while self._held:
            self._release()

    def _release(self) -> None:
        if not self._held or self._wire.held:
            return
        data = self._held.popleft()
        if not self._wire.frozen and not self._transport.is_closing():
            self._transport.write(data)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        self._transport.close()

    def abort(self) -> None:
        """sshd closes what it has ended: what it wrote last still arrives."""
        if not self._wire.frozen:
            self._transport.close()


class Wire(asyncio.Protocol):
    def __init__(self, machine: Machine, peer: Peer | None = None) -> None:
        self.machine = machine
        self.peer = peer
        self.frozen = False
        self.held = False
        self._tap: Tap | None = None
        self._transport: asyncio.Transport | None = None
        self._link: asyncssh.SSHServerConnection | None = None
        self._gone: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.machine.wires.add(self)
        kind = self.machine.trouble.ssh
        if kind in DEAF:
            if kind == "silent":
                transport.write(b"SSH-2.0-OpenSSH_9.6p1\r\n")
            self.frozen = True
            return
        if kind == "hangup":
            self.hang_up_in(self.machine.trouble.hangup_after)
        loop = asyncio.get_running_loop()
        self._link = asyncssh.SSHServerConnection(loop, self.machine.ssh_options())
        self._tap = Tap(self, transport)
        self._link.connection_made(self._tap)

    def data_received(self, data: bytes) -> None:
        if self._link is not None and not self.frozen:
            self._link.data_received(data)

    def eof_received(self) -> bool | None:
        if self._link is not None and not self.frozen:
            self._link.eof_received()
        return self.frozen

    def pause_writing(self) -> None:
        if self._link is not None:
            self._link.pause_writing()

    def resume_writing(self) -> None:
        if self._link is not None:
            self._link.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self.machine.wires.discard(self)
        self.machine.lost.discard(self)
        if self._gone is not None:
            self._gone.cancel()
        if self._link is not None:
            self._link.connection_lost(exc)

    def carries(self, connection: asyncssh.SSHServerConnection | None) -> bool:
        return connection is not None and self._link is connection

    def freeze(self) -> None:
        """Half open: the other side sees neither bytes nor an end."""
        self.frozen = True
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def day_turns(self) -> None:
        """What is open when a trouble begins or ends: half open, cut off, or broken for good."""
        if self.frozen or self.machine.trouble.ssh == "hangup":
            self.cut()
        elif self.machine.trouble.ssh == "half-open":
            self.freeze()

    def hold(self) -> None:
        self.held = True
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def release(self) -> None:
        self.held = False
        if self._tap is not None:
            self._tap.flush()
        if self._transport is not None and not self._transport.is_closing() and not self.frozen:
            self._transport.resume_reading()

    def lose(self) -> None:
        """The system behind it is gone, and nobody tells the other side yet."""
        self.freeze()
        self.machine.wires.discard(self)
        self.machine.lost.add(self)
        if self._link is not None:
            self._link.abort()
        self.hang_up_in(LOST_SECONDS)

    def hang_up_in(self, seconds: float) -> None:
        self._gone = asyncio.get_running_loop().call_later(seconds, self.cut)

    def cut(self) -> None:
        """A reset, as from a machine that knows nothing of the connection any more."""
        if self._transport is not None:
            self._transport.abort()

    def end(self) -> None:
        """As sshd ends when the system stops: the other side sees the end of the stream."""
        if self._link is not None and not self.frozen:
            self._link.abort()
        elif self._transport is not None:
            self._transport.close()


def factory(machine: Machine, peer: Peer | None = None) -> Callable[[], Wire]:
    return lambda: Wire(machine, peer)
