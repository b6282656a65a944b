"""Calls to services beside OpenStack, with keys of the portal's own: time, size, redirects and trust are bounded here.

They go the way of every call to a cloud (wire.py): the same time-outs, circuit breaker and pool. A redirect is never
followed, so that a key goes nowhere else, and no error carries a header.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

import requests

from portal.cloud import malformed, translate, wire
from portal.core import deadline
from portal.core.errors import Outcome, PortalError

MOST_BYTES = 16 * 1024 * 1024
# What stands for the region in the names of circuit breakers.
_REGION = "outside"


@dataclass(frozen=True, slots=True)
class Service:
    """One service of one cloud's surroundings. `title` is what people call it, `part` which of its APIs it is."""

    cloud: str
    title: str
    part: str
    base: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """`body` None: the answer is the same as before (304), or there was none."""

    status: int
    body: Any
    validator: str = ""


def ask(
    service: Service,
    method: Literal["GET", "POST"],
    path: str = "",
    *,
    params: Mapping[str, str | int] | None = None,
    json: Any = None,
    validator: str = "",
) -> Reply:
    """The JSON of the answer. PortalError `outside:…` for every refusal and failure.

    `validator` is that of an earlier reply: an answer that is still the same comes back without a body.
    """
    way = wire.Wire(
        cloud=service.cloud,
        region=_REGION,
        auth_base="",
        deadline=deadline.current(),
        most=MOST_BYTES,
        services={service.base: service.part},
    )
    headers = {"Accept": "application/json", **service.headers, **_conditions(validator)}
    with _told(service), wire.session_for(way, verify=True) as session:
        response = session.request(
            method,
            service.base + path,
            params=dict(params or {}),
            json=json,
            headers=headers,
            allow_redirects=False,
        )
        return _reply(service, method, response)


def _conditions(validator: str) -> dict[str, str]:
    kind, _, value = validator.partition(" ")
    names = {"etag": "If-None-Match", "date": "If-Modified-Since"}
    return {names[kind]: value} if kind in names and value else {}


def _reply(service: Service, method: str, response: requests.Response) -> Reply:
    if response.status_code == requests.codes.not_modified:
        return Reply(response.status_code, None)
    if response.status_code >= 300:
        raise _refusal(service, method, response)
    body = response.json(parse_float=Decimal) if response.content else None
    return Reply(response.status_code, body, _validator(response))


def _validator(response: requests.Response) -> str:
    etag, date = response.headers.get("ETag", ""), response.headers.get("Last-Modified", "")
    found = f"etag {etag}" if etag else f"date {date}" if date else ""
    return found if len(found) <= 255 and found.isprintable() else ""


def _refusal(service: Service, method: str, response: requests.Response) -> PortalError:
    status = response.status_code
    said = translate.clean(_sentence(response), 300)
    if status in (429, 503):
        return problem(service, "unavailable", "retry", translate.retry_after_of(response), said)
    if status >= 500 or status == requests.codes.request_timeout:
        return problem(service, "unavailable", translate.after_the_fact(method), None, said)
    if status < 400:
        return problem(
            service, "bad-answer", translate.after_the_fact(method), None, "a redirect, not followed"
        )
    if status == requests.codes.unauthorized:
        return problem(service, "key-refused", "retry", None, said)
    known = {400: "declined", 409: "declined", 422: "declined", 403: "not-allowed", 404: "unknown"}
    return problem(service, known.get(status, "declined"), "refused", None, said)


def problem(
    service: Service, name: str, outcome: Outcome, retry_after: float | None = None, said: str = ""
) -> PortalError:
    return PortalError(
        f"outside:{name}",
        outcome=outcome,
        retry_after=retry_after,
        detail=said,
        source=service.title,
        part=service.part,
        said=said or "it gives no reason",
    )


def _sentence(response: requests.Response) -> str:
    """The words inside an error body, in any of the shapes seen; never a whole page."""
    try:
        body = response.json()
    except ValueError:
        return ""
    for _ in range(3):
        if isinstance(body, str):
            return body
        if isinstance(body, list) and body:
            body = body[0]
        elif isinstance(body, dict):
            body = next(
                (body[name] for name in ("message", "error", "errors", "result") if body.get(name)), ""
            )
    return body if isinstance(body, str) else ""


@contextmanager
def _told(service: Service) -> Iterator[None]:
    """What goes wrong below, and answers that cannot be read, in words that name the service."""
    try:
        yield
    except PortalError as error:
        if error.id.startswith("outside:"):
            raise
        raise problem(service, "unavailable", error.outcome, error.retry_after, error.detail) from error
    except requests.RequestException as error:
        raise problem(service, "bad-answer", "unknown", None, type(error).__name__) from error
    except ValueError as error:
        raise problem(service, "bad-answer", "unknown", None, "no JSON") from error


@contextmanager
def reading(service: Service) -> Iterator[None]:
    """Around what takes an answer apart: one that is not what it should be is the service's trouble, not ours."""
    try:
        yield
    except malformed.READING as error:
        if malformed.is_mistake(error):
            raise
        detail = translate.clean(f"{type(error).__name__}: {error}", 200)
        raise problem(service, "bad-answer", "retry", None, detail) from error
