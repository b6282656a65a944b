"""Bad days on order: rules that make chosen requests slow, wrong, silent or cut off."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from portal.democloud.errors import Fault, body_of
from portal.democloud.routing import answer

Action = Literal["status", "slow", "hang", "reset", "lost-reply"]
ACTIONS: tuple[Action, ...] = ("status", "slow", "hang", "reset", "lost-reply")


@dataclass
class Rule:
    """Requests of `service` and `method` whose path fits `path`; None or "" fits all.

    `seconds` is waited before anything else, whatever the action. `skip` lets the first ones pass (slow
    then bad); `count` ends the rule after that many."""

    id: str
    action: Action
    service: str | None = None
    method: str | None = None
    path: str = ""
    region: str | None = None
    status: int = 503
    message: str = "The server is currently unavailable. Please try again at a later time."
    body: str | None = None
    content_type: str = "application/json"
    retry_after: int | None = None
    seconds: float = 0.0
    skip: int = 0
    count: int | None = None
    hits: int = 0

    def fits(self, region: str, service: str, method: str, path: str) -> bool:
        return (
            self.service in (None, service)
            and self.method in (None, method)
            and self.region in (None, region)
            and re.search(self.path, path) is not None
        )

    def take(self) -> bool:
        """Count this request; True if the rule acts on it."""
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.count is not None and self.hits >= self.count:
            return False
        self.hits += 1
        return True

    def response(self, request: Request) -> Response:
        headers = {"x-openstack-request-id": request.scope["democloud.request_id"]}
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        if self.body is not None:
            return Response(self.body, self.status, headers, media_type=self.content_type)
        content = body_of(request.scope["democloud.service"], Fault(self.status, self.message))
        return answer(content, self.status, headers)


@dataclass
class Faults:
    rules: list[Rule] = field(default_factory=list)

    def match(self, region: str, service: str, method: str, path: str) -> Rule | None:
        """The first rule that acts on this request. The control URL itself never fails."""
        if service == "_control":
            return None
        for rule in self.rules:
            if rule.fits(region, service, method, path) and rule.take():
                return rule
        return None
