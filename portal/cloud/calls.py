"""Calls to services by path, for where the exact query matters, and reading lists to their end."""

import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import unquote

import requests
from keystoneauth1.adapter import Adapter
from openstack import exceptions as sdk_exceptions
from openstack import utils as sdk_utils

from portal.cloud import breaker, translate
from portal.cloud.connection import Cloud
from portal.core.errors import PortalError

Service = Literal["compute", "image", "network", "block-storage", "placement", "identity"]
Params = Mapping[str, str | int]
# What the portal's reading of servers is written for; an older cloud is asked for the newest that it has.
COMPUTE = "2.90"
_MOST_PAGES = 1000
# Ids come from people and from clouds: none of them may lead a call to another place.
_PATH = re.compile(r"(?:/[\w.~%:@!$&'()*+,;=-]+)+")


def send(
    cloud: Cloud,
    service: Service,
    method: str,
    path: str,
    *,
    json: Any = None,
    params: Params | None = None,
    microversion: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Any:
    """The JSON of the answer, None where it has none; PortalError for every refusal and failure."""
    if not _PATH.fullmatch(path) or not {".", ".."}.isdisjoint(unquote(path).split("/")):
        raise PortalError("cloud:bad-request", service=service, detail="an id with characters that no id has")
    with translate.translated(service):
        extra: dict[str, Any] = {"headers": dict(headers)} if headers else {}
        if json is not None:
            extra["json"] = json
        if params:
            extra["params"] = dict(params)
        response = _request(cloud, service, path, method, microversion=microversion, **extra)
        if response.status_code >= 400:
            circuit = breaker.circuit(cloud.name, cloud.region, service)
            raise breaker.come_back(translate.from_response(response, service), circuit)
        return response.json() if response.content and response.status_code != 204 else None


def compute(
    cloud: Cloud, method: str, path: str, *, least: str = "2.1", wanted: str = COMPUTE, **how: Any
) -> Any:
    """A call to Nova at the newest microversion that both sides know, up to `wanted`."""
    version = compute_version(cloud, least=least, wanted=wanted)
    return send(cloud, "compute", method, path, microversion=version, **how)


@translate.translated("compute")
def compute_version(cloud: Cloud, *, least: str, wanted: str = COMPUTE) -> str:
    found = sdk_utils.maximum_supported_microversion(cloud.sdk.compute, wanted)
    if found is None and cloud.wire.trouble is not None:
        raise cloud.wire.trouble
    if found is None or _numbers(found) < _numbers(least):
        raise PortalError("cloud:unsupported", service="compute", detail=f"microversion {least} is needed")
    return str(found)


def compute_has(cloud: Cloud, version: str) -> bool:
    """Whether Nova is as new as this, and is asked in a version that is."""
    return _numbers(compute_version(cloud, least="2.1")) >= _numbers(version)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def rows(
    cloud: Cloud,
    service: Service,
    path: str,
    key: str,
    *,
    params: Params | None = None,
    microversion: str | None = None,
) -> list[dict[str, Any]]:
    """All rows of a list, page by page.

    The next page is asked for by marker, never by following the link in the answer, which may lead anywhere.
    """
    found: list[dict[str, Any]] = []
    asked = dict(params or {})
    for _ in range(_MOST_PAGES):
        body = send(cloud, service, "GET", path, params=asked, microversion=microversion)
        with translate.translated(service):
            page = body[key]
            found.extend(page)
            if not page or not _has_next(body, key):
                return found
            marker = str(page[-1]["id"])
            if marker == asked.get("marker"):
                break
            asked["marker"] = marker
    raise PortalError("cloud:bad-answer", outcome="retry", service=service, detail="a list without an end")


def _has_next(body: Mapping[str, Any], key: str) -> bool:
    links = body.get(f"{key}_links") or ()
    return bool(body.get("next")) or any(link.get("rel") == "next" for link in links)


def _request(cloud: Cloud, service: Service, path: str, method: str, **how: Any) -> requests.Response:
    """The SDK finds the service and its version; the call itself is keystoneauth's.

    The SDK's own `request` keeps past connections, and their tokens, alive in a cache of names for statsd.
    """
    try:
        proxy = getattr(cloud.sdk, service.replace("-", "_"))
    except (sdk_exceptions.NotSupported, sdk_exceptions.ConfigException):
        # Said also of a service whose versions could not be read because it is in trouble.
        if cloud.wire.trouble is not None:
            raise cloud.wire.trouble from None
        raise
    response: requests.Response = Adapter.request(proxy, path, method, raise_exc=False, **how)
    return response
