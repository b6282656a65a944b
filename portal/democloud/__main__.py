"""Runs the cloud: `python -m portal.democloud --port 0 --state DIR` (see `--help`)."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn

from portal.democloud import access_keys, persistence, runtime, seed, seed_access, seed_network
from portal.democloud.app import CloudApp
from portal.democloud.clock import Clock
from portal.democloud.guest import Guests
from portal.democloud.state import World

log = logging.getLogger("portal.democloud")


class Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are ours: uvicorn would raise them again before the world is saved."""
        yield


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="portal.democloud", description="An OpenStack on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--state", type=Path, required=True, help="folder of world.json and the keys")
    parser.add_argument("--speed", type=float, default=10.0, help="how many times faster than a real cloud")
    parser.add_argument(
        "--seed", default="demo", help="demo, empty, campus or load:N, when there is no world.json"
    )
    parser.add_argument("--announce", type=Path, help="write where everything is to this file")
    parser.add_argument("--oidc-issuer", help="whose access tokens Keystone exchanges")
    parser.add_argument("--token-seconds", type=float, default=4 * 3600.0, help="how long tokens live")
    parser.add_argument("--no-guests", action="store_true", help="machines without guests inside")
    options = parser.parse_args(given)
    try:
        seed.parse(options.seed)
    except seed.UnknownSeed as error:
        parser.error(str(error))
    if options.speed <= 0:
        parser.error("--speed must be more than 0")
    return options


def open_world(options: argparse.Namespace, guests: Guests) -> World:
    """The saved world of the state folder, else a new one of the seed."""
    clock = Clock(speed=options.speed)
    world = persistence.load(options.state / "world.json", clock)
    if world is None:
        return seed.new_world(options.seed, clock, guests.network)
    if not world.access.people and not world.identity.managers_assign:
        # Saved before this cloud had an ACCESS beside it.
        world.access = seed_access.data(world.now().date())
    for name, block in seed_network.external_blocks(world, guests.network).items():
        seed_network.external_network(world, world.regions[name], block)
    return world


def wanted_slice(state: Path) -> str | None:
    """The addresses of the last run, so that a restarted demo has the same if they are free."""
    with contextlib.suppress(FileNotFoundError):
        return (state / "addresses").read_text().strip() or None
    return None


def control_key(state: Path) -> str:
    path = state / "control.key"
    with contextlib.suppress(FileNotFoundError):
        return path.read_text().strip()
    persistence.write(path, secrets.token_urlsafe(32).encode())
    return path.read_text().strip()


def announce(path: Path, world: World, key: str, guests: Guests) -> None:
    content = {
        "auth_url": f"{world.base_url}/identity/v3",
        "control_url": f"{world.base_url}/_control",
        "control_key": key,
        "regions": list(world.regions),
        "access": {"url": f"{world.base_url}/access", "keys": world.access_keys},
        "guests": {"network": str(guests.network), "ssh_port": guests.ssh_port},
    }
    persistence.write(path, json.dumps(content, indent=1).encode())


def guests_of(options: argparse.Namespace, world: Callable[[], World | None]) -> Guests:
    """They are there before the cloud that they belong to: what they ask of it is asked then."""

    def power_changed(server_id: str, action: str) -> None:
        if (here := world()) is not None:
            runtime.power_changed(here, server_id, action)

    def volumes(server_id: str) -> list[str]:
        here = world()
        return runtime.volumes_of(here, server_id) if here else []

    def lets_in(source: str, target: str, port: int) -> bool:
        here = world()
        return here is not None and runtime.lets_in(here, source, target, port)

    return Guests(
        speed=options.speed,
        wanted=wanted_slice(options.state),
        state_dir=options.state,
        power_changed=power_changed,
        volumes=volumes,
        lets_in=lets_in,
    )


async def run(options: argparse.Namespace) -> None:
    options.state.mkdir(parents=True, exist_ok=True)
    loop = asyncio.get_running_loop()
    world: World | None = None

    guests = guests_of(options, lambda: world)
    persistence.write(options.state / "addresses", str(guests.network).encode())
    key = control_key(options.state)
    listening = socket.create_server(("127.0.0.1", options.port), backlog=512)
    # Inherited by every connection: without it, small answers wait 40 ms for the client's delayed ACK.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    base_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    world = open_world(options, guests)
    app = CloudApp(world, control_key=key)
    world.base_url, world.oidc_issuer = base_url, options.oidc_issuer
    world.oidc_client = (os.environ.get("OIDC_CLIENT_ID", ""), os.environ.get("OIDC_CLIENT_SECRET", ""))
    world.trusted_dashboards = frozenset(os.environ.get("DEMO_TRUSTED_DASHBOARD", "").split())
    world.access_keys = access_keys.from_environment()
    world.pool, world.token_seconds = guests.network, options.token_seconds
    if not options.no_guests:
        world.hypervisor.guests = guests
        runtime.boot_guests(world)
    config = uvicorn.Config(
        app,
        lifespan="off",
        ws="websockets-sansio",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=2,
        timeout_keep_alive=75,
    )
    server = Server(config)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, setattr, server, "should_exit", True)
    serving = [
        loop.create_task(runtime.keep_time(world)),
        loop.create_task(runtime.keep_saving(world, options.state / "world.json")),
    ]
    if options.announce:
        announce(options.announce, world, key, guests)
    sys.stdout.write(f"demo cloud: {base_url}/identity/v3\n")
    sys.stdout.flush()
    try:
        await server.serve(sockets=[listening])
    finally:
        for task in serving:
            task.cancel()
        persistence.write(options.state / "world.json", persistence.dump(world))
        await guests.close()


def main() -> int:
    logging.basicConfig(level=logging.WARNING)
    options = arguments()
    try:
        asyncio.run(run(options))
    except (persistence.Unreadable, OSError) as error:
        sys.stderr.write(f"demo cloud: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
