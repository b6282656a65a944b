"""The one place through which every HTTP request to a cloud passes: sign-in, discovery and calls alike.

It keeps time (never past the caller's deadline), counts, asks the circuit breaker, bounds the size of
answers, and remembers the request ids of changes.
"""

import io
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from django.conf import settings
from keystoneauth1 import access
from requests.adapters import BaseAdapter, HTTPAdapter

from portal.cloud import breaker, translate
from portal.core.errors import PortalError

# service, method, path, status (0: no answer), seconds, request id
Observer = Callable[[str, str, str, int, float, str], None]
on_call: list[Observer] = []

MAX_ANSWER = 64 * 1024 * 1024
_CHUNK = 256 * 1024
_CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_BROKEN = frozenset({500, 502, 503, 504})
# Old names that catalogues still have, beside the new one or instead of it.
_ALIASES = {"volumev3": "block-storage", "volumev2": "block-storage", "volume": "block-storage"}
_VERSION = re.compile(r"/v\d[\d.]*(/.*)?$")

# At DEBUG these write whole request bodies: boot scripts, keys and passwords among them.
for _noisy in ("keystoneauth", "openstack", "urllib3"):
    logging.getLogger(_noisy).setLevel(logging.WARNING)

# Connections are kept open and shared by all threads; urllib3's pools are thread-safe.
_pool = HTTPAdapter(pool_connections=64, pool_maxsize=64)


@dataclass(slots=True)
class Wire:
    """What the requests of one `Cloud` have in common."""

    cloud: str
    region: str
    auth_base: str
    deadline: float | None = None
    # The largest answer that is taken.
    most: int = MAX_ANSWER
    request_ids: list[str] = field(default_factory=list)
    services: dict[str, str] = field(default_factory=dict)
    # The last answer, where it was a failure of the service: keystoneauth passes over it when it looks up versions.
    trouble: PortalError | None = None

    def learn(self, token: access.AccessInfo) -> None:
        """Take the addresses of services from the token's catalogue, to be able to name them."""
        if self.services or not token.has_service_catalog():
            return
        for entry in token.service_catalog.catalog:
            for endpoint in entry.get("endpoints", ()):
                kind = service_type(str(entry.get("type", "")))
                self.services[_base(str(endpoint.get("url", "")))] = kind

    def service_of(self, url: str) -> str:
        fitting = [base for base in self.services if _is_under(url, base)]
        if fitting:
            return self.services[max(fitting, key=len)]
        return "identity" if _is_under(url, self.auth_base) else "cloud"

    def timeouts(self) -> tuple[float, float]:
        """Connect and read time-outs, cut to what is left before the deadline."""
        connect, read = float(settings.CLOUD_CONNECT_TIMEOUT), float(settings.CLOUD_READ_TIMEOUT)
        if self.deadline is None:
            return connect, read
        left = self.deadline - time.monotonic()
        return max(0.001, min(connect, left)), max(0.001, min(read, left))

    def out_of_time(self) -> bool:
        return self.deadline is not None and time.monotonic() >= self.deadline


def service_type(given: str) -> str:
    """A catalogue's name for a service -> the one that is used here."""
    return _ALIASES.get(given, given)


def _base(url: str) -> str:
    """An endpoint without its version and project: what all addresses of the service begin with."""
    return _VERSION.sub("", url).rstrip("/")


def _is_under(url: str, base: str) -> bool:
    return bool(base) and url.startswith(base) and (len(url) == len(base) or url[len(base)] in "/?")


