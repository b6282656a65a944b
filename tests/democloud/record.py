"""Holds the conversation with a real cloud and writes down what it answered.

python -m tests.democloud.record AUTH_URL USER PASSWORD PROJECT [AVAILABILITY_ZONE]"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import httpx

from tests.democloud import conversation_keystone, conversation_nova
from tests.democloud.conversation import Talk

PATH = Path(__file__).with_name("recorded") / "compute_identity.json"


async def wait(talk: Talk, server_id: str, status: str) -> None:
    headers = {"X-Auth-Token": talk.token}
    for _ in range(300):
        reply = await talk.http.get(f"{talk.nova}/servers/{server_id}", headers=headers)
        if reply.status_code == 404:
            return
        server = reply.json()["server"]
        if server["status"] == status and server["OS-EXT-STS:task_state"] is None:
            return
        await asyncio.sleep(0.4)
    raise TimeoutError(f"{server_id} did not become {status}")


async def main(keystone: str, user: str, password: str, project: str, zone: str | None = None) -> None:
    more: dict[str, Any] = {"availability_zone": zone} if zone else {}
    async with httpx.AsyncClient(timeout=120) as http:
        talk = Talk(http, keystone, user, password, project, wait, more)
        await talk.log_in()
        await conversation_nova.converse(talk)
        await conversation_keystone.converse(talk)
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(json.dumps(talk.said, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
