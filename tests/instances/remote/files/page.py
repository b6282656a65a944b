"""A page of files, as its scripts speak: one session of one person, over the whole of Django."""

import os
from pathlib import Path
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.test import AsyncClient
from django.utils.http import urlencode

from instances.models import Instance
from instances.remote.files import paths
from portal.accounts.models import User

MARK = "0123456789abcdef"


class Client(AsyncClient):
    """Each request has a thread of its own, as in production; else one that waits would hold up all others."""

    async def request(self, **request: Any) -> Any:
        async with ThreadSensitiveContext():
            return await super().request(**request)


class FilesPage:
    def __init__(self, client: Client, session: str, home: Path) -> None:
        self.client = client
        self.session = session
        self.home = home

    def path(self, *names: bytes) -> str:
        return paths.text_of(paths.join(os.fsencode(self.home), *names))

    def url(self, what: str, /, **query: Any) -> str:
        return f"/remote/{self.session}/files/{what}/?{urlencode(query)}"

    async def get(self, what: str, /, headers: dict[str, str] | None = None, **query: Any) -> Any:
        return await self.client.get(self.url(what, **query), headers=headers)

    async def post(self, what: str, /, **fields: object) -> Any:
        return await self.client.post(self.url(what), fields, headers={"HX-Request": "true"})

    async def put(
        self, data: bytes, *, name: str, offset: int = 0, total: int | None = None, **more: object
    ) -> Any:
        query: dict[str, Any] = {
            "folder": self.path(),
            "name": name,
            "upload": MARK,
            "offset": offset,
            **more,
        }
        query["total"] = len(data) if total is None else total
        return await self.client.put(
            self.url("content", **query), data, content_type="application/octet-stream"
        )

    async def standing(self, name: str, total: int, **more: object) -> Any:
        query: dict[str, Any] = {"folder": self.path(), "name": name, "upload": MARK, "total": total, **more}
        return (await self.get("standing", **query)).json()


def put_file(folder: Path, name: bytes, content: bytes = b"x") -> None:
    """A file whose name need not be text."""
    Path(os.fsdecode(os.path.join(os.fsencode(folder), name))).write_bytes(content)


async def body(response: Any) -> bytes:
    whole = b"".join([part async for part in response])
    await sync_to_async(response.close)()
    return whole


async def open_page(user: User, machine: Instance, home: Path, *, login: str = "") -> FilesPage:
    client = Client()
    await client.aforce_login(user)
    opened = await client.post(f"/instances/{machine.pk}/remote/open/", {"kind": "files", "login": login})
    assert opened.status_code == 200, opened.content
    return FilesPage(client, opened.json()["session"], home)


def problem(response: Any) -> str:
    return str(response.json()["problem"]["id"])
