"""Makes asyncssh keep to its own window while a reader pauses.

asyncssh (2.24) grants the other side a whole new window with each bit that it hands on, although what came before
still waits in its buffer: a slow reader of a fast machine then fills the memory. Here only what was handed on is granted.
"""

from typing import Any

from asyncssh.channel import SSHChannel
from asyncssh.constants import MSG_CHANNEL_WINDOW_ADJUST
from asyncssh.packet import UInt32

_hand_on: Any = SSHChannel._deliver_data


def _deliver(channel: Any, data: bytes, datatype: Any) -> None:
    window = channel.__dict__.setdefault("_whole_window", channel._init_recv_window)
    handed_on = channel.__dict__.get("_handed_on", 0) + len(data)
    if handed_on > window / 2:
        channel.send_packet(MSG_CHANNEL_WINDOW_ADJUST, UInt32(handed_on))
        channel._recv_window += handed_on
        handed_on = 0
    channel._handed_on = handed_on
    # Below nothing: asyncssh's own grant is never due.
    channel._init_recv_window = 0
    try:
        _hand_on(channel, data, datatype)
    finally:
        channel._init_recv_window = window


def install() -> None:
    """Once per process; again is harmless."""
    SSHChannel._deliver_data = _deliver  # type: ignore[method-assign, assignment]
