"""One long conversation with Nova and Keystone, held with a real cloud once and with the demo cloud in every run.

What the real one answered is in `recorded/compute_identity.json`; `python -m tests.democloud.record` makes it anew."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

NOBODY = "12345678-1234-1234-1234-123456789abc"
NO_HEX = "0" * 32
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEhlbGlvc3BoZXJlIGRlbW8gbGFwdG9wIGtleSAhISEh me@here"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
HEX = re.compile(r"[0-9a-f]{32}")
FREE_KEYS = ("extra_specs", "metadata")  # their keys are the operator's and the user's


def shape(value: Any, path: str = "") -> set[str]:
    """Every key in an answer with the type of its value; of lists, the first element."""
    found: set[str] = set()
    if isinstance(value, dict):
        for key, inner in value.items():
            found.add(f"{path}{key}:{type(inner).__name__}")
            if key not in FREE_KEYS:
                found |= shape(inner, f"{path}{key}.")
    elif isinstance(value, list) and value:
        found |= shape(value[0], f"{path}[].")
    return found


def message(body: Any) -> str | None:
    """`fault name: sentence` of a refusal, with ids taken out."""
    if not isinstance(body, dict) or len(body) != 1:
        return None
    name, inner = next(iter(body.items()))
    if not isinstance(inner, dict) or "message" not in inner:
        return None
    return HEX.sub("<id>", UUID.sub("<uuid>", f"{name}: {inner['message']}"))


@dataclass
class Talk:
    """`until(server_id, status)` lets time go by until the server has settled in that status."""

    http: httpx.AsyncClient
    keystone: str
    user: str
    password: str
    project: str
    until: Callable[[Talk, str, str], Awaitable[None]]
    create_more: dict[str, Any] = field(default_factory=dict)
    token: str = ""
    nova: str = ""
    image_url: str = ""
    user_id: str = ""
    project_id: str = ""
    said: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def say(
        self,
        label: str,
        method: str,
        path: str,
        content: Any = None,
        *,
        version: str = "2.90",
        token: str | None = None,
        raw: bytes | None = None,
        **headers: str,
    ) -> httpx.Response:
        """Ask, and note what came back. A path of Keystone's begins with /v3."""
        base = self.keystone.removesuffix("/v3") if path.startswith("/v3") else self.nova
        sent = {"OpenStack-API-Version": f"compute {version}", "X-Auth-Token": token or self.token}
        sent |= {name.replace("_", "-"): text for name, text in headers.items()}
        body: dict[str, Any] = {} if content is None else {"json": content}
        if raw is not None:
            body, sent["Content-Type"] = {"content": raw}, "application/json"
        reply = await self.http.request(method, base + path, headers=sent, **body)
        assert label not in self.said, label
        self.said[label] = noted(reply)
        return reply

    async def log_in(self) -> None:
        who = {"name": self.user, "domain": {"name": "Default"}, "password": self.password}
        scope = {"project": {"name": self.project, "domain": {"name": "Default"}}}
        identity = {"methods": ["password"], "password": {"user": who}}
        auth = {"auth": {"identity": identity, "scope": scope}}
        reply = await self.http.post(f"{self.keystone}/auth/tokens", json=auth)
        body = reply.json()["token"]
        self.token = reply.headers["x-subject-token"]
        self.user_id, self.project_id = body["user"]["id"], body["project"]["id"]
        urls = {
            service["type"]: endpoint["url"]
            for service in body["catalog"]
            for endpoint in service["endpoints"]
            if endpoint["interface"] == "public" and endpoint["region"] == "IU"
        }
        self.nova, self.image_url = urls["compute"], urls["image"]


def noted(reply: httpx.Response) -> dict[str, Any]:
    try:
        body = reply.json()
    except json.JSONDecodeError:
        body = "" if not reply.content else "text"
    told = message(body)
    found: dict[str, Any] = {"status": reply.status_code}
    if told is not None:
        found["message"] = told
    else:
        found["shape"] = sorted(shape(body)) if body not in ("", "text") else body
    found["headers"] = sorted({"location", "www-authenticate", "openstack-api-version"} & set(reply.headers))
    return found