class WireAdapter(BaseAdapter):
    """Mounted on the requests session of one Cloud; sends through the shared pool."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self.wire = wire

    def close(self) -> None:
        """The pool belongs to the process."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        service = self.wire.service_of(request.url or "")
        circuit = breaker.circuit(self.wire.cloud, self.wire.region, service)
        method = request.method or "GET"
        if self.wire.out_of_time():
            raise PortalError(
                "cloud:timeout", outcome="retry", service=service, detail="the deadline has passed"
            )
        with breaker.passage(circuit, service):
            response = self._tried(request, service, circuit, verify=verify, cert=cert, proxies=proxies)
        if _leads_elsewhere(response):
            outcome = translate.after_the_fact(method)
            detail = "a redirect to another host, which was not followed"
            raise PortalError("cloud:bad-answer", outcome=outcome, service=service, detail=detail)
        self._note(response, service, circuit)
        return response

    def _tried(
        self, request: requests.PreparedRequest, service: str, circuit: str, **how: Any
    ) -> requests.Response:
        """The answer; a reset connection is tried once more where that changes nothing."""
        method = request.method or "GET"
        try:
            return self._exchange(request, service, **how)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            if not _may_be_repeated(error, method) or self.wire.out_of_time():
                raise self._failure(error, method, service, circuit) from error
        try:
            return self._exchange(request, service, **how)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise self._failure(error, method, service, circuit) from error

    def _failure(self, error: Exception, method: str, service: str, circuit: str) -> PortalError:
        breaker.failed(circuit)
        return breaker.come_back(translate.from_wire(error, method, service), circuit)

    def _note(self, response: requests.Response, service: str, circuit: str) -> None:
        broken = response.status_code in _BROKEN
        in_trouble = broken or response.status_code == requests.codes.too_many_requests
        self.wire.trouble = translate.from_response(response, service) if in_trouble else None
        if broken:
            breaker.failed(circuit)
        else:
            breaker.succeeded(circuit)

    def _exchange(self, request: requests.PreparedRequest, service: str, **how: Any) -> requests.Response:
        started = time.monotonic()
        status, request_id = 0, ""
        try:
            response = _pool.send(request, stream=True, timeout=self.wire.timeouts(), **how)
            status, request_id = response.status_code, translate.request_id_of(response)
            _read_whole(response, self.wire)
        finally:
            seconds = time.monotonic() - started
            path = urlsplit(request.url or "").path
            _tell(service, request.method or "", path, status, seconds, request_id)
        if request_id and request.method in _CHANGES and not path.endswith("/auth/tokens"):
            self.wire.request_ids.append(request_id)
        return response


def _leads_elsewhere(response: requests.Response) -> bool:
    """Whether following this answer would carry the token to a host that the catalogue does not name."""
    if not response.is_redirect:
        return False
    there, here = urlsplit(response.headers["Location"]), urlsplit(response.url)
    return bool(there.netloc) and (there.scheme, there.netloc) != (here.scheme, here.netloc)


def _may_be_repeated(error: Exception, method: str) -> bool:
    """A reset connection is worth one more try where asking twice changes nothing; a time-out is not."""
    timed_out = isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError)
    reset = isinstance(error, requests.ConnectionError | urllib3.exceptions.ProtocolError)
    return method in {"GET", "HEAD"} and reset and not timed_out and not translate.never_connected(error)


def _read_whole(response: requests.Response, wire: Wire) -> None:
    """Read the body here, where time and size are bounded, and hand it on as a file."""
    chunks: list[bytes] = []
    size = 0
    while True:
        chunk = response.raw.read1(_CHUNK, decode_content=True)
        if not chunk:
            break
        chunks.append(chunk)
        size += len(chunk)
        if size > wire.most:
            response.raw.close()
            raise requests.exceptions.ContentDecodingError(f"an answer of more than {wire.most} bytes")
        if wire.out_of_time():
            response.raw.close()
            raise requests.exceptions.ReadTimeout("the deadline passed while the answer was coming in")
    response.raw = io.BytesIO(b"".join(chunks))


def _tell(service: str, method: str, path: str, status: int, seconds: float, request_id: str) -> None:
    for observer in tuple(on_call):
        observer(service, method, path, status, seconds, request_id)


def session_for(wire: Wire, *, verify: bool | str) -> requests.Session:
    made = requests.Session()
    # Neither ~/.netrc nor proxy variables decide where credentials go.
    made.trust_env = False
    made.verify = verify
    adapter = WireAdapter(wire)
    for prefix in ("https://", "http://"):
        made.mount(prefix, adapter)
    return made


def close_idle() -> None:
    """Close the connections that nobody uses at the moment."""
    _pool.close()
