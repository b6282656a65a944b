"""One table from what a cloud answers to what a person is told: the outcome is PortalError `cloud:...`.

`outcome` says what may be assumed: refused = the cloud said no; retry = surely not performed; unknown =
perhaps performed, look before doing it again; auth = the credential no longer opens the door.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import urllib3
from keystoneauth1 import exceptions as keystone
from openstack import exceptions as sdk

from portal.cloud import malformed
from portal.core.errors import Outcome, PortalError

logger = logging.getLogger(__name__)
MAX_DETAIL = 400
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


@dataclass(frozen=True, slots=True)
class Answer:
    """An error answer, reduced to what the table looks at. Nothing in it is to be trusted."""

    status: int
    method: str
    service: str
    message: str
    retry_after: float | None
    request_id: str


def after_the_fact(method: str) -> Outcome:
    """After a failure of the server's own: reading can be repeated, a change may have been made."""
    return "retry" if method in _SAFE_METHODS else "unknown"


@dataclass(frozen=True, slots=True)
class Rule:
    """Applies to any of `statuses` whose message matches `pattern`; the pattern's groups become params."""

    statuses: frozenset[int]
    id: str
    pattern: re.Pattern[str] | None = None
    outcome: Outcome | None = "refused"
    extra: tuple[tuple[str, str], ...] = ()


def _rule(
    statuses: int | tuple[int, ...],
    id: str,
    pattern: str = "",
    outcome: Outcome | None = "refused",
    **extra: str,
) -> Rule:
    known = frozenset({statuses} if isinstance(statuses, int) else statuses)
    compiled = re.compile(pattern, re.IGNORECASE) if pattern else None
    return Rule(known, id, compiled, outcome, tuple(extra.items()))


# The first that fits decides. An outcome of None depends on the method: see after_the_fact.
RULES: tuple[Rule, ...] = (
    _rule(401, "cloud:unauthorized", outcome="auth"),
    _rule(
        (403, 413),
        "cloud:quota",
        r"Quota exceeded for (?P<resource>[\w, ]+?): Requested (?P<requested>[\d, ]+), "
        r"but already used (?P<used>[\d, ]+) of (?P<limit>[\d, ]+)",
    ),
    _rule(
        (403, 413),
        "cloud:quota",
        r"exceeds allowed (?P<resource>\w+) quota\. Requested (?P<requested>\d+)G?, "
        r"quota is (?P<limit>\d+)G? and (?P<used>\d+)G? has been consumed",
    ),
    _rule(
        (403, 413), "cloud:quota", r"Maximum number of (?P<resource>\w+) allowed \((?P<limit>\d+)\) exceeded"
    ),
    _rule((403, 409, 413), "cloud:quota", r"Quota exceeded for resources: \W*(?P<resource>\w+)"),
    _rule(
        (403, 409, 413),
        "cloud:quota",
        r"too many key ?pairs|number of key pairs exceeded",
        resource="keypairs",
    ),
    _rule(
        (403, 409, 413),
        "cloud:quota",
        r"quota (?:is )?exceeded|over ?quota|exceeds .*quota",
        resource="quota",
    ),
    _rule(403, "cloud:forbidden"),
    _rule((400, 404), "cloud:flavor-not-found", r"^Flavor \S+ could not be found"),
    _rule((400, 404), "cloud:image-not-found", r"Can not find requested image|^Image \S+ could not be found"),
    _rule(400, "cloud:role-by-group", r"Could not find role assignment with role"),
    _rule((400, 409, 500), "cloud:no-valid-host", r"No valid host was found"),
    _rule(404, "cloud:not-found"),
    _rule(410, "cloud:not-found"),
    _rule(409, "cloud:locked", r"is locked"),
    _rule(
        (400, 409),
        "cloud:wrong-state",
        r"Cannot '(?P<action>[\w -]+)' instance \S+ while it is in "
        r"(?:vm_state|task_state|power_state) (?P<state>[\w-]+)",
    ),
    _rule((400, 409), "cloud:no-addresses", r"No more IP addresses available|IpAddressGenerationFailure"),
    _rule(409, "cloud:conflict"),
    _rule(413, "cloud:too-large"),
    _rule(429, "cloud:rate-limited", outcome="retry"),
    _rule((405, 406, 501), "cloud:unsupported"),
    _rule(408, "cloud:timeout", outcome=None),
    _rule(503, "cloud:unavailable", outcome="retry"),
    _rule(502, "cloud:unavailable", outcome=None),
    _rule(504, "cloud:timeout", outcome=None),
)


def _found_rule(answer: Answer) -> tuple[Rule, dict[str, str]]:
    for rule in RULES:
        if answer.status not in rule.statuses:
            continue
        if rule.pattern is None:
            return rule, {}
        if matched := rule.pattern.search(answer.message):
            return rule, matched.groupdict()
    if answer.status >= 500:
        return _rule(answer.status, "cloud:server-error", outcome=None), {}
    return _rule(answer.status, "cloud:bad-request"), {}


def from_answer(answer: Answer) -> PortalError:
    rule, groups = _found_rule(answer)
    if rule.id == "cloud:too-large" and answer.retry_after:
        rule, groups = _rule(413, "cloud:rate-limited", outcome="retry"), {}
    params: dict[str, Any] = {"service": answer.service, **dict(rule.extra), **groups}
    if rule.id == "cloud:quota":
        params.update(_first_of_each(groups))
    if answer.request_id:
        params["request_id"] = answer.request_id
    return PortalError(
        rule.id,
        outcome=after_the_fact(answer.method) if rule.outcome is None else rule.outcome,
        retry_after=answer.retry_after,
        detail=answer.message,
        **params,
    )


