"""What somebody who may only look sends to a VNC server (RFB 3.8), let through where it changes nothing there. Pure.

Screens are asked for with the messages that pass; keys, pointer, clipboard and size are dropped. A message that is
not known ends the session: what follows it could not be told apart any more.
"""

from collections.abc import Callable

VERSION = b"RFB 003.008\n"
MOST_ENCODINGS = 256
MOST_FENCE_BYTES = 64
# Xvnc refuses more than 256 KiB of text unless told otherwise; nobody who looks sends any.
MOST_TEXT_BYTES = 16 * 1024 * 1024
_CLIPBOARD_CAPS = 1 << 24
# "I take text of no length": a server that knows the extended clipboard then hands over none of its own accord.
NO_CLIPBOARD = bytes([6, 0, 0, 0]) + (-8 & 0xFFFFFFFF).to_bytes(4) + bytes([0x1F, 0, 0, 1]) + bytes(4)


class NotAllowed(ValueError):
    """The browser sent what no viewer sends. The text is for the log."""


class Looking:
    """Fed with what a browser sent, cut anywhere; gives what may go on to the machine."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._skip = 0
        self._handshake = [_version, _security, _shared]

    def feed(self, data: bytes) -> bytes:
        """Keeps no more than one message's beginning. NotAllowed ends it."""
        self._waiting += data
        passed = bytearray()
        while self._waiting:
            if self._skip:
                gone = min(self._skip, len(self._waiting))
                del self._waiting[:gone]
                self._skip -= gone
                continue
            step = self._handshake[0] if self._handshake else _message
            found = step(self._waiting)
            if found is None:
                break
            taken, out = found
            if self._handshake:
                del self._handshake[0]
            passed += out
            self._skip = max(0, taken - len(self._waiting))
            del self._waiting[:taken]
        return bytes(passed)


# Each step looks at the bytes that are there: None for "more are needed", else how many the message has (which may be
# more than there are yet: they are skipped as they come) and what goes on.
_Step = Callable[[bytearray], tuple[int, bytes] | None]


def _version(data: bytearray) -> tuple[int, bytes] | None:
    # Only this one: in older versions the server asks for other answers, and the count would be lost.
    if not VERSION.startswith(data[:12]):
        raise NotAllowed("another version of the protocol")
    return (12, VERSION) if len(data) >= 12 else None


def _security(data: bytearray) -> tuple[int, bytes] | None:
    if data[0] != 1:
        raise NotAllowed(f"security type {data[0]}")
    return 1, b"\x01"


def _shared(data: bytearray) -> tuple[int, bytes] | None:
    # Whoever looks on throws nobody out.
    return 1, b"\x01"


def _message(data: bytearray) -> tuple[int, bytes] | None:
    kind = _MESSAGES.get(data[0])
    if kind is None:
        raise NotAllowed(f"message {data[0]}")
    return kind(data)


def _fixed(length: int, *, passes: bool) -> _Step:
    def step(data: bytearray) -> tuple[int, bytes] | None:
        if not passes:
            return length, b""
        return (length, bytes(data[:length])) if len(data) >= length else None

    return step


def _encodings(data: bytearray) -> tuple[int, bytes] | None:
    if len(data) < 4:
        return None
    count = int.from_bytes(data[2:4])
    if count > MOST_ENCODINGS:
        raise NotAllowed(f"{count} encodings")
    length = 4 + 4 * count
    return (length, bytes(data[:length])) if len(data) >= length else None


def _fence(data: bytearray) -> tuple[int, bytes] | None:
    if len(data) < 9:
        return None
    if data[8] > MOST_FENCE_BYTES:
        raise NotAllowed(f"a fence of {data[8]} bytes")
    length = 9 + data[8]
    return (length, bytes(data[:length])) if len(data) >= length else None


def _pointer(data: bytearray) -> tuple[int, bytes] | None:
    # With the first bit set it is the longer one of the extension for more mouse buttons.
    return (6 + (data[1] >> 7), b"") if len(data) >= 2 else None


def _cut_text(data: bytearray) -> tuple[int, bytes] | None:
    if len(data) < 8:
        return None
    length = int.from_bytes(data[4:8], signed=True)
    if abs(length) > MOST_TEXT_BYTES or -4 < length < 0:
        raise NotAllowed(f"a clipboard of {length} bytes")
    if length >= 0:
        return 8 + length, b""
    if len(data) < 12:
        return None
    is_caps = int.from_bytes(data[8:12]) & _CLIPBOARD_CAPS
    return 8 - length, NO_CLIPBOARD if is_caps else b""


def _desktop_size(data: bytearray) -> tuple[int, bytes] | None:
    return (8 + 16 * data[6], b"") if len(data) >= 7 else None


def _qemu(data: bytearray) -> tuple[int, bytes] | None:
    if len(data) < 2:
        return None
    if data[1] != 0:
        raise NotAllowed(f"QEMU message {data[1]}")
    return 12, b""


_MESSAGES: dict[int, _Step] = {
    0: _fixed(20, passes=True),  # SetPixelFormat
    2: _encodings,
    3: _fixed(10, passes=True),  # FramebufferUpdateRequest
    4: _fixed(8, passes=False),  # KeyEvent
    5: _pointer,
    6: _cut_text,
    150: _fixed(10, passes=True),  # EnableContinuousUpdates
    248: _fence,
    250: _fixed(4, passes=False),  # xvp: power of the machine
    251: _desktop_size,
    255: _qemu,  # keys with their scan codes
}
