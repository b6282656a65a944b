"""Neutron's lists: filters (unknown ones are refused), tags, fields, order and pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from portal.democloud.errors import Fault
from portal.democloud.neutron_view import Row
from portal.democloud.routing import answer, base_url

CONTROLS = {"fields", "limit", "marker", "page_reverse", "sort_key", "sort_dir"}
TAG_FILTERS = {"tags", "tags-any", "not-tags", "not-tags-any"}
MAX_LIMIT = 10_000


def listing(request: Request, key: str, rows: Iterable[Row], attributes: set[str]) -> Response:
    """Answer `{key: [...]}`: what the query asks for of the rows, by no other than these attributes."""
    _check_filters(request, attributes)
    found = [row for row in rows if _matches(request, row)]
    found = _ordered(request, found, attributes)
    page, links = _page(request, key, found)
    content: dict[str, Any] = {key: [_fields(request, row) for row in page]}
    if links:
        content[f"{key}_links"] = links
    return answer(content)


def _check_filters(request: Request, attributes: set[str]) -> None:
    unknown = sorted(set(request.query_params) - attributes - CONTROLS - TAG_FILTERS)
    if unknown:
        raise Fault(400, f"{unknown} is invalid attribute for filtering", kind="HTTPBadRequest")


def _matches(request: Request, row: Row) -> bool:
    for name in set(request.query_params) - CONTROLS:
        asked = request.query_params.getlist(name)
        if name in TAG_FILTERS:
            if not all(_tags_match(name, set(text.split(",")), set(row.get("tags", ()))) for text in asked):
                return False
        elif not any(_value_matches(row.get(name), text) for text in asked):
            return False
    return True


def _tags_match(name: str, asked: set[str], have: set[str]) -> bool:
    held = bool(asked & have) if name.endswith("any") else asked <= have
    return held != name.startswith("not-")


def _value_matches(value: Any, text: str) -> bool:
    if isinstance(value, bool):
        return value == (text.lower() in {"true", "1"})
    if isinstance(value, list):
        return any(_member_matches(one, text) for one in value)
    return text == ("" if value is None else str(value))


def _member_matches(one: Any, text: str) -> bool:
    """An element of a list: a plain value, or `fixed_ips=ip_address=10.0.0.5`."""
    if not isinstance(one, dict):
        return str(one) == text
    name, _, wanted = text.partition("=")
    if name.endswith("_substr"):
        return wanted in str(one.get(name.removesuffix("_substr"), ""))
    return str(one.get(name)) == wanted


def _ordered(request: Request, rows: list[Row], attributes: set[str]) -> list[Row]:
    keys = request.query_params.getlist("sort_key") or ["id"]
    directions = request.query_params.getlist("sort_dir") or ["asc"] * len(keys)
    if len(keys) != len(directions):
        raise Fault(400, "The number of sort_keys and sort_dirs must be same", kind="HTTPBadRequest")
    for key, direction in reversed(list(zip(keys, directions, strict=True))):
        if key not in attributes:
            raise Fault(400, f"[{key!r}] is invalid attribute for sort_keys", kind="HTTPBadRequest")
        rows.sort(key=lambda row: str(row.get(key) or ""), reverse=direction == "desc")
    return rows


def _page(request: Request, key: str, rows: list[Row]) -> tuple[list[Row], list[dict[str, str]]]:
    limit = _limit(request)
    marker = request.query_params.get("marker")
    if marker is not None:
        at = next((index for index, row in enumerate(rows) if row["id"] == marker), None)
        if at is None:
            raise Fault(404, f"{_title(key)} {marker} could not be found.", kind=f"{_title(key)}NotFound")
        rows = rows[at + 1 :]
    if limit is None:
        return rows, []
    page = rows[:limit]
    root = f"{base_url(request)}/{key.replace('_', '-')}"
    kept = [(k, v) for k, v in request.query_params.multi_items() if k not in ("marker", "page_reverse")]
    links = []
    if len(page) == limit and page:
        links.append({"rel": "next", "href": f"{root}?{urlencode([*kept, ('marker', page[-1]['id'])])}"})
    back = [*kept, *([("marker", page[0]["id"])] if page else []), ("page_reverse", "True")]
    return page, [*links, {"rel": "previous", "href": f"{root}?{urlencode(back)}"}]


def _limit(request: Request) -> int | None:
    text = request.query_params.get("limit")
    if text is None:
        return None
    if not text.isdigit():
        raise Fault(400, f"Limit must be an integer 0 or greater and not '{text}'", kind="BadRequest")
    return min(int(text), MAX_LIMIT) or None


def _title(key: str) -> str:
    return "".join(part.capitalize() for part in key.removesuffix("s").split("_"))


def _fields(request: Request, row: Row) -> Row:
    wanted = request.query_params.getlist("fields")
    return {name: row[name] for name in wanted if name in row} if wanted else row
