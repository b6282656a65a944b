"""Checks of what a request to Nova says, with Nova's sentences for what is wrong."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from portal.democloud.errors import Fault
from portal.democloud.state import Region

TAG_LENGTH = 60
TAGS_EACH = 50


def invalid(name: str, value: Any, why: str) -> Fault:
    return Fault(400, f"Invalid input for field/attribute {name}. Value: {value}. {why}")


def name_of(value: Any, field: str = "name") -> str:
    if not isinstance(value, str):
        raise invalid(field, value, f"{value!r} is not of type 'string'")
    if not value:
        raise invalid(field, value, f"{value!r} is too short")
    if len(value) > 255:
        raise invalid(field, value, f"{value!r} is too long")
    # Nova calls printable what is so in the first 65,536 characters of Unicode: emoji are refused.
    if value != value.strip() or not value.isprintable() or max(value) > "\uffff":
        must = "The name must be: printable characters. Can not start or end with whitespace."
        raise Fault(400, f"An invalid '{field}' value was provided. {must}")
    return value


def metadata_of(value: Any, field: str = "metadata") -> dict[str, str]:
    if not isinstance(value, dict):
        raise invalid(field, value, f"{value!r} is not of type 'object'")
    for key, text in value.items():
        if not re.fullmatch(r"[a-zA-Z0-9-_:. ]{1,255}", key):
            raise invalid(
                field, value, f"{key!r} does not match any of the regexes: '^[a-zA-Z0-9-_:. ]{{1,255}}$'"
            )
        if not isinstance(text, str):
            raise invalid(key, text, f"{text!r} is not of type 'string'")
        if len(text) > 255:
            raise invalid(key, text, f"{text!r} is too long")
    return value


def check_metadata_quota(region: Region, project_id: str, metadata: dict[str, str]) -> None:
    limit = region.quota(project_id, "metadata_items")
    if 0 <= limit < len(metadata):
        raise Fault(403, f"Maximum number of metadata items exceeds {limit}")


def tag_of(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= TAG_LENGTH or "/" in value or "," in value:
        raise invalid("tag", value, f"{value!r} does not match '^[^,/]*$' or is longer than {TAG_LENGTH}")
    return value


def tags_of(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise invalid("tags", value, f"{value!r} is not of type 'array'")
    found = list(dict.fromkeys(tag_of(tag) for tag in value))
    if len(found) > TAGS_EACH:
        raise invalid("tags", value, f"The number of tags exceeded the per-server limit {TAGS_EACH}")
    return found


def user_data_of(value: Any) -> str | None:
    """Base64 of at most 65535 characters."""
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > 65535:
        raise invalid("user_data", "...", "it is not a string or too long")
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise invalid("user_data", "...", "it is not a 'base64'") from None
    return value


def hostname_of(name: str, server_id: str) -> str:
    """Nova's sanitiser: lower case, blanks and underscores to hyphens, the rest dropped, 63 characters."""
    ascii_only = name.encode("ascii", "ignore").decode()
    dashed = re.sub(r"[ _.]", "-", ascii_only[:63])
    return re.sub(r"[^\w-]+", "", dashed).lower().strip("-") or f"server-{server_id}"


def count_of(wanted: dict[str, Any]) -> int:
    """How many machines: `max_count`, at least `min_count`."""
    low = _positive(wanted.get("min_count", 1), "min_count")
    high = _positive(wanted.get("max_count", low), "max_count")
    if low > high:
        raise Fault(400, "min_count must be <= max_count")
    return high


def _positive(value: Any, field: str) -> int:
    if isinstance(value, bool) or not str(value).isdigit() or int(value) < 1:
        raise invalid(field, value, f"{value!r} is less than the minimum of 1")
    return int(value)
