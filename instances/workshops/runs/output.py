"""What a machine printed, as a page can show it: text, with whatever else it sent made visible. Pure."""

import base64
import json
from dataclasses import dataclass

# Of each seat: so much of the beginning, and so much of the end.
HEAD_BYTES = TAIL_BYTES = 32_768
_KEPT = {"\n", "\t"}
# Control pictures: U+2400 on stand for the codes from 0 on, U+2421 for DEL.
_PICTURES, _DELETE = 0x2400, "\u2421"
# Letters that change the direction or hide what follows, in markup as in a terminal.
_HIDING = {
    *range(0x200B, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2060, 0x2070),
    0xFEFF,
    *range(0xFFF9, 0xFFFC),
}


@dataclass(frozen=True, slots=True)
class Output:
    """`cut`: there was more between the two."""

    head: bytes = b""
    tail: bytes = b""

    @property
    def cut(self) -> bool:
        return len(self.tail) >= TAIL_BYTES

    def packed(self) -> str:
        return json.dumps([base64.b64encode(part).decode() for part in (self.head, self.tail)])

    @classmethod
    def unpacked(cls, text: str) -> "Output":
        head, tail = (base64.b64decode(part) for part in json.loads(text))
        return cls(head, tail)

    def parts(self) -> list[str]:
        """One text, or two between which something is missing."""
        if self.cut:
            return [visible(self.head), visible(self.tail)]
        return [visible(self.head + self.tail)] if self.head or self.tail else []


def visible(data: bytes) -> str:
    """Plain text: nothing in it moves a cursor, hides a letter or turns a line around."""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    return "".join(letter if letter in _KEPT else _shown(letter) for letter in text)


def _shown(letter: str) -> str:
    code = ord(letter)
    if code < 0x20:
        return chr(_PICTURES + code)
    if code == 0x7F:
        return _DELETE
    if 0x80 <= code < 0xA0 or code in _HIDING or 0xE0000 <= code < 0xE0080:
        return f"⟨U+{code:04X}⟩"
    return letter
