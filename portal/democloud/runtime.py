"""What a running cloud does by itself: fires timers, keeps guests in step with servers, saves its world."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from portal.democloud import lifecycle, persistence, reach
from portal.democloud.routing import new_uuid
from portal.democloud.state import World

log = logging.getLogger(__name__)
SAVE_EVERY = 2.0


async def keep_time(world: World) -> None:
    """Sleep until the next timer is due, or an earlier one is set."""
    woken = asyncio.Event()
    world.woken = woken.set
    while True:
        world.run_due()
        due = world.next_due()
        wait = None if due is None else max(due - world.clock.timestamp(), 0.0)
        if world.clock.frozen_at is not None:
            wait = None
        woken.clear()
        try:
            await asyncio.wait_for(woken.wait(), wait)
        except TimeoutError:
            continue


async def keep_saving(world: World, path: Path) -> None:
    """Save some seconds after a change, not at every change."""
    while True:
        await asyncio.sleep(SAVE_EVERY)
        if world.dirty:
            world.dirty = False
            await asyncio.to_thread(persistence.write, path, persistence.dump(world))


def boot_guests(world: World) -> None:
    """Guests of servers that were on before the cloud was started; suspended ones are there but frozen."""
    now = world.now()
    for region in world.regions.values():
        for server in region.data.servers.values():
            on = server.power_state == 1 or server.vm_state in ("suspended", "paused")
            if server.gone or not on or server.launched_at is None:
                continue
            booted_ago = (now - server.launched_at).total_seconds()
            world.hypervisor.boot(region, server, booted_ago=booted_ago)
            if server.vm_state in ("suspended", "paused"):
                world.hypervisor.suspend(server.id)


def volumes_of(world: World, server_id: str) -> list[str]:
    """Those on a server, by id."""
    for region in world.regions.values():
        if server_id in region.data.servers:
            return [one.volume_id for one in region.data.servers[server_id].volumes]
    return []


def lets_in(world: World, source: str, target: str, port: int) -> bool:
    """Whether the firewall of one server lets another one of its region in."""
    for region in world.regions.values():
        if target in region.data.servers:
            return reach.lets_in(region, source, target, port)
    return False


def power_changed(world: World, server_id: str, action: str) -> None:
    """Somebody gave `poweroff` or `reboot` inside a guest. Nova notices the first, and stops the server."""
    for region in world.regions.values():
        server = region.data.servers.get(server_id)
        if action == "poweroff" and server is not None and server.run is None:
            request_id = f"req-{new_uuid()}"
            lifecycle.begin(
                world,
                region,
                server,
                "stop",
                action="stop",
                request_id=request_id,
                user_id=server.user_id,
            )