def _first_of_each(groups: dict[str, str]) -> dict[str, str | int]:
    """Nova joins several exceeded resources with commas, in the same order in every list: name the first."""
    first = {name: value.split(",")[0].strip() for name, value in groups.items() if value}
    return {name: int(value) if value.isdigit() else value for name, value in first.items()}


def clean(text: object, limit: int = MAX_DETAIL) -> str:
    """One line of printable text, cut to `limit`. It still may hold markup: templates escape it."""
    flat = " ".join(_UNPRINTABLE.sub(" ", str(text)).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def message_of(response: requests.Response) -> str:
    """The sentence inside an error body, in whichever of OpenStack's shapes it comes."""
    if "json" not in response.headers.get("Content-Type", ""):
        return ""
    try:
        body = response.json()
    except ValueError:
        return ""
    return clean(_sentence_in(body))


def _sentence_in(body: object) -> str:
    if not isinstance(body, dict):
        return ""
    if isinstance(body.get("message"), str):
        return str(body["message"])
    errors = body.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return str(errors[0].get("detail") or errors[0].get("title") or "")
    for fault in body.values():
        if isinstance(fault, dict) and isinstance(fault.get("message"), str):
            return " ".join(str(fault[key]) for key in ("type", "message") if isinstance(fault.get(key), str))
        if isinstance(fault, str) and len(body) == 1:
            return fault
    return ""


def retry_after_of(response: requests.Response, now: datetime | None = None) -> float | None:
    """Retry-After in seconds, from a number or a date; nothing where it says nothing usable."""
    given = response.headers.get("Retry-After", "").strip()
    if not given:
        return None
    if given.isdigit():
        return float(min(int(given), 86400))
    try:
        moment = parsedate_to_datetime(given)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, min((moment - (now or datetime.now(UTC))).total_seconds(), 86400.0))


def request_id_of(response: requests.Response) -> str:
    given = response.headers.get("x-openstack-request-id") or response.headers.get("x-compute-request-id")
    return clean(given or "", 64)


def from_response(response: requests.Response, service: str) -> PortalError:
    method = response.request.method or "GET" if response.request is not None else "GET"
    answer = Answer(
        status=response.status_code,
        method=method,
        service=service,
        message=message_of(response),
        retry_after=retry_after_of(response),
        request_id=request_id_of(response),
    )
    return from_answer(answer)


def from_wire(error: Exception, method: str, service: str) -> PortalError:
    """A failure below HTTP. What was never connected was never performed; what was sent may have been."""
    harmless: Outcome = "retry"
    after = after_the_fact(method)
    detail = clean(type(error).__name__)
    if isinstance(error, requests.exceptions.SSLError):
        return PortalError("cloud:connection", outcome=harmless, service=service, detail=clean(error))
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return PortalError("cloud:timeout", outcome=harmless, service=service, detail=detail)
    if isinstance(error, requests.exceptions.Timeout | urllib3.exceptions.TimeoutError):
        return PortalError("cloud:timeout", outcome=after, service=service, detail=detail)
    if never_connected(error):
        return PortalError("cloud:connection", outcome=harmless, service=service, detail=detail)
    return PortalError("cloud:connection", outcome=after, service=service, detail=detail)


def never_connected(error: BaseException) -> bool:
    """Whether no connection came about, so that the request cannot have been received."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, urllib3.exceptions.NewConnectionError)


def from_client(error: Exception, service: str) -> PortalError:
    """What openstacksdk and keystoneauth raise."""
    response = getattr(error, "response", None)
    if isinstance(response, requests.Response):
        return from_response(response, service)
    # ConfigException: the SDK's word for a service that the catalogue lacks.
    absent = keystone.EndpointNotFound | keystone.EmptyCatalog | sdk.NotSupported | sdk.ConfigException
    if isinstance(error, absent):
        return PortalError("cloud:unsupported", service=service, detail=clean(error))
    if isinstance(error, keystone.MissingAuthMethods):
        return PortalError("cloud:unauthorized", outcome="auth", service=service, detail=clean(error))
    if isinstance(error, keystone.DiscoveryFailure | keystone.ConnectionError):
        return PortalError("cloud:connection", outcome="retry", service=service, detail=clean(error))
    return PortalError("cloud:bad-answer", outcome="unknown", service=service, detail=clean(error))


@contextmanager
def translated(service: str) -> Iterator[None]:
    """Around every gateway function (as decorator or `with`): nothing but PortalError comes out.

    An answer that cannot be read is an error too, never an empty list: a cloud in trouble must not look like
    a project without machines. A mistake in our own code goes through as it is.
    """
    try:
        yield
    except PortalError:
        raise
    except (keystone.ClientException, sdk.SDKException) as error:
        raise from_client(error, service) from error
    except malformed.READING as error:
        if malformed.is_mistake(error):
            raise
        detail = clean(f"{type(error).__name__}: {error}")
        logger.warning("an answer of %s cannot be read: %s", service, detail, exc_info=error)
        raise PortalError("cloud:bad-answer", outcome="unknown", service=service, detail=detail) from error
