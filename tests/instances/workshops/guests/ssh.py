"""A command on a machine as the portal runs it: through the jump host, with a certificate for one login."""

import asyncio

from asgiref.sync import sync_to_async
from django.db import connections

from instances.models import Instance
from instances.remote.dialing import connect
from instances.remote.link import Ran
from instances.remote.ways import way_to


def over_ssh(row: Instance, command: str, login: str = "", *, seconds: float = 10) -> Ran:
    async def run() -> Ran:
        try:
            way = await sync_to_async(way_to, thread_sensitive=False)(row, login=login)
            link = await connect(way, person="test")
            try:
                return await link.run(command, seconds=seconds)
            finally:
                await link.close()
        finally:
            await sync_to_async(connections.close_all, thread_sensitive=False)()

    return asyncio.run(run())
