"""What may be shown in the page: text, and raster images by what they begin with, never by their name. Pure."""

from typing import Literal

MOST_TEXT = 256 * 1024
MOST_IMAGE = 16 * 1024 * 1024
HEAD = 4096
_IMAGES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
Sort = Literal["text", "image", "none"]


def image_type(head: bytes) -> str | None:
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _IMAGES.items() if head.startswith(magic)), None)


def sort_of(head: bytes) -> Sort:
    if image_type(head):
        return "image"
    return "text" if _is_text(head) else "none"


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # A character that is cut at the end is still text.
        if error.start < len(head) - 3:
            return False
    odd = sum(1 for byte in head if byte < 32 and byte not in b"\t\n\r\f\x08\x1b")
    return odd * 50 <= len(head)


def text_of(data: bytes) -> str:
    return data.decode("utf-8", "replace").replace("\r\n", "\n")
