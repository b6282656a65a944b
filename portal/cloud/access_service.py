"""Which of ACCESS's APIs is where, and what each wants to be told about who asks."""

from typing import Literal

from portal.cloud import keys
from portal.cloud.outside import Service, problem
from portal.cloud.schema_sources import Access

Part = Literal["usermanagement", "userinfo", "spacct", "profiles"]


def api(cloud: str, access: Access, part: Part) -> Service:
    """PortalError `outside:no-key` where the operators gave none for it."""
    found = keys.key(getattr(access.keys, part))
    service = Service(cloud, access.title, part, access.url, _headers(access, part, found))
    if not found:
        raise problem(service, "no-key", "refused")
    return service


def _headers(access: Access, part: Part, found: str) -> dict[str, str]:
    if part == "profiles":
        return {"XA-REQUESTER": access.requester, "XA-API-KEY": found}
    return {"XA-AGENT": part, "XA-RESOURCE": access.resource, "XA-API-KEY": found}
