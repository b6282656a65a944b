"""Whole answers of a cloud, without what is different each time: status, headers we read, sentence and shape."""

import json
import os
import re
from typing import Any

from requests import Response

from tests.contract.shapes import FOLDER, shape_of

PATH = FOLDER / "answers.json"
# What portal.cloud reads of an answer's headers, and what keystoneauth reads.
_TOLD = ("x-openstack-request-id", "x-compute-request-id", "retry-after", "x-subject-token")
_REQUEST_ID = re.compile(r"req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BLANKS = (
    (re.compile(r"req-[0-9a-f-]{36}"), "<request>"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<id>"),
    (re.compile(r"contract-[\w-]+"), "<name>"),
    (re.compile(r"\b\d+(\.\d+)?(?=G?\b)"), "<number>"),
)


def told(answer: Response) -> dict[str, Any]:
    headers = [name for name in _TOLD if name in answer.headers]
    for name in headers[:2]:
        if name.endswith("request-id"):
            assert _REQUEST_ID.fullmatch(answer.headers[name]), answer.headers[name]
    kind = answer.headers.get("Content-Type", "").split(";")[0]
    body = answer.json() if kind.endswith("json") and answer.content else None
    return {
        "status": answer.status_code,
        "type": kind if answer.content else "",
        "headers": headers,
        "body": shape_of(body),
        "says": sorted(set(_sentences(body))),
    }


def _sentences(body: Any, key: str = "") -> list[str]:
    """Every sentence of an error body: what it says decides what a person is told."""
    if isinstance(body, dict):
        return [text for name, item in body.items() for text in _sentences(item, name)]
    if isinstance(body, list):
        return [text for item in body for text in _sentences(item, key)]
    if isinstance(body, str) and key in {"message", "detail", "title", "type", "error"}:
        return [f"{key}: {_blanked(body)}"]
    return []


def _blanked(text: str) -> str:
    for pattern, blank in _BLANKS:
        text = pattern.sub(blank, text)
    return text


def recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(PATH.read_text()) if PATH.exists() else {}
    return found


def record(name: str, answer: dict[str, Any]) -> None:
    known = recorded()
    if known.get(name) == answer:
        return
    temporary = PATH.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(known | {name: answer}, indent=1, sort_keys=True) + "\n")
    temporary.replace(PATH)
