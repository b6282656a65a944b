"""`current-projects.json`: public, twenty projects a page, found by their numbers."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import seed_access
from portal.democloud.model_access import AccessProject
from portal.democloud.routing import answer, empty, place, route

PAGE = 20


def view(number: int, project: AccessProject) -> dict[str, Any]:
    return {
        "projectId": number,
        "requestNumber": project.grant,
        "requestTitle": project.title,
        "pi": project.pi,
        "piInstitution": project.institution,
        "fos": project.field_of_science,
        "abstract": project.abstract,
        "allocationType": project.kind,
        "beginDate": project.begins.isoformat(),
        "endDate": project.ends.isoformat(),
        "resources": [
            {
                "resourceName": "ACCESS Credits",
                "units": "ACCESS Credits",
                "allocation": project.credits,
                "resourceId": 1,
            }
        ],
    }


async def current(request: Request) -> Response:
    """One page, and how many there are; 304 to who has it already."""
    world, _ = place(request)
    listed = [*world.access.projects.values(), *seed_access.others(world.now().date())]
    rows = [view(number, project) for number, project in enumerate(listed, start=1000)]
    wanted = request.query_params.get("request_number", "")
    rows = [row for row in rows if wanted in ("", row["requestNumber"])]
    page = int(request.query_params.get("page", "1"))
    pages = max(1, -(-len(rows) // PAGE))
    body = {"projects": rows[(page - 1) * PAGE : page * PAGE], "pages": pages, "filters": {}}
    mark = f'"{hashlib.sha256(json.dumps(body).encode()).hexdigest()[:24]}"'
    if request.headers.get("if-none-match") == mark:
        return empty(304, {"ETag": mark})
    return answer(body, headers={"ETag": mark})


def routes() -> list[Route]:
    return [route("GET", "/current-projects.json", current)]
