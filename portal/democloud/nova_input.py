"""Checks of what a request to Nova says, with Nova's sentences for what is wrong."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from typing import Any

from portal.democloud.errors import Fault
from portal.democloud.state import Region

TAG_LENGTH = 60
TAGS_EACH = 50
# The availability zones of the cloud's hosts.
ZONES = ("nova",)


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


def wrong_tag(value: Any) -> str | None:
    """Why this is no tag, None for one."""
    if not isinstance(value, str):
        return f"{value!r} is not of type 'string'"
    if not value:
        return f"{value!r} is too short"
    if len(value) > TAG_LENGTH:
        return f"{value!r} is too long"
    return f"{value!r} does not match '^[^,/]*$'" if "/" in value or "," in value else None


def tag_of(value: Any, field: str = "tag") -> str:
    why = wrong_tag(value)
    if why is not None:
        raise invalid(field, value, why)
    return str(value)


def path_tag(value: str) -> str:
    """The tag of a request's path."""
    why = wrong_tag(value)
    if why is not None:
        message = (
            f"Tag '{value}' is invalid. It must be a non empty string without characters '/' and ','. "
            f"Validation error message: {why}"
        )
        raise Fault(400, message)
    return value


def tags_of(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise invalid("tags", value, f"{value!r} is not of type 'array'")
    found = list(dict.fromkeys(tag_of(tag, str(position)) for position, tag in enumerate(value)))
    if len(found) > TAGS_EACH:
        raise invalid("tags", value, f"The number of tags exceeded the per-server limit {TAGS_EACH}")
    return found


def user_data_of(value: Any) -> str | None:
    """Base64 of at most 65535 characters; like Nova's, the check passes over characters that are none."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise invalid("user_data", value, f"{value!r} is not of type 'string'")
    if len(value) > 65535:
        raise invalid("user_data", value, f"{value!r} is too long")
    try:
        base64.b64decode(value)
    except (binascii.Error, ValueError):
        raise invalid("user_data", value, f"{value!r} is not a 'base64'") from None
    return value


def is_uuid(value: Any) -> bool:
    try:
        return str(uuid.UUID(value)) == str(value).lower()
    except (ValueError, AttributeError, TypeError):
        return False


def required(given: Any, name: str, field: str) -> Any:
    """A part of an action's body that must be there."""
    if not isinstance(given, dict):
        raise invalid(field, given, f"{given!r} is not of type 'object'")
    if name not in given:
        raise invalid(field, given, f"{name!r} is a required property")
    return given[name]


def check_known(given: dict[str, Any], known: frozenset[str], field: str) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        names = ", ".join(repr(name) for name in unknown)
        verb = "was" if len(unknown) == 1 else "were"
        raise invalid(field, given, f"Additional properties are not allowed ({names} {verb} unexpected)")


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
