"""A demo cloud in this process, with its clock stopped: tests move it on by hand."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Any

import httpx

from portal.democloud import seed
from portal.democloud.app import CloudApp
from portal.democloud.clock import Clock
from portal.democloud.model_compute import Server
from portal.democloud.state import Region, World

KEY = "control-key"
POOL = ipaddress.IPv4Network("127.1.252.0/22")


def scope(project: str) -> dict[str, Any]:
    return {"project": {"name": project, "domain": {"id": "default"}}}


def password(user: str, secret: str = "demo") -> dict[str, Any]:
    who = {"name": user, "domain": {"id": "default"}, "password": secret}
    return {"methods": ["password"], "password": {"user": who}}


@dataclass
class Person:
    """Somebody with a token, asking one service of one region."""

    cloud: Cloud
    token: str
    project_id: str
    user_id: str
    version: str = "2.96"
    prefix: str = ""

    async def call(self, method: str, path: str, json: Any = None, **headers: str) -> httpx.Response:
        sent = {"X-Auth-Token": self.token, "OpenStack-API-Version": f"compute {self.version}"} | {
            name.replace("_", "-"): text for name, text in headers.items()
        }
        return await self.cloud.http.request(method, self.prefix + path, json=json, headers=sent)

    async def get(self, path: str) -> httpx.Response:
        return await self.call("GET", path)

    async def post(self, path: str, json: Any = None) -> httpx.Response:
        return await self.call("POST", path, json)

    async def put(self, path: str, json: Any = None) -> httpx.Response:
        return await self.call("PUT", path, json)

    async def delete(self, path: str) -> httpx.Response:
        return await self.call("DELETE", path)

    async def server(self, server_id: str) -> dict[str, Any]:
        reply = await self.get(f"/compute/v2.1/servers/{server_id}")
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()["server"]
        return found

    async def act(self, server_id: str, action: str, given: Any = None) -> httpx.Response:
        return await self.post(f"/compute/v2.1/servers/{server_id}/action", {action: given})

    async def ask_server(self, name: str = "one", flavor: str = "m3.tiny", **more: Any) -> httpx.Response:
        image = next(one.id for one in self.cloud.region.data.images.values() if one.min_disk <= 20)
        wanted: dict[str, Any] = {
            "name": name,
            "flavorRef": self.cloud.flavor_id(flavor),
            "imageRef": image,
            "networks": "auto",
        }
        wanted |= more
        document = {"server": {key: value for key, value in wanted.items() if value is not ...}}
        return await self.post("/compute/v2.1/servers", document)

    async def make_server(self, name: str = "one", flavor: str = "m3.tiny", **more: Any) -> str:
        """An ACTIVE server, its guest booted long ago."""
        reply = await self.ask_server(name, flavor, **more)
        assert reply.status_code == 202, reply.text
        self.cloud.advance(60)
        server_id: str = reply.json()["server"]["id"]
        return server_id


@dataclass
class Cloud:
    world: World
    app: CloudApp
    http: httpx.AsyncClient
    people: list[Person] = field(default_factory=list)

    @property
    def region(self) -> Region:
        return self.world.regions["IU"]

    def flavor_id(self, name: str) -> str:
        return next(one.id for one in self.region.data.flavors.values() if one.name == name)

    def kept(self, server_id: str) -> Server:
        return self.region.data.servers[server_id]

    def advance(self, seconds: float) -> None:
        self.world.advance(seconds)

    async def login(self, user: str = "alice", project: str | None = "BIO220047", **more: Any) -> Person:
        auth = {"identity": password(user), "scope": scope(project) if project else "unscoped"}
        reply = await self.http.post("/identity/v3/auth/tokens", json={"auth": auth})
        assert reply.status_code == 201, reply.text
        body = reply.json()["token"]
        project_id = body["project"]["id"] if project else ""
        return Person(self, reply.headers["x-subject-token"], project_id, body["user"]["id"], **more)

    async def control(self, method: str, path: str, json: Any = None) -> httpx.Response:
        headers = {"X-Control-Key": KEY}
        return await self.http.request(method, f"/_control{path}", json=json, headers=headers)


def new_cloud(kind: str = "empty") -> Cloud:
    clock = Clock(speed=1.0)
    clock.freeze()
    world = seed.new_world(kind, clock, POOL)
    world.base_url = "http://cloud.test"
    app = CloudApp(world, control_key=KEY)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
    return Cloud(world, app, httpx.AsyncClient(transport=transport, base_url=world.base_url))
