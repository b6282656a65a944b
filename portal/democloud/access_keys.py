"""ACCESS's keys: each opens one API, for the agent and resource that it was made for."""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Mapping

from starlette.requests import Request

from portal.democloud.errors import Fault

RESOURCE = "jetstream2.indiana.access-ci.org"
AGENTS = ("usermanagement", "userinfo", "spacct", "profiles")


def variable(agent: str) -> str:
    return f"ACCESS_{agent.upper()}_KEY"


def from_environment() -> dict[str, str]:
    """Those that whoever started us has made, else new ones."""
    return {agent: os.environ.get(variable(agent)) or secrets.token_urlsafe(24) for agent in AGENTS}


def check(request: Request, keys: Mapping[str, str], agent: str) -> None:
    """401 for a key that is none; 403 for one of another API, and for a resource that it was not made for."""
    given = request.headers.get("xa-api-key", "")
    known = {name for name, key in keys.items() if hmac.compare_digest(key, given)}
    if not known:
        raise Fault(401, "The API key was not recognized.")
    if agent not in known:
        raise Fault(403, f"This API key is not authorized for {agent}.")
    if agent == "profiles":
        if not request.headers.get("xa-requester"):
            raise Fault(403, "XA-REQUESTER is required.")
    elif request.headers.get("xa-agent") != agent or request.headers.get("xa-resource") != RESOURCE:
        raise Fault(403, f"XA-AGENT and XA-RESOURCE are not those of this key for {agent}.")
