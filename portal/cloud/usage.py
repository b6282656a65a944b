"""What servers existed in a time, deleted ones too: Nova's own accounting of a project."""

from datetime import datetime

from portal.cloud import calls, translate
from portal.cloud.connection import Cloud
from portal.cloud.parse import Row, moment, moment_or_none, number, text
from portal.cloud.types import ServerUsage
from portal.core.errors import PortalError

_MOST_PAGES = 1000
_PAGED = "2.40"


@translate.translated("compute")
def servers_used(cloud: Cloud, *, start: datetime, end: datetime) -> list[ServerUsage]:
    """Of the project, between the two: without both, Nova takes now for either and tells of nothing."""
    path = f"/os-simple-tenant-usage/{cloud.project_id}"
    asked = {"start": _naive(start), "end": _naive(end)}
    paged = calls.compute_has(cloud, _PAGED)
    found: list[ServerUsage] = []
    for _ in range(_MOST_PAGES):
        body = calls.compute(cloud, "GET", path, params=asked)
        page = (body["tenant_usage"] or {}).get("server_usages") or []
        found += [_usage(row) for row in page if row.get("started_at")]
        if not paged or not page or not body.get("tenant_usage_links"):
            return found
        marker = text(page[-1], "instance_id")
        if marker == asked.get("marker"):
            break
        asked["marker"] = marker
    raise PortalError("cloud:bad-answer", outcome="retry", service="compute", detail="a list without an end")


def _naive(at: datetime) -> str:
    """In the one form that every Nova reads; its times are UTC."""
    return moment(at.isoformat()).strftime("%Y-%m-%dT%H:%M:%S")


def _usage(row: Row) -> ServerUsage:
    return ServerUsage(
        server_id=text(row, "instance_id"),
        name=text(row, "name"),
        flavor_name=text(row, "flavor"),
        vcpus=number(row, "vcpus"),
        ram_mb=number(row, "memory_mb"),
        started=moment(row["started_at"]),
        ended=moment_or_none(row.get("ended_at")),
    )
