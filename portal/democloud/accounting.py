"""Jetstream2's accounting service: one GET, answered for the token's project."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud.model_storage import AccountingRow
from portal.democloud.routing import answer, ctx, route


def view(row: AccountingRow) -> dict[str, Any]:
    return {
        "description": row.description,
        "abstract": row.abstract,
        "service_units_allocated": row.service_units_allocated,
        "service_units_used": row.service_units_used,
        "start_date": row.start_date.isoformat(),
        "end_date": row.end_date.isoformat(),
        "resource": row.resource,
        "active": 1 if row.active else 0,
    }


async def entries(request: Request) -> Response:
    here = ctx(request)
    rows = here.region.data.accounting
    return answer([view(row) for row in rows if row.project_id == here.project_id])


def routes() -> list[Route]:
    return [route("GET", "/", entries)]
