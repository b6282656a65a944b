"""Files that go with an e-mail, kept as text in its row until it is sent."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# All attachments of one mail together, in bytes.
MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    content: bytes
    type: str = "application/octet-stream"


def packed(attachments: Iterable[Attachment]) -> list[dict[str, str]]:
    """As JSON. ValueError for what no mail server would carry."""
    kept = list(attachments)
    if sum(len(one.content) for one in kept) > MOST:
        raise ValueError(f"attachments of one mail are at most {MOST} bytes together")
    return [
        {"name": plain_name(one.name), "type": one.type, "content": base64.b64encode(one.content).decode()}
        for one in kept
    ]


def unpacked(rows: Iterable[Mapping[str, str]]) -> list[Attachment]:
    return [Attachment(row["name"], base64.b64decode(row["content"]), row["type"]) for row in rows]


def plain_name(name: str) -> str:
    """Nothing in it that leads elsewhere or ends a header."""
    kept = "".join(letter if letter.isalnum() or letter in "._- " else "-" for letter in name).strip(" .")
    return kept[:100] or "attachment"
